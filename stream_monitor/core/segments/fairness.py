"""Fairness of one version over its last predictions, looked at every 256 of them: when a figure goes beyond its tolerance.

It is beyond when its whole interval is, and within again when the figure itself is.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import Plain
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.fields import Fields, as_bytes
from stream_monitor.core.plain import plain_of, value_of
from stream_monitor.core.segments.fairness_figures import Unfairness, fairness_figures
from stream_monitor.core.segments.parameters import (
    DEMOGRAPHIC_PARITY,
    DISPARATE_IMPACT,
    EQUAL_OPPORTUNITY,
    STEP,
    FairnessParameters,
)
from stream_monitor.core.segments.placing import PLACES

OF_PREDICTIONS: Final = (DEMOGRAPHIC_PARITY, DISPARATE_IMPACT)
OF_LABELLED: Final = (EQUAL_OPPORTUNITY,)
Counts = NDArray[np.int64]


class Cases(NamedTuple):
    """Cases (n,) in order: rows and times as they came; places of their groups; whether the prediction was favourable."""

    rows: NDArray[np.int64]
    times: NDArray[np.int64]
    places: NDArray[np.int64]
    favoured: NDArray[np.bool_]

    def part(self, first: int, end: int) -> "Cases":
        """Those from `first` to before `end`."""
        rows, times, places, favoured = self
        return Cases(rows[first:end], times[first:end], places[first:end], favoured[first:end])


class Since(NamedTuple):
    """The row and the event time at which a figure was found to be beyond its tolerance."""

    row: int
    time: int


class Look(NamedTuple):
    """What was seen at a row: a figure beyond its tolerance from `since` on, or no more."""

    version: str | None
    name: str
    figure: Unfairness
    row: int
    time: int
    since: Since
    began: bool


class Last:
    """Groups and predictions of the last cases: 2 bytes each."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.seen = 0
        self._cases: NDArray[np.uint8] = np.zeros((0, 2), np.uint8)

    def add(self, cases: Cases) -> None:
        """Those that follow, up to the next multiple of STEP."""
        self.seen += len(cases.rows)
        new = np.stack([cases.places, cases.favoured], axis=1).astype(np.uint8)
        self._cases = np.concatenate([self._cases, new])
        kept = self.length + self.seen % STEP
        self._cases = self._cases[-kept:] if kept else self._cases[:0]

    def counts(self) -> tuple[Counts, Counts]:
        """Of the last multiple of STEP: favourable ones, and all, by place, (places,)."""
        closed = self._cases[: len(self._cases) - self.seen % STEP]
        places = closed[:, 0].astype(np.intp)
        selected = np.bincount(places[closed[:, 1] == 1], minlength=PLACES)
        return selected, np.bincount(places, minlength=PLACES)

    def dump(self) -> dict[str, Plain]:
        """Explicit fields."""
        return {"seen": self.seen, "cases": as_bytes(self._cases, "u1")}

    @classmethod
    def load(cls, plain: Plain, length: int) -> "Last":
        """The inverse of `dump`. Raises CorruptState."""
        fields = Fields(plain, "fairness")
        last = cls(length)
        last.seen = fields.integer("seen", least=0)
        last._cases = fields.array("cases", "u1", (-1, 2))
        if len(last._cases) != min(last.seen, length + last.seen % STEP):
            raise fields.wrong("cases", "not as many as were seen")
        if len(last._cases) and (last._cases.max(axis=0) >= (PLACES, 2)).any():
            raise fields.wrong("cases", "no such group")
        return last


class Fairness:
    """Of one version. State: 4 bytes a case of the window, 8 kB."""

    def __init__(self, parameters: FairnessParameters) -> None:
        self._parameters = parameters
        self.predicted = Last(parameters.window)
        self.positive = Last(parameters.window)  # cases with a favourable label
        self.since: dict[str, Since] = {}

    def figures(self) -> Mapping[str, Unfairness]:
        """As of the last multiple of STEP of each. Cost: 0.1 ms."""
        return fairness_figures(
            *self.predicted.counts(), *self.positive.counts(), least=self._parameters.least
        )

    def predictions(self, version: str | None, cases: Cases) -> Iterator[Look]:
        """Take predictions that follow."""
        return self._take(version, self.predicted, cases, OF_PREDICTIONS)

    def positives(self, version: str | None, cases: Cases) -> Iterator[Look]:
        """Take pairs with a favourable label that follow."""
        return self._take(version, self.positive, cases, OF_LABELLED)

    def _take(self, version: str | None, last: Last, cases: Cases, names: Sequence[str]) -> Iterator[Look]:
        n = len(cases.rows)
        for first, end in pairwise([0, *range(STEP - last.seen % STEP, n, STEP), n]):
            last.add(cases.part(first, end))
            if end > first and last.seen % STEP == 0:
                yield from self._look(version, names, int(cases.rows[end - 1]), int(cases.times[end - 1]))

    def _look(self, version: str | None, names: Sequence[str], row: int, time: int) -> Iterator[Look]:
        figures = self.figures()
        for name in names:
            figure = figures[name]
            if name in self.since and self._is_within(name, figure):
                yield Look(version, name, figure, row, time, self.since.pop(name), began=False)
            elif name not in self.since and self._is_beyond(name, figure):
                self.since[name] = Since(row, time)
                yield Look(version, name, figure, row, time, self.since[name], began=True)

    def _is_beyond(self, name: str, figure: Unfairness) -> bool:
        if figure.low is None or figure.high is None:
            return False
        tolerance = self._parameters.tolerances[name]
        return figure.high < tolerance if name == DISPARATE_IMPACT else figure.low > tolerance

    def _is_within(self, name: str, figure: Unfairness) -> bool:
        if figure.value is None or figure.lowest is None:
            return False
        tolerance = self._parameters.tolerances[name]
        return figure.value >= tolerance if name == DISPARATE_IMPACT else figure.value <= tolerance

    def dump(self) -> dict[str, Plain]:
        """Explicit fields."""
        return {
            "predicted": self.predicted.dump(),
            "positive": self.positive.dump(),
            "since": {name: plain_of(self.since[name]) for name in sorted(self.since)},
        }

    @classmethod
    def load(cls, plain: Plain, parameters: FairnessParameters) -> "Fairness":
        """The inverse of `dump`. Raises CorruptState."""
        fields = Fields(plain, "fairness")
        fairness = cls(parameters)
        fairness.predicted = Last.load(fields.plain("predicted"), parameters.window)
        fairness.positive = Last.load(fields.plain("positive"), parameters.window)
        since = fields.inside("since")
        fairness.since = {name: value_of(Since, since.plain(name)) for name in since.names()}
        if not fairness.since.keys() <= parameters.tolerances.keys():
            raise CorruptState("fairness: no such figure")
        return fairness
