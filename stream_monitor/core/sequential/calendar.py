"""What is usual for a series at the hour of the day: the mean of its standardised values at that hour so far."""

from collections.abc import Mapping
from typing import ClassVar, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.sequential.choices import VISITS
from stream_monitor.core.sequential.sums import COARSE, Layout

PHASES: Final = 24
HOUR_MS: Final = 3_600_000
Hours: TypeAlias = NDArray[np.int8] | None
"""Hour of the day of every value (N, BLOCK), -1 without time; None where no value has one."""


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

    def usual_of(
        self, rows: NDArray[np.intp], layout: Layout, hours: NDArray[np.int8]
    ) -> tuple[FloatArray, NDArray[np.bool_]]:
        """What is usual for every value (N, BLOCK), and of which blocks (N,) it is known for all."""
        at = layout.each(rows * PHASES)[:, None] + np.maximum(hours, 0)
        known = (self.known.take(at) & (hours >= 0)).all(axis=1)
        return self.usual.take(at), np.asarray(known)

    def learn(self, rows: NDArray[np.intp], layout: Layout, values: FloatArray, hours: Hours) -> None:
        """Take in the values (N, BLOCK) of blocks with time. Sums are of multiples of 1/256: their order does not matter."""
        if hours is None:
            return
        timed = (hours >= 0).all(axis=1)
        series = layout.each(np.arange(len(rows)))[timed]
        phases = hours[timed].astype(np.int64)
        if not len(series):
            return
        at = (series[:, None] * PHASES + phases).ravel()
        cells = len(rows) * PHASES
        shape = (len(rows), PHASES)
        coarse = np.rint(values[timed] * COARSE).ravel()
        self.total[rows] += (np.bincount(at, coarse, cells) * (1.0 / COARSE)).reshape(shape)
        self.number[rows] += np.bincount(at, minlength=cells).reshape(shape)
        first = np.flatnonzero(np.diff(series, prepend=-1))
        before = np.concatenate([np.empty((len(phases), 1), np.int64), phases[:, :-1]], axis=1)
        before[1:, 0] = phases[:-1, -1]
        before[first, 0] = self.last[rows[series[first]]]
        entered = at[(before != phases).ravel()]
        self.visits[rows] += np.bincount(entered, minlength=cells).reshape(shape)
        final = np.append(first[1:], len(series)) - 1
        self.last[rows[series[final]]] = phases[final, -1]

    def renew(self, rows: NDArray[np.intp]) -> None:
        """What was seen so far becomes what is usual."""
        self.usual[rows] = self.total[rows] / np.maximum(self.number[rows], 1)
        self.known[rows] = self.visits[rows] > VISITS


def hours_of(times: NDArray[np.int64]) -> NDArray[np.int8]:
    """Hour of the day, UTC, of event times in ms, any shape; -1 of time 0, which stands for none."""
    return np.where(times != 0, times // HOUR_MS % PHASES, -1).astype(np.int8)
