"""Forms blocks of BLOCK usable values out of whatever arrives, and keeps the values of the block that is not full yet.

Series in step, whose waiting values are of the same rows and that take cells of the same rows, wait and close
blocks together.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.cells import LARGEST
from stream_monitor.core.detector import FloatArray, Plain
from stream_monitor.core.fields import Fields, as_bytes
from stream_monitor.core.pattern import Usable
from stream_monitor.core.standardise import Lens
from stream_monitor.core.summaries import Lenses
from stream_monitor.core.window import BLOCK

Step: TypeAlias = tuple[bytes, bytes, int, int, int]


class Closed(NamedTuple):
    """m full blocks of series in step. numbers: (S, m, BLOCK), or (1, m, BLOCK) if they are the same for all. rows, times:
    (m, BLOCK). unusable: (m,) cells passed over before each block's end. elapsed: (m,) ms between the starts of the two blocks
    before each.
    """

    numbers: FloatArray
    rows: NDArray[np.int64]
    times: NDArray[np.int64]
    unusable: NDArray[np.int64]
    elapsed: NDArray[np.int64]


class Waiting:
    """Fewer than BLOCK values of series in step, in waiting. numbers: (S, k), or (1, k) if they are the same for all. lenses: of
    the series. rows, times: (k,). unusable: cells passed over since the last full block. begun: event time at which that
    began, or a later one before it; -1 for none.
    """

    __slots__ = ("begun", "lenses", "numbers", "rows", "times", "unusable")

    def __init__(self, lenses: Sequence[Lens]) -> None:
        self.lenses = Lenses(lenses)
        self.numbers, self.rows, self.times = np.zeros((1, 0)), np.zeros(0, np.int64), np.zeros(0, np.int64)
        self.unusable, self.begun = 0, -1

    @property
    def series(self) -> int:
        """How many there are."""
        return len(self.lenses.each)

    def of(self, places: Sequence[int]) -> "Waiting":
        """Those of the series at these places, which leave the others."""
        some = Waiting([self.lenses.each[place] for place in places])
        some.numbers = self.numbers if len(self.numbers) < self.series else self.numbers[list(places)]
        some.rows, some.times = self.rows, self.times
        some.unusable, some.begun = self.unusable, self.begun
        return some

    @property
    def step(self) -> Step:
        """The same for series in step."""
        return self.rows.tobytes(), self.times.tobytes(), len(self.rows), self.unusable, self.begun

    def add(self, usable: Usable, numbers: FloatArray) -> Closed | None:
        """Take more cells with their numbers (S, n), or (1, n) if they are the same for all series.

        Returns the blocks that became full, if any did.
        """
        before, n = len(self.rows), len(usable.at)
        full = (before + n) // BLOCK
        numbers, waiting = self._alike(numbers)
        rows, times = np.concatenate([self.rows, usable.rows]), np.concatenate([self.times, usable.times])
        if full == 0:
            self.numbers = np.concatenate([waiting, _clipped(numbers)], axis=1)
            self.rows, self.times = rows, times
            self.unusable += len(usable.mask) - n
            return None
        cut = full * BLOCK
        values = np.empty((len(numbers), full, BLOCK))
        flat = values.reshape(len(numbers), cut)
        flat[:, :before] = waiting
        _clipped(numbers[:, : cut - before], flat[:, before:])
        self.numbers = _clipped(numbers[:, cut - before :])
        unusable = self._passed(usable, full)
        self.rows, self.times = rows[cut:].copy(), times[cut:].copy()
        rows, times = rows[:cut].reshape(full, BLOCK), times[:cut].reshape(full, BLOCK)
        return Closed(values, rows, times, unusable, self._elapsed(times[:, 0]))

    def _alike(self, numbers: FloatArray) -> tuple[FloatArray, FloatArray]:
        """New numbers and those in waiting, of as many series each."""
        waiting = self.numbers
        if waiting.shape[1] == 0:
            return numbers, np.zeros((len(numbers), 0))
        if len(numbers) < len(waiting):
            return np.repeat(numbers, len(waiting), axis=0), waiting
        return numbers, waiting if len(waiting) == len(numbers) else np.repeat(waiting, len(numbers), axis=0)

    def _passed(self, usable: Usable, full: int) -> NDArray[np.int64]:
        """Unusable cells (full,) before the end of each block that is full now; what came since is told of the next one."""
        missing = len(usable.mask) - len(usable.at)
        if missing == 0:
            unusable = np.zeros(full, np.int64)
            unusable[0], self.unusable = self.unusable, 0
            return unusable
        filled = np.arange(1, full + 1) * BLOCK - len(
            self.rows
        )  # of the values here, when each block is full
        passed = usable.at[filled - 1] + 1 - filled  # in all, up to there
        unusable = np.diff(passed, prepend=-self.unusable)
        self.unusable = int(missing - passed[-1])
        return unusable

    def _elapsed(self, starts: NDArray[np.int64]) -> NDArray[np.int64]:
        """As in `Closed`, of blocks that began at these event times (m,)."""
        begun = self.begun
        if len(starts) == 1:
            start = max(int(starts[0]), begun)
            self.begun = start
            return np.array([start - begun if begun >= 0 else 0])
        starts = np.maximum(np.maximum.accumulate(starts), begun)
        before = np.concatenate([[begun if begun >= 0 else starts[0]], starts[:-1]])
        self.begun = int(starts[-1])
        return np.asarray(starts - before)

    def dump(self, place: int = 0) -> dict[str, Plain]:
        """Explicit fields of one series but for `begun`; arrays as little-endian bytes."""
        return {
            "numbers": as_bytes(self.numbers[place if len(self.numbers) == self.series else 0], "<f8"),
            "rows": as_bytes(self.rows, "<i8"),
            "times": as_bytes(self.times, "<i8"),
            "unusable": self.unusable,
        }

    @classmethod
    def load(cls, plain: Plain, lens: Lens, *, begun: int) -> "Waiting":
        """The inverse of `dump`, of one series. Raises CorruptState."""
        fields = Fields(plain, "blocks")
        blocks = cls([lens])
        blocks.numbers = fields.array("numbers", "<f8")[np.newaxis]
        blocks.rows, blocks.times = fields.array("rows", "<i8"), fields.array("times", "<i8")
        blocks.unusable, blocks.begun = fields.integer("unusable", least=0), begun
        lengths = {blocks.numbers.shape[1], len(blocks.rows), len(blocks.times)}
        if len(lengths) != 1 or max(lengths) >= BLOCK:
            raise fields.wrong("numbers", "arrays do not fit")
        return blocks


def together(parts: Sequence[Waiting]) -> Waiting:
    """Those of all the series of `parts`, which are in step."""
    first, whole = parts[0], Waiting([lens for one in parts for lens in one.lenses.each])
    lines = [np.broadcast_to(one.numbers, (one.series, one.numbers.shape[1])) for one in parts]
    whole.numbers = np.concatenate(lines)
    bits = whole.numbers.view(np.int64)
    if (bits == bits[0]).all():
        whole.numbers = whole.numbers[:1].copy()
    whole.rows, whole.times = first.rows, first.times
    whole.unusable, whole.begun = first.unusable, first.begun
    return whole


def _clipped(numbers: FloatArray, out: FloatArray | None = None) -> FloatArray:
    """Within ±LARGEST; a copy."""
    found = np.minimum(numbers, LARGEST, out=out)
    return np.maximum(found, -LARGEST, out=found)
