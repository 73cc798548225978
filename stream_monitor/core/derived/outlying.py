"""The most unusual events of late: where they stand in the log, how unusual they are, and which features make them so.

The rate of outliers is a series; these are examples of them, for people who look at the status. No value is kept.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import ColumnBatch
from stream_monitor.core.detector import FloatArray, Plain
from stream_monitor.core.fields import Fields
from stream_monitor.core.plain import plain_of, value_of

KEPT: Final = 10  # events
FEATURES: Final = 5  # of an event
SPAN: Final = 32_768  # rows: an event is known for so many more at least, and for less than twice as many


class Outlier(NamedTuple):
    """One event. row: of the model. score: the highest of its features, which are ranked; see `Tail.scores`."""

    score: float
    row: int
    time: int
    topic: str
    partition: int
    offset: int
    features: tuple[str, ...]
    scores: tuple[float, ...]


class Outlying:
    """The KEPT outliers with the highest scores of this span of rows, and of the one before. Cost: some µs an outlier."""

    def __init__(self) -> None:
        self._span = 0
        self._now: list[Outlier] = []
        self._before: list[Outlier] = []
        self._noted: dict[str, tuple[NDArray[np.int64], FloatArray]] = {}

    def note(self, feature: str, rows: NDArray[np.int64], scores: FloatArray) -> None:
        """Values of `feature` in these rows (k,), ascending, are outliers of these scores."""
        self._noted[feature] = rows, scores

    def observe(self, batch: ColumnBatch, first_row: int) -> None:
        """What was noted in the rows of `batch` is all there is; they are of one span."""
        noted, self._noted = self._noted, {}
        span = first_row // SPAN
        if span > self._span:
            self._before = self._now if span == self._span + 1 else []
            self._now, self._span = [], span
        if not noted:
            return
        highest: dict[int, float] = {}
        for rows, scores in noted.values():
            for row, score in zip(rows.tolist(), scores.tolist(), strict=True):
                highest[row] = max(score, highest.get(row, 0.0))
        least = self._now[-1].score if len(self._now) == KEPT else 0.0
        new = sorted((-score, row) for row, score in highest.items() if score > least)[:KEPT]
        self._now += [_outlier(batch, row, first_row, noted) for _, row in new]
        self._now = sorted(self._now, key=_rank)[:KEPT]

    def top(self) -> tuple[Outlier, ...]:
        """At most KEPT of both spans, the highest score first; of the same score, the earliest."""
        return tuple(sorted([*self._before, *self._now], key=_rank)[:KEPT])

    def dump(self) -> dict[str, Plain]:
        """Explicit fields."""
        return {
            "span": self._span,
            "now": [plain_of(one) for one in self._now],
            "before": [plain_of(one) for one in self._before],
        }

    @classmethod
    def load(cls, plain: Plain) -> "Outlying":
        """The inverse of `dump`. Raises CorruptState."""
        fields = Fields(plain, "outlying")
        outlying = cls()
        outlying._span = fields.integer("span", least=0)
        outlying._now, outlying._before = _outliers(fields, "now"), _outliers(fields, "before")
        return outlying


def _outlier(
    batch: ColumnBatch, row: int, first_row: int, noted: Mapping[str, tuple[NDArray[np.int64], FloatArray]]
) -> Outlier:
    found = []
    for feature, (rows, scores) in noted.items():
        at = int(np.searchsorted(rows, row))
        if at < len(rows) and rows[at] == row:
            found.append((-float(scores[at]), feature))
    found.sort()
    at = row - first_row
    source = batch.sources[int(batch.source_at[at])]
    return Outlier(
        score=-found[0][0],
        row=row,
        time=int(batch.times[at]),
        topic=source.topic,
        partition=source.partition,
        offset=int(batch.offsets[at]),
        features=tuple(name for _, name in found[:FEATURES]),
        scores=tuple(-score for score, _ in found[:FEATURES]),
    )


def _rank(one: Outlier) -> tuple[float, int]:
    return -one.score, one.row


def _outliers(fields: Fields, name: str) -> list[Outlier]:
    stored = fields.plain(name)
    if not isinstance(stored, list | tuple) or len(stored) > KEPT:
        raise fields.wrong(name, f"not a list of {KEPT} outliers at most")
    found = [value_of(Outlier, one) for one in stored]
    if any(not one.scores or len(one.features) != len(one.scores) or one.row < 0 for one in found):
        raise fields.wrong(name, "not a score for each feature")
    return sorted(found, key=_rank)
