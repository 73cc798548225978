"""Puts estimates to the test: what was estimated of some predictions before their labels came, against what these labels say.

A trial is a fixed number of predictions that follow one another, with the calibration as it was before the first of them: so no
label of theirs, nor any that came since, has a part in what is estimated. At rows that no batch decides it is looked whether
their labels are there; then the figures estimated of the labelled ones are held against those realised, by the same names. Few
trials wait at a time; where labels come late they begin as far apart as lets them cover the whole delay.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import Plain
from stream_monitor.core.fields import LARGEST, Fields, as_bytes
from stream_monitor.core.performance.calibration import Calibration
from stream_monitor.core.performance.estimate import Comparison, compare
from stream_monitor.core.performance.expectation import expectation_of, expected_figures
from stream_monitor.core.performance.figures import figures_named
from stream_monitor.core.performance.pairs import Pairs, concatenate, no_pairs
from stream_monitor.core.performance.task import Task, TaskKind
from stream_monitor.core.plain import plain_of, value_of

LENGTH: Final = 512  # predictions of a trial
OF_MANY: Final = 256  # with many classes a prediction takes as many bytes as ten of two
WAITING: Final = 8  # trials at a time
KEPT: Final = 16  # trials whose outcome is remembered
FEWEST: Final = 4  # parts of a trial of which one must be labelled, whatever coverage is asked for
TOO_OFTEN: Final = ((4, 4), (8, 5), (16, 7))
"""Of so many last trials so many outside the interval: with nine of ten inside, chance does that once in 1,900 times at most."""


class Due(NamedTuple):
    """When a trial can be held against its labels. clock: event time in ms. after: age in ms at which nearly all labels came;
    wait: age after which none does. coverage: least share of the predictions with a label.
    """

    clock: int
    after: int
    wait: int
    coverage: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How the estimates of one figure did, in its own unit. estimated, realised: of the last trial. trials: the last ones, at
    most 16. inside: the share of them in which the realised value lay within the estimate's interval.

    mean_error: estimated - realised, so above 0 where too much was promised; mean_absolute_error: without the sign.
    unreliable: realised values lay outside too often to be chance.
    """

    estimated: float
    realised: float
    trials: int
    inside: float
    mean_error: float
    mean_absolute_error: float
    unreliable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """By figure. scored: trials so far; unlabelled: those given up, as too few labels came."""

    scored: int
    unlabelled: int
    figures: Mapping[str, Score]


@dataclass(slots=True, kw_only=True)
class _Trial:
    """first, last: rows of the version's predictions, `predictions` of them with probabilities; time: the latest of theirs."""

    calibration: Calibration
    first: int
    last: int
    time: int
    predictions: int
    pairs: Pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    figures: Mapping[str, tuple[Comparison, ...]] = field(default_factory=dict)


