"""The recent past of one series as a ring of closed blocks. A block is BLOCK usable values, whatever the batches were.

Everything that is decided is decided at the end of a block, and every floating-point sum runs over one whole block: so
cutting the stream differently changes no bit.
"""

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray, Plain
from stream_monitor.core.fields import Fields, as_bytes

BLOCK = 32  # values; decisions come at most that late
LENGTH = 64  # blocks kept

_FIELDS = {
    "counts": "<u1",
    "views": "<f8",
    "moments": "<f8",
    "rows": "<i8",
    "times": "<i8",
    "unusable": "<i8",
}


class Window:
    """Blocks, oldest first; arrays of equal length L <= LENGTH after `trim`.

    counts: (L, bins). views: (L, views) sums of the standardised views. moments: (L, 2) sums of z and z².
    rows, times: (L, 2) ordinal and event time of the first and last row of the block. unusable: (L,) cells passed over.
    """

    __slots__ = ("counts", "moments", "rows", "times", "unusable", "views")

    def __init__(self, *, bins: int, views: int) -> None:
        self.counts: NDArray[np.uint8] = np.zeros((0, bins), np.uint8)
        self.views: FloatArray = np.zeros((0, views))
        self.moments: FloatArray = np.zeros((0, 2))
        self.rows: NDArray[np.int64] = np.zeros((0, 2), np.int64)
        self.times: NDArray[np.int64] = np.zeros((0, 2), np.int64)
        self.unusable: NDArray[np.int64] = np.zeros(0, np.int64)

    def __len__(self) -> int:
        return len(self.times)

    def extend(self, blocks: "Window") -> None:
        """Append `blocks`; call `trim` once all decisions at their rows are made, those of other series too."""
        for name in self.__slots__:
            setattr(self, name, np.concatenate([getattr(self, name), getattr(blocks, name)]))

    def trim(self) -> None:
        """Forget all but the last LENGTH blocks."""
        if len(self.times) <= LENGTH:
            return
        for name in self.__slots__:
            setattr(self, name, getattr(self, name)[-LENGTH:])

    def dump(self) -> dict[str, Plain]:
        """Explicit fields; arrays as little-endian bytes."""
        return {name: as_bytes(getattr(self, name), kind) for name, kind in _FIELDS.items()}

    @classmethod
    def load(cls, plain: Plain, *, bins: int, views: int) -> "Window":
        """The inverse of `dump`, for a series of that many bins and views. Raises CorruptState."""
        fields = Fields(plain, "window")
        window = cls(bins=bins, views=views)
        for name, kind in _FIELDS.items():
            shape = (-1, *getattr(window, name).shape[1:])
            setattr(window, name, fields.array(name, kind, shape))
        if {len(getattr(window, name)) for name in cls.__slots__} != {len(window)} or len(window) > LENGTH:
            raise fields.wrong("rows", "arrays of different length")
        return window
