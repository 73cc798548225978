"""Forms blocks of BLOCK usable values out of whatever arrives, and keeps the values of the block that is not full yet."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray, Plain
from stream_monitor.core.fields import Fields, as_bytes
from stream_monitor.core.window import BLOCK


class Closed(NamedTuple):
    """m full blocks. numbers, rows, times: (m * BLOCK,) in order. unusable: (m,) cells passed over before each block's end."""

    numbers: FloatArray
    rows: NDArray[np.int64]
    times: NDArray[np.int64]
    unusable: NDArray[np.int64]


class Blocks:
    """Fewer than BLOCK values in waiting."""

    def __init__(self) -> None:
        self._numbers: FloatArray = np.zeros(0)
        self._rows: NDArray[np.int64] = np.zeros(0, np.int64)
        self._times: NDArray[np.int64] = np.zeros(0, np.int64)
        self._unusable = 0  # cells passed over since the last full block

    def add(
        self,
        usable: NDArray[np.bool_],
        numbers: FloatArray,
        rows: NDArray[np.int64],
        times: NDArray[np.int64],
    ) -> Closed | None:
        """Add cells (n,) with the numbers (k,) of the usable ones. Returns the blocks that became full, if any did."""
        waiting = len(self._numbers)
        full = (waiting + len(numbers)) // BLOCK
        at = np.flatnonzero(usable) if len(numbers) < len(usable) else np.arange(len(usable))
        numbers = np.concatenate([self._numbers, numbers])
        rows = np.concatenate([self._rows, rows[at]])
        times = np.concatenate([self._times, times[at]])
        cut = full * BLOCK
        self._numbers, self._rows, self._times = numbers[cut:].copy(), rows[cut:].copy(), times[cut:].copy()
        if full == 0:
            self._unusable += len(usable) - len(at)
            return None
        last = at[np.arange(1, full + 1) * BLOCK - waiting - 1]  # the cell that filled each block
        passed = (
            last + 1 - (np.arange(1, full + 1) * BLOCK - waiting)
        )  # unusable cells up to there, in this call
        unusable = passed - np.concatenate([[-self._unusable], passed[:-1]])
        self._unusable = int(len(usable) - len(at) - passed[-1])
        return Closed(numbers[:cut], rows[:cut], times[:cut], unusable)

    def dump(self) -> dict[str, Plain]:
        """Explicit fields; arrays as little-endian bytes."""
        return {
            "numbers": as_bytes(self._numbers, "<f8"),
            "rows": as_bytes(self._rows, "<i8"),
            "times": as_bytes(self._times, "<i8"),
            "unusable": self._unusable,
        }

    @classmethod
    def load(cls, plain: Plain) -> "Blocks":
        """The inverse of `dump`. Raises CorruptState."""
        fields = Fields(plain, "blocks")
        blocks = cls()
        blocks._numbers = fields.array("numbers", "<f8")
        blocks._rows, blocks._times = fields.array("rows", "<i8"), fields.array("times", "<i8")
        blocks._unusable = fields.integer("unusable", least=0)
        lengths = {len(blocks._numbers), len(blocks._rows), len(blocks._times)}
        if len(lengths) != 1 or max(lengths) >= BLOCK:
            raise fields.wrong("numbers", "arrays do not fit")
        return blocks