class Trials:
    """State: WAITING trials of LENGTH · (2 + 4 · classes) bytes, 41 kB for two classes, and their calibrations.

    **Cost**: little a batch; a trial that is scored, two milliseconds.
    """

    def __init__(self, task: Task) -> None:
        self._length = OF_MANY if task.kind is TaskKind.MULTICLASS else LENGTH
        self._none = task.kind is TaskKind.REGRESSION
        self._trials: list[_Trial] = []
        self._came: list[tuple[Pairs, NDArray[np.int64]]] = []  # with the batch at hand
        self._next = -LARGEST  # event time from which another may begin
        self._apart = 0  # ms between the beginnings of two
        self.scored = 0
        self.unlabelled = 0
        self._kept: dict[str, tuple[Comparison, ...]] = {}

    def learn(self, pairs: Pairs, asked: NDArray[np.int64]) -> None:
        """Pairs (k,) came, of predictions made at the rows `asked` (k,)."""
        if not self._none:
            self._came.append((pairs, asked))

    def see(
        self,
        rows: NDArray[np.int64],
        times: NDArray[np.int64],
        calibrations: Sequence[tuple[int, Calibration]],
    ) -> None:
        """Predictions with probabilities were made at `rows` and `times` (n,). calibrations: in force after the row of each."""
        at, n = 0, len(rows)
        while at < n:
            trial = self._trials[-1] if self._trials else None
            if trial is None or trial.predictions == self._length:
                at = self._begin(rows, times, at, calibrations)
                continue
            end = min(n, at + self._length - trial.predictions)
            trial.predictions += end - at
            trial.last = int(rows[end - 1])
            trial.time = max(trial.time, int(times[at:end].max()))
            at = end

    def _begin(
        self,
        rows: NDArray[np.int64],
        times: NDArray[np.int64],
        at: int,
        calibrations: Sequence[tuple[int, Calibration]],
    ) -> int:
        """Begin a trial with the first prediction from the position `at` on that may. Returns where, or n if none may."""
        if len(self._trials) == WAITING or not calibrations:
            return len(rows)
        may = (times[at:] >= self._next) & (rows[at:] > calibrations[0][0])
        if not may.any():
            return len(rows)
        at += int(may.argmax())
        row, time = int(rows[at]), int(times[at])
        known = [calibration for told, calibration in calibrations if told < row]
        nothing = no_pairs(0)
        self._trials.append(
            _Trial(calibration=known[-1], first=row, last=row, time=time, predictions=0, pairs=nothing)
        )
        self._next = time + self._apart
        return at

    def match(self) -> None:
        """The batch is seen: give its pairs to the trials of their predictions."""
        came, self._came = self._came, []
        for pairs, asked in came if self._trials else ():
            known = ~np.isnan(pairs.probabilities[:, 0])
            for trial in self._trials:
                mine = known & (asked >= trial.first) & (asked <= trial.last)
                room = self._length - len(
                    trial.pairs
                )  # never short but with more classes than are told apart
                if mine.any() and room:
                    trial.pairs = _joined(trial.pairs, pairs.take(mine).take(slice(room)))

    def settle(self, due: Due, task: Task) -> None:
        """At a row that no batch decides: score the trials whose labels are there, give up those that will get too few.

        task: of the pairs that were learned.
        """
        self._apart = due.after // WAITING
        waiting = []
        for trial in self._trials:
            if self._is_due(trial, due):
                self._score(trial, task)
            elif trial.predictions == self._length and due.clock - trial.time > due.wait:
                self.unlabelled += 1
            else:
                waiting.append(trial)
        self._trials = waiting

    def _is_due(self, trial: _Trial, due: Due) -> bool:
        labelled = len(trial.pairs)
        if trial.predictions < self._length or labelled * FEWEST < self._length:
            return False
        old = due.clock - trial.time >= due.after
        return labelled >= self._length or (old and labelled >= due.coverage * self._length)

    def _score(self, trial: _Trial, task: Task) -> None:
        pairs = trial.pairs.widened(len(task.classes))
        of = expectation_of(trial.calibration, pairs.predicted, pairs.probabilities, task)
        estimated = {name: one for name, one in expected_figures(of).items() if ":" not in name}
        compared = compare(estimated, figures_named(pairs, task, list(estimated)))
        for name, one in compared.items():
            self._kept[name] = (*self._kept.get(name, ()), one)[-KEPT:]
        self.scored += 1

    def unreliable(self) -> frozenset[str]:
        """Figures whose estimate proved wrong too often to be chance."""
        return frozenset(name for name, kept in self._kept.items() if _is_unreliable(kept))

    def scores(self) -> Scores:
        """How the estimates did."""
        figures = {name: _score_of(kept) for name, kept in self._kept.items()}
        return Scores(scored=self.scored, unlabelled=self.unlabelled, figures=figures)

    def dump(self) -> dict[str, Plain]:
        """Explicit fields; arrays as little-endian bytes."""
        return {
            "next": self._next,
            "apart": self._apart,
            "scored": self.scored,
            "unlabelled": self.unlabelled,
            "kept": plain_of(_Kept(figures=self._kept)),
            "trials": [_dumped(trial) for trial in self._trials],
        }

    @classmethod
    def load(cls, plain: Plain, task: Task) -> "Trials":
        """The inverse of `dump`, for pairs of that task. Raises CorruptState."""
        fields = Fields(plain, "trials")
        trials = cls(task)
        trials._next, trials._apart = fields.integer("next"), fields.integer("apart", least=0)
        trials.scored = fields.integer("scored", least=0)
        trials.unlabelled = fields.integer("unlabelled", least=0)
        trials._kept = dict(value_of(_Kept, fields.plain("kept")).figures)
        if any(not 0 < len(kept) <= min(KEPT, trials.scored) for kept in trials._kept.values()):
            raise fields.wrong("kept", "none, or more than were scored")
        trials._trials = [_loaded(one, task, trials._length) for one in fields.rows("trials")]
        rows = [row for trial in trials._trials for row in (trial.first, trial.last)]
        full = all(trial.predictions == trials._length for trial in trials._trials[:-1])
        if len(trials._trials) > WAITING or rows != sorted(rows) or not full:
            raise fields.wrong("trials", "too many, not in order, or not full")
        return trials


