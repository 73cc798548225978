"""What is usual for a series at a calendar phase: the running mean of earlier visits to the hour of the day."""

from collections.abc import Mapping
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray

PHASES: Final = 24
HOUR_MS: Final = 3_600_000
VISITS: Final = 3  # of a phase, before its mean counts


class Calendar:
    """Mean of the block means of each phase, visits to it, and the phase of the last block; one row a series."""

    ARRAYS: ClassVar[Mapping[str, str]] = {"mean": "<f8", "blocks": "<f8", "visits": "<u4", "last": "<i8"}

    def __init__(self, rows: int) -> None:
        self.mean: FloatArray = np.zeros((rows, PHASES))
        self.blocks: FloatArray = np.zeros((rows, PHASES))
        self.visits = np.zeros((rows, PHASES), np.int64)
        self.last = np.full(rows, -1, np.int64)

    def push(
        self, rows: NDArray[np.intp], phases: NDArray[np.int64], means: FloatArray
    ) -> tuple[FloatArray, NDArray[np.bool_]]:
        """The usual mean (n,) at these phases before this block, and whether enough visits stand behind it. Then learn."""
        self.visits[rows, phases] += self.last[rows] != phases
        self.last[rows] = phases
        usual = self.mean[rows, phases]
        known = self.visits[rows, phases] > VISITS
        self.blocks[rows, phases] += 1.0
        self.mean[rows, phases] += (means - usual) / self.blocks[rows, phases]
        return usual, known

    def restart(self, rows: NDArray[np.intp]) -> None:
        """Begin anew."""
        self.mean[rows] = self.blocks[rows] = 0.0
        self.visits[rows] = 0
        self.last[rows] = -1


def phase_of(time_ms: NDArray[np.int64]) -> NDArray[np.int64]:
    """Hour of the day, UTC, of event times (n,)."""
    return time_ms // HOUR_MS % PHASES
