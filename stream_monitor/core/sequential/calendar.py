"""What is usual for a series at the hour of the day: the mean of its standardised values at that hour so far."""

from collections.abc import Mapping
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.kernels.calendar import learn
from stream_monitor.core.sequential.choices import VISITS
from stream_monitor.core.sequential.layout import Layout

PHASES: Final = 24
HOUR_MS: Final = 3_600_000


class Calendar:
    """One row a series. Of each phase: sum, values, visits; what is usual, and whether that counts, as of the last `renew`."""

    ARRAYS: ClassVar[Mapping[str, str]] = {
        "total": "<f8",
        "number": "<u4",
        "visits": "<u4",
        "last": "<i8",
        "usual": "<f8",
        "known": "<u1",
    }
    STILL: ClassVar[frozenset[str]] = frozenset(["usual", "known"])
    MADE: ClassVar[tuple[str, ...]] = ()

    def __init__(self, rows: int = 0) -> None:
        self.free: list[int] = []
        self.total: FloatArray = np.zeros((rows, PHASES))
        self.number = np.zeros((rows, PHASES), np.int64)
        self.visits = np.zeros((rows, PHASES), np.int64)
        self.last = np.full(rows, -1, np.int64)  # phase of the last value
        self.usual: FloatArray = np.zeros((rows, PHASES))
        self.known = np.zeros((rows, PHASES), np.bool_)

    def fresh(self, rows: int) -> "Calendar":
        """So many rows as they begin."""
        return Calendar(rows)

    def learn(
        self, rows: NDArray[np.intp], layout: Layout, values: FloatArray, hours: NDArray[np.int8]
    ) -> None:
        """Take in the values (N, BLOCK) of blocks of which all have an hour, (N, BLOCK)."""
        first, size = layout
        learn(rows, first, size, values, hours, self.total, self.number, self.visits, self.last)

    def renew(self, rows: NDArray[np.intp]) -> None:
        """What was seen so far becomes what is usual."""
        self.usual[rows] = self.total[rows] / np.maximum(self.number[rows], 1)
        self.known[rows] = self.visits[rows] > VISITS


def hours_of(times: NDArray[np.int64]) -> NDArray[np.int8]:
    """Hour of the day, UTC, of event times in ms, any shape; -1 of time 0, which stands for none."""
    if not times.size:
        return np.zeros(times.shape, np.int8)
    first, last = int(times.min()), int(times.max())
    if first > 0 and first // HOUR_MS == last // HOUR_MS:  # mostly so, where values come fast
        return np.full(times.shape, first // HOUR_MS % PHASES, np.int8)
    hours = times // HOUR_MS
    hours %= PHASES
    hours[times == 0] = -1
    return hours.astype(np.int8)
