"""The ids of the rows of a batch as bytes: they travel as arrays, and are made strings where somebody asks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_NONE = -1
_SURROGATES = "surrogatepass"  # a file may hold half of a pair


@dataclass(frozen=True, slots=True, eq=False)
class Ids(Sequence[str | None]):
    """The ids of n rows.

    data: their UTF-8; other bytes may be among it. begins: (n,) int64, where in `data` each begins. lengths: (n,) int32 in
    bytes, -1 of a row without an id.
    """

    data: bytes
    begins: NDArray[np.int64]
    lengths: NDArray[np.int32]

    @classmethod
    def of(cls, texts: Sequence[str | int | None]) -> "Ids":
        """A number is its digits. Cost: ~30 ns a text of ASCII."""
        try:
            whole = "".join(texts)  # type: ignore[arg-type]  # one that is no text is the error
        except TypeError:
            return cls._of_each(texts)
        if not whole.isascii():
            return cls._of_each(texts)
        lengths = np.fromiter(map(len, texts), np.int32, len(texts))  # type: ignore[arg-type]  # texts, as join has seen
        return cls.packed(whole.encode(), lengths)

    @classmethod
    def _of_each(cls, texts: Sequence[str | int | None]) -> "Ids":
        each = [None if text is None else str(text).encode("utf-8", _SURROGATES) for text in texts]
        lengths = [_NONE if one is None else len(one) for one in each]
        return cls.packed(b"".join([one for one in each if one]), np.array(lengths, np.int32))

    @classmethod
    def packed(cls, data: bytes, lengths: NDArray[np.int32]) -> "Ids":
        """Ids that stand one behind the other in `data`."""
        ends = np.cumsum(np.maximum(lengths, 0), dtype=np.int64)
        return cls(data, ends - np.maximum(lengths, 0), lengths)

    @classmethod
    def none(cls, rows: int) -> "Ids":
        """Of rows that all have no id."""
        return cls(b"", np.zeros(rows, np.int64), np.full(rows, _NONE, np.int32))

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, at: int) -> str | None:  # type: ignore[override]  # rows come by `slice` and `take`
        begin, length = int(self.begins[at]), int(self.lengths[at])
        return None if length < 0 else self.data[begin : begin + length].decode("utf-8", _SURROGATES)

    def __iter__(self) -> Iterator[str | None]:
        return iter(self.texts())

    @property
    def present(self) -> NDArray[np.bool_]:
        """Which rows (n,) have an id."""
        return self.lengths >= 0

    @property
    def size(self) -> int:
        """Bytes of all ids."""
        return int(np.maximum(self.lengths, 0).sum())

    def encoded(self) -> list[bytes | None]:
        """Their UTF-8, one by one. Cost: ~80 ns each."""
        begins, ends = self.begins.tolist(), (self.begins + self.lengths).tolist()
        data = self.data
        return [None if end < begin else data[begin:end] for begin, end in zip(begins, ends, strict=True)]

    def texts(self) -> list[str | None]:
        """As strings. Cost: ~0.1 µs each."""
        return [None if one is None else one.decode("utf-8", _SURROGATES) for one in self.encoded()]

    def slice(self, begin: int, end: int) -> "Ids":
        """Those of the rows from `begin` to before `end`: views."""
        return Ids(self.data, self.begins[begin:end], self.lengths[begin:end])

    def take(self, at: NDArray[np.intp]) -> "Ids":
        """Those of the rows at (k,). A small part does not keep the bytes of all."""
        part = Ids(self.data, self.begins[at], self.lengths[at])
        return part if 2 * len(at) >= len(self) else part.compact()

    def compact(self) -> "Ids":
        """The same with nothing else in `data`, one behind the other. Cost: a few passes where they stand so already."""
        lengths = np.maximum(self.lengths, 0)
        ends = self.begins + lengths
        if len(self) and (self.begins[1:] == ends[:-1]).all():
            first, last = int(self.begins[0]), int(ends[-1])
            if (first, last) == (0, len(self.data)):
                return self
            return Ids(self.data[first:last], self.begins - first, self.lengths)
        return Ids.packed(b"".join([one for one in self.encoded() if one]), self.lengths)


def joined_ids(parts: Sequence[Ids]) -> Ids:
    """All ids of `parts` in order."""
    parts = [part.compact() for part in parts]
    shifts = np.cumsum([0, *(len(part.data) for part in parts)]).tolist()
    return Ids(
        b"".join([part.data for part in parts]),
        np.concatenate([part.begins + shift for part, shift in zip(parts, shifts, strict=False)]),
        np.concatenate([part.lengths for part in parts]),
    )
