"""The recent past of one series as a ring of closed blocks. A block is BLOCK usable values, whatever the batches were.

Everything that is decided is decided at the end of a block, and every floating-point sum runs over one whole block: so
cutting the stream differently changes no bit.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray, Plain
from stream_monitor.core.errors import CorruptState

BLOCK = 32  # values; decisions come at most that late
LENGTH = 64  # blocks kept

_FIELDS = {"counts": "<u1", "views": "<f8", "moments": "<f8", "rows": "<i8", "times": "<i8", "unusable": "<i8"}


class Window:
    """Blocks, oldest first; arrays of equal length L <= LENGTH after `trim`.

    counts: (L, bins). views: (L, views) sums of the standardised views. moments: (L, 2) sums of z and z².
    rows: (L, 2) first and last row of the block. times: (L,) event time of its first row. unusable: (L,) cells passed over.
    """

    __slots__ = ("counts", "moments", "rows", "times", "unusable", "views")

    def __init__(self, *, bins: int, views: int) -> None:
        self.counts: NDArray[np.uint8] = np.zeros((0, bins), np.uint8)
        self.views: FloatArray = np.zeros((0, views))
        self.moments: FloatArray = np.zeros((0, 2))
        self.rows: NDArray[np.int64] = np.zeros((0, 2), np.int64)
        self.times: NDArray[np.int64] = np.zeros(0, np.int64)
        self.unusable: NDArray[np.int64] = np.zeros(0, np.int64)

    def __len__(self) -> int:
        return len(self.times)

    def extend(self, blocks: "Window") -> None:
        """Append `blocks`; call `trim` once the decisions on them are made."""
        for name in self.__slots__:
            setattr(self, name, np.concatenate([getattr(self, name), getattr(blocks, name)]))

    def trim(self) -> None:
        """Forget all but the last LENGTH blocks."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name)[-LENGTH:])

    def dump(self) -> dict[str, Plain]:
        """Explicit fields; arrays as little-endian bytes."""
        fields: dict[str, Plain] = {"bins": self.counts.shape[1], "width": self.views.shape[1]}
        return fields | {name: getattr(self, name).astype(kind).tobytes() for name, kind in _FIELDS.items()}

    @classmethod
    def load(cls, fields: Mapping[str, Plain], *, bins: int, views: int) -> "Window":
        """The inverse of `dump`, for a series of that many bins and views. Raises CorruptState."""
        window = cls(bins=bins, views=views)
        try:
            for name, kind in _FIELDS.items():
                flat = np.frombuffer(fields[name], kind)  # type: ignore[call-overload]  # checked by the call itself
                setattr(window, name, flat.reshape((-1, *getattr(window, name).shape[1:])).copy())
        except (KeyError, TypeError, ValueError) as error:
            raise CorruptState(f"window: {error!r}") from error
        if {len(getattr(window, name)) for name in cls.__slots__} != {len(window)} or len(window) > LENGTH:
            raise CorruptState("window: arrays of different length")
        if not (np.isfinite(window.views).all() and np.isfinite(window.moments).all()):
            raise CorruptState("window: not finite")
        return window
