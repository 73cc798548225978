"""Where the pairs of a performance window came from: the row and the event time of the first one of every block."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import Plain
from stream_monitor.core.fields import Fields, as_bytes
from stream_monitor.core.performance.expected import Expected
from stream_monitor.core.performance.pairs import Pairs
from stream_monitor.core.performance.task import Task
from stream_monitor.core.window import BLOCK


class Look(NamedTuple):
    """A version at a fixed number of pairs. row, time: of the row that completed the last of them.

    pairs: of the closed blocks, oldest first; block_rows, block_times: (blocks,) of the first pair of each.
    """

    row: int
    time: int
    pairs: Pairs
    task: Task
    expected: Expected | None
    block_rows: NDArray[np.int64]
    block_times: NDArray[np.int64]


class Marks:
    """Rows and times of the last `blocks` blocks and of the one that is not full yet. State: 16 bytes a block."""

    def __init__(self, blocks: int) -> None:
        self._kept = blocks + 1
        self.rows: NDArray[np.int64] = np.zeros(0, np.int64)
        self.times: NDArray[np.int64] = np.zeros(0, np.int64)

    def add(self, seen: int, rows: NDArray[np.int64], times: NDArray[np.int64]) -> None:
        """Pairs at these rows and times, (n,), follow the `seen` ones so far."""
        first = slice(-seen % BLOCK, None, BLOCK)
        self.rows = np.concatenate([self.rows, rows[first]])[-self._kept :]
        self.times = np.concatenate([self.times, times[first]])[-self._kept :]

    def dump(self) -> dict[str, Plain]:
        """Explicit fields; arrays as little-endian bytes."""
        return {"rows": as_bytes(self.rows, "<i8"), "times": as_bytes(self.times, "<i8")}

    def load(self, plain: Plain) -> None:
        """The inverse of `dump`. Raises CorruptState."""
        fields = Fields(plain, "marks")
        self.rows, self.times = fields.array("rows", "<i8"), fields.array("times", "<i8")
        if len(self.rows) != len(self.times) or len(self.rows) > self._kept:
            raise fields.wrong("times", "arrays do not fit")
