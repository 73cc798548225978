"""Tests of streams of single points, such as block means: the rank of a point among its own past, many streams at once.

The same conformal Shiryaev–Roberts recursion as in `bank`, with few bins and one point a step. Each stream learns its bins
from its first points and takes part only while its own past is white.
"""

from collections.abc import Mapping
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.sequential.autocorrelation import LAGS, SUMS, is_white, sums_of
from stream_monitor.core.sequential.bank import REFRESH
from stream_monitor.core.sequential.bets import shifted

BINS: Final = 12
LEARN: Final = 24  # points
DELAY: Final = 32  # points by which the past that the gate sees lags behind
RECHECK: Final = 1.1  # growth of the past between two looks at its whiteness
_RANKS = np.round(np.arange(1, BINS) * (LEARN + 1) / BINS).astype(np.intp)
_PLACES = np.diff(_RANKS, prepend=0, append=LEARN + 1).astype(np.float64)


class Points:
    """State of R streams, one row each."""

    ARRAYS: ClassVar[Mapping[str, str]] = {
        "number": "<i8",
        "line": "<f8",
        "sums": "<f8",
        "next": "<i8",
        "white": "<u1",
        "edges": "<f8",
        "urn": "<u4",
        "seen": "<u4",
        "evidence": "<f8",
    }

    def __init__(self, rows: int) -> None:
        self.number = np.zeros(rows, np.int64)  # points so far
        self.line: FloatArray = np.zeros((rows, DELAY + LAGS))  # the last points, newest last
        self.sums: FloatArray = np.zeros((rows, SUMS))  # of points older than DELAY
        self.next = np.zeros(rows, np.int64)  # number of points at which the gate looks again
        self.white = np.zeros(rows, np.bool_)
        self.edges: FloatArray = np.zeros((rows, BINS - 1))
        self.urn: FloatArray = np.ones((rows, BINS))
        self.seen: FloatArray = np.ones((rows, BINS))
        self.evidence: FloatArray = np.zeros((rows, len(shifted(_PLACES[None])[0])))
        self._log_q: FloatArray = shifted(self.seen / BINS)

    def push(self, rows: NDArray[np.intp], points: FloatArray, weights: FloatArray) -> None:
        """One point (n,) for each of these streams, worth these shares of the alarm budget (n,)."""
        self._age(rows, points)
        number = self.number[rows] = self.number[rows] + 1
        self._learn(rows[number == LEARN])
        old = number > LEARN
        if old.any():
            self._test(rows[old], points[old], weights[old])

    def statistic(self, rows: NDArray[np.intp]) -> FloatArray:
        """Evidence (n,) of these streams; 0 while one does not take part."""
        return np.asarray(self.evidence[rows].mean(axis=-1))

    def restart(self, rows: NDArray[np.intp]) -> None:
        """Forget everything: the streams begin anew."""
        for name in ("number", "line", "sums", "next", "white", "evidence"):
            getattr(self, name)[rows] = 0

    def _age(self, rows: NDArray[np.intp], points: FloatArray) -> None:
        """Let the oldest point of the line join the past that the gate sees, and append the new one."""
        line = self.line[rows]
        aged = self.number[rows] >= DELAY + LAGS
        if aged.any():
            self.sums[rows[aged]] += sums_of(line[aged, LAGS : LAGS + 1], line[aged, :LAGS])
        self.line[rows] = np.concatenate([line[:, 1:], points[:, None]], axis=1)

    def _learn(self, rows: NDArray[np.intp]) -> None:
        """The first LEARN points are there: they give the bins, and the first look of the gate."""
        if len(rows):
            first = self.line[rows, -LEARN:]
            self.edges[rows] = np.sort(first, axis=1)[:, _RANKS - 1]
            self.urn[rows] = self.seen[rows] = _PLACES
            self._log_q[rows] = shifted(_PLACES[None] / _PLACES.sum())
            self.evidence[rows] = 0.0
            self.white[rows] = is_white(sums_of(first[:, LAGS:], first[:, :LAGS]))
            self.next[rows] = int(LEARN * RECHECK)

    def _test(self, rows: NDArray[np.intp], points: FloatArray, weights: FloatArray) -> None:
        self._look(rows[self.number[rows] >= self.next[rows]])
        due = rows[self.urn[rows].sum(axis=1) >= REFRESH * self.seen[rows].sum(axis=1)]
        if len(due):
            self.seen[due] = self.urn[due]
            self._log_q[due] = shifted(self.urn[due] / self.urn[due].sum(axis=1)[:, None])
        at = (points[:, None] > self.edges[rows]).sum(axis=1)
        null = self.urn[rows, at] / self.urn[rows].sum(axis=1)
        gain = np.exp(self._log_q[rows, :, at]) / null[:, None]
        grown = (self.evidence[rows] + weights[:, None]) * gain
        self.evidence[rows] = np.where(self.white[rows][:, None], grown, 0.0)
        self.urn[rows, at] += 1.0

    def _look(self, rows: NDArray[np.intp]) -> None:
        """The gate: where the past is long enough, is it still white?"""
        if len(rows):
            self.next[rows] = np.ceil(self.number[rows] * RECHECK).astype(np.int64)
            long = rows[self.sums[rows, 0] >= LEARN]
            self.white[long] = is_white(self.sums[long])

    def remake(self, rows: slice) -> None:
        """Make again, after these rows were loaded or added, the tables that follow from them."""
        tables = shifted(self.seen[rows] / self.seen[rows].sum(axis=1)[:, None])
        self._log_q = np.concatenate([self._log_q[: rows.start], tables, self._log_q[rows.stop :]])
