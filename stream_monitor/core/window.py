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
_PIECES: Final = 16  # are put together at the latest when there are so many

_FIELDS = {
    "counts": "<u1",
    "views": "<f8",
    "moments": "<f8",
    "rows": "<i8",
    "times": "<i8",
    "unusable": "<i8",
}


class Summary(NamedTuple):
    """m blocks as counts and sums, oldest first.

    counts: (m, bins). views: (m, views) sums of the standardised views. moments: (m, 2) sums of z and z².
    rows, times: (m, 2) ordinal and event time of the first and last row of the block. unusable: (m,) cells passed over.
    """

    counts: NDArray[np.uint8]
    views: FloatArray
    moments: FloatArray
    rows: NDArray[np.int64]
    times: NDArray[np.int64]
    unusable: NDArray[np.int64]


class Window:
    """Blocks, oldest first, LENGTH at most after `trim`. What comes is put together only when it is looked at: a series without
    news is not, part after part.
    """

    __slots__ = ("_held", "_length", "_pieces")

    def __init__(self, *, bins: int, views: int) -> None:
        nothing, of_two = np.zeros(0, np.int64), np.zeros((0, 2), np.int64)
        self._pieces = [
            Summary(
                counts=np.zeros((0, bins), np.uint8),
                views=np.zeros((0, views)),
                moments=np.zeros((0, 2)),
                rows=of_two,
                times=of_two,
                unusable=nothing,
            )
        ]
        self._held = 0  # blocks of the pieces, the oldest of which may be forgotten
        self._length = 0

    def __len__(self) -> int:
        return self._length

    @property
    def counts(self) -> NDArray[np.uint8]:
        """As in `Summary`, like the others."""
        return self._whole().counts

    @property
    def views(self) -> FloatArray:  # noqa: D102  # said above
        return self._whole().views

    @property
    def moments(self) -> FloatArray:  # noqa: D102  # said at the class
        return self._whole().moments

    @property
    def rows(self) -> NDArray[np.int64]:  # noqa: D102  # said at the class
        return self._whole().rows

    @property
    def times(self) -> NDArray[np.int64]:  # noqa: D102  # said at the class
        return self._whole().times

    @property
    def unusable(self) -> NDArray[np.int64]:  # noqa: D102  # said at the class
        return self._whole().unusable

    def extend(self, blocks: Summary) -> None:
        """Append `blocks`; call `trim` once all decisions at their rows are made, those of other series too."""
        self._pieces.append(blocks)
        self._held += len(blocks.unusable)
        self._length += len(blocks.unusable)

    def trim(self) -> None:
        """Forget all but the last LENGTH blocks."""
        self._length = min(self._length, LENGTH)
        while self._held - len(self._pieces[0].unusable) >= LENGTH:
            self._held -= len(self._pieces.pop(0).unusable)
        if len(self._pieces) > _PIECES:
            self._whole()

    def _whole(self) -> Summary:
        """All in one piece, which is no part of arrays that belong to several series."""
        if len(self._pieces) > 1 or self._held > self._length:
            begin = self._held - self._length
            joined = [np.concatenate(arrays)[begin:] for arrays in zip(*self._pieces, strict=True)]
            self._pieces = [Summary(*(array.copy() if begin else array for array in joined))]
            self._held = self._length
        return self._pieces[0]

    def dump(self) -> dict[str, Plain]:
        """Explicit fields; arrays as little-endian bytes."""
        whole = self._whole()
        return {name: as_bytes(getattr(whole, name), kind) for name, kind in _FIELDS.items()}

    @classmethod
    def load(cls, plain: Plain, *, bins: int, views: int) -> "Window":
        """The inverse of `dump`, for a series of that many bins and views. Raises CorruptState."""
        fields = Fields(plain, "window")
        window = cls(bins=bins, views=views)
        empty = window._pieces[0]
        arrays = {
            name: fields.array(name, kind, (-1, *getattr(empty, name).shape[1:]))
            for name, kind in _FIELDS.items()
        }
        lengths = {len(array) for array in arrays.values()}
        if len(lengths) != 1 or max(lengths) > LENGTH:
            raise fields.wrong("rows", "arrays of different length")
        window.extend(Summary(**arrays))
        return window