def _is_unreliable(kept: Sequence[Comparison]) -> bool:
    outside = [not one.inside for one in kept]
    return any(len(kept) >= last and sum(outside[-last:]) >= often for last, often in TOO_OFTEN)


def _score_of(kept: Sequence[Comparison]) -> Score:
    errors = [one.error for one in kept]
    return Score(
        estimated=kept[-1].estimated,
        realised=kept[-1].realised,
        trials=len(kept),
        inside=sum(one.inside for one in kept) / len(kept),
        mean_error=sum(errors) / len(kept),
        mean_absolute_error=sum(abs(error) for error in errors) / len(kept),
        unreliable=_is_unreliable(kept),
    )


def _joined(pairs: Pairs, more: Pairs) -> Pairs:
    """`more` behind `pairs`, with probabilities of as many bits as are written."""
    short = more.probabilities.astype(np.float32).astype(np.float64)
    more = Pairs(predicted=more.predicted, actual=more.actual, probabilities=short)
    return more if len(pairs) == 0 else concatenate([pairs.widened(short.shape[1]), more])


def _dumped(trial: _Trial) -> dict[str, Plain]:
    return {
        "calibration": trial.calibration.to_plain(),
        "first": trial.first,
        "last": trial.last,
        "time": trial.time,
        "predictions": trial.predictions,
        "predicted": as_bytes(trial.pairs.predicted, "<u1"),
        "actual": as_bytes(trial.pairs.actual, "<u1"),
        "width": trial.pairs.probabilities.shape[1],
        "probabilities": as_bytes(trial.pairs.probabilities, "<f4"),
    }


def _loaded(plain: Plain, task: Task, length: int) -> _Trial:
    fields = Fields(plain, "trial")
    predicted, actual = fields.array("predicted", "<u1"), fields.array("actual", "<u1")
    n, width, predictions = len(predicted), fields.integer("width", least=0), fields.integer("predictions")
    sizes = 0 <= n <= length and 1 <= predictions <= length and width <= len(task.classes)
    if not sizes or len(actual) != n or (n and not width):
        raise fields.wrong("predicted", "arrays do not fit")
    shares = np.zeros((0, width)) if n == 0 else fields.array("probabilities", "<f4", (n, width))
    if n and (max(predicted.max(), actual.max()) >= width or shares.min() < 0.0 or shares.max() > 1.0):
        raise fields.wrong("probabilities", "no such class, or no probability")
    calibration = Calibration.from_plain(fields.plain("calibration"))
    if task.kind is TaskKind.BINARY and calibration.classes != (task.positive,):
        raise fields.wrong("calibration", "not of the positive class")
    first, last = fields.integer("first", least=0), fields.integer("last", least=0)
    if last < first:
        raise fields.wrong("last", "before the first row")
    pairs = Pairs(
        predicted=predicted.astype(np.float64),
        actual=actual.astype(np.float64),
        probabilities=shares.astype(np.float64),
    )
    time = fields.integer("time")
    return _Trial(
        calibration=calibration, first=first, last=last, time=time, predictions=predictions, pairs=pairs
    )
