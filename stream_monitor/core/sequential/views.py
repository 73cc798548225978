"""The views of many series at many scales, all on block means of normal scores, and the evidence of their tests.

View 0 is the block mean itself, 1 the residual of an autoregression on block means, 2 the block mean less what is usual for
its calendar phase, 3 the residual of that. Each is watched at scales of 1, 4 and 32 blocks, through the means of the scaled
blocks and through the means of their squares.
"""

from collections.abc import Mapping
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray, Plain
from stream_monitor.core.fields import Fields
from stream_monitor.core.sequential.calendar import Calendar
from stream_monitor.core.sequential.points import Points
from stream_monitor.core.sequential.residuals import WARM, Residuals
from stream_monitor.core.sequential.rows import Rows, append, dump, load

VIEWS: Final = 4
SCALES: Final = (1, 4, 32)  # blocks
STATISTICS: Final = 2  # mean, mean of squares
STREAMS: Final = VIEWS * len(SCALES) * STATISTICS
VIEW_WEIGHTS: Final = np.array([0.5, 0.25, 0.125, 0.125])
SCALE_WEIGHTS: Final = np.array([0.4, 0.3, 0.3])
_SCALES: Final = np.array(SCALES)
_WEIGHTS: Final = np.repeat(np.outer(VIEW_WEIGHTS, SCALE_WEIGHTS).ravel() / STATISTICS, STATISTICS)
_JITTER: Final = 1e-9  # block means of few-valued series tie; a hair of the tie-breaker parts them


class Views:
    """State of S series, one row each; stream (view, scale, statistic) of row r is the point stream r·STREAMS + its place."""

    ARRAYS: ClassVar[Mapping[str, str]] = {"sums": "<f8", "number": "<u4", "worth": "<f8"}

    def __init__(self, rows: int) -> None:
        self.points = Points(rows * STREAMS)
        self.residuals = (Residuals(rows), Residuals(rows))
        self.calendar = Calendar(rows)
        self.sums: FloatArray = np.zeros((rows, VIEWS, len(SCALES), STATISTICS))
        self.number = np.zeros((rows, VIEWS, len(SCALES)), np.int64)
        self.worth: FloatArray = np.zeros((rows, VIEWS, len(SCALES)))  # of `sums`, of the budget

    def push(
        self,
        rows: NDArray[np.intp],
        scores: FloatArray,
        phases: NDArray[np.int64],
        jitter: FloatArray,
        weights: FloatArray,
    ) -> None:
        """One block of each of these series. scores: (n, b) normal scores. phases: (n,) of the block. jitter: (n,) in
        [0, 1). weights: (n,) share of the budget that one block is worth.
        """
        mean, square = scores.mean(axis=1), (scores * scores).mean(axis=1)
        usual, known = self.calendar.push(rows, phases, mean)
        error = self.residuals[0].push(rows, mean)
        left, spread = mean - usual, square - 2 * usual * mean + usual**2
        later = np.zeros(len(rows))
        if known.any():
            later[known] = self.residuals[1].push(rows[known], left[known])
        here = np.empty((len(rows), VIEWS), np.bool_)
        here[:, 0], here[:, 1] = True, self.residuals[0].number[rows] > WARM
        here[:, 2], here[:, 3] = known, known & (self.residuals[1].number[rows] > WARM)
        values = np.stack([mean, square, error, error**2, left, spread, later, later**2], axis=1)
        self._scale(rows, here, values.reshape(len(rows), VIEWS, 1, STATISTICS), jitter, weights)

    def statistic(self, rows: NDArray[np.intp]) -> FloatArray:
        """The largest weighted evidence (n,) of all views, scales and statistics; 0 where none takes part.

        Not their sum: each is a martingale in the filtration of its own ranks only, so only the union bound adds them up.
        """
        streams = rows[:, None] * STREAMS + np.arange(STREAMS)
        return np.asarray((self.points.statistic(streams) * _WEIGHTS).max(axis=1))

    def active(self, row: int) -> NDArray[np.bool_]:
        """Which (view, scale) of a series takes part: (VIEWS, scales)."""
        streams = row * STREAMS + np.arange(STREAMS)
        return np.asarray(self.points.white[streams].reshape(VIEWS, len(SCALES), STATISTICS).all(axis=2))

    def add(self) -> None:
        """One more series."""
        fresh = Views(1)
        append(self, fresh)
        for mine, theirs in zip(self._parts(), fresh._parts(), strict=True):
            append(mine, theirs)
        self.points.remake(slice(len(self.points.number) - STREAMS, len(self.points.number)))

    def dump(self, row: int) -> dict[str, Plain]:
        """Explicit fields of one series."""
        points = slice(row * STREAMS, (row + 1) * STREAMS)
        one = slice(row, row + 1)
        return {
            "own": dump(self, one),
            "points": dump(self.points, points),
            "residuals": [dump(residuals, one) for residuals in self.residuals],
            "calendar": dump(self.calendar, one),
        }

    def load(self, row: int, fields: Fields) -> None:
        """The inverse of `dump`. Raises CorruptState."""
        points = slice(row * STREAMS, (row + 1) * STREAMS)
        one = slice(row, row + 1)
        load(self, one, fields.inside("own"))
        load(self.points, points, fields.inside("points"))
        stored = fields.rows("residuals")
        if len(stored) != len(self.residuals):
            raise fields.wrong("residuals", "not two")
        for residuals, plain in zip(self.residuals, stored, strict=True):
            load(residuals, one, Fields(plain, "residuals"))
        load(self.calendar, one, fields.inside("calendar"))
        if (self.points.urn[points] < 1).any() or (self.points.seen[points] < 1).any():
            raise fields.wrong("points", "an urn without a place")
        self.points.remake(points)

    def _parts(self) -> tuple[Rows, ...]:
        return (self.points, *self.residuals, self.calendar)

    def restart(self, row: int) -> None:
        """Forget everything of a series."""
        rows = np.array([row])
        self.points.restart(row * STREAMS + np.arange(STREAMS))
        for residuals in self.residuals:
            residuals.restart(rows)
        self.calendar.restart(rows)
        self.sums[row] = self.worth[row] = 0.0
        self.number[row] = 0

    def _scale(
        self,
        rows: NDArray[np.intp],
        here: NDArray[np.bool_],
        values: FloatArray,
        jitter: FloatArray,
        weights: FloatArray,
    ) -> None:
        """Add values (n, VIEWS, 1, STATISTICS), where they are there (n, VIEWS), to all scales; test the full ones."""
        sums = self.sums[rows] + np.where(here[:, :, None, None], values, 0.0)
        number = self.number[rows] + here[:, :, None]
        worth = self.worth[rows] + np.where(here, weights[:, None], 0.0)[:, :, None]
        full = number >= _SCALES
        at, view, scale = np.nonzero(full)
        means = sums[at, view, scale] / _SCALES[scale][:, None] + _JITTER * (jitter[at][:, None] - 0.5)
        streams = (rows[at] * STREAMS + (view * len(SCALES) + scale) * STATISTICS)[:, None] + np.arange(
            STATISTICS
        )
        self.sums[rows] = np.where(full[..., None], 0.0, sums)
        self.number[rows] = np.where(full, 0, number)
        self.worth[rows] = np.where(full, 0.0, worth)
        self.points.push(streams.ravel(), means.ravel(), np.repeat(worth[at, view, scale], STATISTICS))
