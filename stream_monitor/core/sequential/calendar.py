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
        series = layout.each(np.arange(len(rows)))
        if hours.min() < 0:
            timed = (hours >= 0).all(axis=1)
            series, hours, values = series[timed], hours[timed], values[timed]
        if not len(series):
            return
        begins = np.ones(hours.shape, np.bool_)  # runs of the same hour in a block
        np.not_equal(hours[:, 1:], hours[:, :-1], out=begins[:, 1:])
        run = np.flatnonzero(begins)
        phases, series = hours.ravel()[run].astype(np.int64), series[run // hours.shape[1]]
        coarse = np.add.reduceat(np.rint(values * COARSE).ravel(), run)
        first = np.flatnonzero(np.concatenate([[True], series[1:] != series[:-1]]))
        before = np.concatenate([[-1], phases[:-1]])
        before[first] = self.last[rows[series[first]]]
        at, shape = series * PHASES + phases, (len(rows), PHASES)
        entered = at[before != phases]
        for into, where, put in (
            (self.total, at, coarse * (1.0 / COARSE)),
            (self.number, at, np.append(run[1:], hours.size) - run),
            (self.visits, entered, None),
        ):
            sums = np.bincount(where, put, minlength=len(rows) * PHASES)
            into[rows] += sums.reshape(shape).astype(into.dtype)
        self.last[rows[series[first]]] = phases[np.append(first[1:], len(run)) - 1]

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
