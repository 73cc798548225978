"""The recent past of one series as a ring of closed blocks. A block is BLOCK usable values, whatever the batches were.

Everything that is decided is decided at the end of a block, and every floating-point sum runs over one whole block: so
cutting the stream differently changes no bit.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray, Plain
from stream_monitor.core.fields import Fields, as_bytes

BLOCK = 32  # values; decisions come at most that late
LENGTH = 64  # blocks kept
_PIECES: Final = 64  # are put together at the latest when there are so many

_FIELDS = {
    "counts": "<u1",
    "views": "<f8",
    "moments": "<f8",
    "rows": "<i8",
    "times": "<i8",
    "unusable": "<i8",
}


class Sums(NamedTuple):
    """m blocks of S series. counts: (S, m, bins at least). views: (S, m, views) sums of the standardised views. moments:
    (S, m, 2) sums of z and z².
    """

    counts: NDArray[np.uint8]
    views: FloatArray
    moments: FloatArray

    def repeated(self, m: int) -> "Sums":
        """Of series whose blocks are all like the one here, m of them."""
        return Sums(
            np.repeat(self.counts, m, axis=1),
            np.repeat(self.views, m, axis=1),
            np.repeat(self.moments, m, axis=1),
        )


class Summary(NamedTuple):
    """m blocks of series in step as counts and sums, oldest first.

    rows, times: (m, 2) ordinal and event time of the first and last row of the block. unusable: (m,) cells passed over.
    """

    sums: Sums
    rows: NDArray[np.int64]
    times: NDArray[np.int64]
    unusable: NDArray[np.int64]


class Window:
    """Blocks, oldest first: those that came last, and at most LENGTH before them. They are put together only when somebody looks:
    a series without news is not, part after part.
    """

    __slots__ = ("_bins", "_held", "_length", "_pieces")

    def __init__(self, *, bins: int, views: int) -> None:
        self._bins = bins
        nothing, of_two = np.zeros(0, np.int64), np.zeros((0, 2), np.int64)
        empty = Sums(np.zeros((1, 0, bins), np.uint8), np.zeros((1, 0, views)), np.zeros((1, 0, 2)))
        self._pieces = [(Summary(empty, of_two, of_two, nothing), 0)]  # and the line of this series in each
        self._held = 0  # blocks of the pieces, the oldest of which may be forgotten
        self._length = 0

    def __len__(self) -> int:
        return self._length

    @property
    def counts(self) -> NDArray[np.uint8]:
        """(L, bins) as in `Sums`, like the next two."""
        counts: NDArray[np.uint8] = self._whole().sums.counts[0]
        return counts

    @property
    def views(self) -> FloatArray:  # noqa: D102  # said above
        views: FloatArray = self._whole().sums.views[0]
        return views

    @property
    def moments(self) -> FloatArray:  # noqa: D102  # said above
        moments: FloatArray = self._whole().sums.moments[0]
        return moments

    @property
    def rows(self) -> NDArray[np.int64]:
        """(L, 2) as in `Summary`, like the next two."""
        return self._whole().rows

    @property
    def times(self) -> NDArray[np.int64]:  # noqa: D102  # said above
        return self._whole().times

    @property
    def unusable(self) -> NDArray[np.int64]:  # noqa: D102  # said above
        return self._whole().unusable

    def extend(self, blocks: Summary, line: int = 0) -> None:
        """Append the blocks of the series at `line`. LENGTH of those before are kept: all decisions at their rows are made, those
        of other series too.
        """
        pieces, m = self._pieces, len(blocks.unusable)
        if self._length > LENGTH:
            self._length = LENGTH
            while self._held - len(pieces[0][0].unusable) >= LENGTH:
                self._held -= len(pieces.pop(0)[0].unusable)
        if len(pieces) >= _PIECES:
            self._whole()
        self._pieces.append((blocks, line))
        self._held += m
        self._length += m

    def _whole(self) -> Summary:
        """All in one piece, which is no part of arrays that belong to several series."""
        if len(self._pieces) > 1 or self._held > self._length:
            begin = self._held - self._length
            lines = [
                (sums.counts[line, :, : self._bins], sums.views[line], sums.moments[line], *ends)
                for (sums, *ends), line in self._pieces
            ]
            joined = [np.concatenate(arrays)[begin:] for arrays in zip(*lines, strict=True)]
            if begin:
                joined = [array.copy() for array in joined]
            sums = Sums(*(array[np.newaxis] for array in joined[:3]))
            self._pieces = [(Summary(sums, *joined[3:]), 0)]
            self._held = self._length
        return self._pieces[0][0]

    def dump(self) -> dict[str, Plain]:
        """Explicit fields; arrays as little-endian bytes."""
        return {name: as_bytes(getattr(self, name)[-LENGTH:], kind) for name, kind in _FIELDS.items()}

    @classmethod
    def load(cls, plain: Plain, *, bins: int, views: int) -> "Window":
        """The inverse of `dump`, for a series of that many bins and views. Raises CorruptState."""
        fields = Fields(plain, "window")
        window = cls(bins=bins, views=views)
        arrays = {
            name: fields.array(name, kind, (-1, *getattr(window, name).shape[1:]))
            for name, kind in _FIELDS.items()
        }
        lengths = {len(array) for array in arrays.values()}
        if len(lengths) != 1 or max(lengths) > LENGTH:
            raise fields.wrong("rows", "arrays of different length")
        sums = Sums(*(arrays.pop(name)[np.newaxis] for name in Sums._fields))
        window.extend(Summary(sums, **arrays))
        return window
