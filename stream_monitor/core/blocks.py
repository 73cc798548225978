"""Forms blocks of BLOCK usable values out of whatever arrives, and keeps the values of the block that is not full yet.

Series in step, whose waiting values are of the same rows and that take cells of the same rows, close their blocks together.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.cells import LARGEST
from stream_monitor.core.detector import FloatArray, Plain
from stream_monitor.core.fields import Fields, as_bytes
from stream_monitor.core.pattern import Usable
from stream_monitor.core.window import BLOCK

Step: TypeAlias = tuple[bytes, bytes, int]


class Closed(NamedTuple):
    """m full blocks of series in step. numbers: (series, m, BLOCK), or (1, m, BLOCK) if they are the same for all. rows, times:
    (m, BLOCK). unusable: (m,) cells passed over before each block's end. row_ends, time_ends: (m, 2) of the first and
    the last value.
    """

    numbers: FloatArray
    rows: NDArray[np.int64]
    times: NDArray[np.int64]
    unusable: NDArray[np.int64]
    row_ends: NDArray[np.int64]
    time_ends: NDArray[np.int64]


class Blocks:
    """Fewer than BLOCK values (k,) of one series in waiting. unusable: cells passed over since the last full block."""

    __slots__ = ("_step", "numbers", "rows", "times", "unusable")

    def __init__(self) -> None:
        nothing = np.zeros(0, np.int64)
        self.hold(np.zeros(0), nothing, nothing, 0)

    def hold(  # all there is to a block that is not full
        self,
        numbers: FloatArray,
        rows: NDArray[np.int64],
        times: NDArray[np.int64],
        unusable: int,
        step: Step | None = None,
    ) -> None:
        """These are in waiting, and nothing else."""
        self.numbers, self.rows, self.times = numbers, rows, times
        self.unusable, self._step = unusable, step

    @property
    def step(self) -> Step:
        """What series in step have in common."""
        if self._step is None:
            self._step = self.rows.tobytes(), self.times.tobytes(), self.unusable
        return self._step

    def dump(self) -> dict[str, Plain]:
        """Explicit fields; arrays as little-endian bytes."""
        return {
            "numbers": as_bytes(self.numbers, "<f8"),
            "rows": as_bytes(self.rows, "<i8"),
            "times": as_bytes(self.times, "<i8"),
            "unusable": self.unusable,
        }

    @classmethod
    def load(cls, plain: Plain) -> "Blocks":
        """The inverse of `dump`. Raises CorruptState."""
        fields = Fields(plain, "blocks")
        blocks = cls()
        blocks.hold(
            fields.array("numbers", "<f8"),
            fields.array("rows", "<i8"),
            fields.array("times", "<i8"),
            fields.integer("unusable", least=0),
        )
        lengths = {len(blocks.numbers), len(blocks.rows), len(blocks.times)}
        if len(lengths) != 1 or max(lengths) >= BLOCK:
            raise fields.wrong("numbers", "arrays do not fit")
        return blocks


def close(waiting: Sequence[Blocks], usable: Usable, numbers: Sequence[FloatArray]) -> Closed | None:
    """Add the same cells to series in step, with the numbers (k,) of each; of one if all are the same, those in waiting too.

    Returns the blocks that became full, if any did.
    """
    first = waiting[0]
    before = len(first.rows)
    full = (before + len(usable.at)) // BLOCK
    cut = full * BLOCK
    rows = np.concatenate([first.rows, usable.rows])
    times = np.concatenate([first.times, usable.times])
    values, rest = np.empty((len(numbers), cut)), np.empty((len(numbers), len(rows) - cut))
    for whole, left, one, new in zip(values, rest, waiting, numbers, strict=False):
        if full:
            whole[:before], whole[before:], left[:] = one.numbers, new[: cut - before], new[cut - before :]
        else:
            left[:before], left[before:] = one.numbers, new
    for array in values, rest:
        np.clip(array, -LARGEST, LARGEST, out=array)
    passed, unusable = _passed(first, usable, full)
    since = rows[cut:].copy(), times[cut:].copy()
    step = since[0].tobytes(), since[1].tobytes(), passed
    for at, one in enumerate(waiting):
        one.hold(rest[at if len(numbers) > 1 else 0].copy(), *since, passed, step)
    if full == 0:
        return None
    shape = (full, BLOCK)
    rows, times = rows[:cut].reshape(shape), times[:cut].reshape(shape)
    return Closed(values.reshape(-1, *shape), rows, times, unusable, rows[:, [0, -1]], times[:, [0, -1]])


def _passed(first: Blocks, usable: Usable, full: int) -> tuple[int, NDArray[np.int64]]:
    """Unusable cells since the last full block, and (full,) before the end of each that became full now."""
    missing = len(usable.mask) - len(usable.at)
    if full == 0:
        return first.unusable + missing, np.zeros(0, np.int64)
    if missing == 0:
        unusable = np.zeros(full, np.int64)
        unusable[0] = first.unusable
        return 0, unusable
    filled = np.arange(1, full + 1) * BLOCK - len(first.rows)  # of the values here, when each block is full
    passed = usable.at[filled - 1] + 1 - filled  # in all, up to there
    return int(missing - passed[-1]), np.diff(passed, prepend=-first.unusable)
