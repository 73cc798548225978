"""Performance of one version of a model: joined pairs and predictions in, error series and a report out.

Everything that is fixed (the task, the expected figures, the calibration) is fixed at a given number of pairs, and only with what
came up to there: how the pairs and predictions were cut into batches changes no bit.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray, Plain
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.fields import Fields
from stream_monitor.core.performance.calibration import Calibration
from stream_monitor.core.performance.columns import Columns, Places, labelled_of, predictions_of
from stream_monitor.core.performance.errors import errors_of
from stream_monitor.core.performance.estimate import Estimate, Estimator
from stream_monitor.core.performance.expected import Drop, Expected, Origin, drop_of, from_window, given
from stream_monitor.core.performance.figure import Figure
from stream_monitor.core.performance.figures import calibration_of
from stream_monitor.core.performance.gate import Gate
from stream_monitor.core.performance.marks import Look, Marks
from stream_monitor.core.performance.pairs import Pairs, encode
from stream_monitor.core.performance.probabilistic import CalibrationBin
from stream_monitor.core.performance.recent import Recent
from stream_monitor.core.performance.task import Task, TaskKind, task_of
from stream_monitor.core.performance.trials import Due, Scores, Trials
from stream_monitor.core.performance.undecided import Undecided
from stream_monitor.core.performance.window import LENGTH, PerformanceWindow
from stream_monitor.core.window import BLOCK

_CHANGED: Final = "its parameters in the configuration have changed"
STEP: Final = 256  # pairs between two calibrations, and after which a task is told


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceParameters:
    """kind, positive: of the task; None: told by the rule of `task`. window: pairs, a multiple of 32.

    reference: pairs of the first labelled window, a multiple of STEP within `window`; not used where figures are `expected`.
    tolerance: the drop below the expected figure that nobody wants to be called for; `tolerated` says in which unit.
    """

    kind: TaskKind | None = None
    positive: str | None = None
    window: int = LENGTH
    reference: int = 4 * STEP
    expected: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    gate: Gate = field(default_factory=Gate)
    tolerance: float = 0.02

    def __post_init__(self) -> None:
        if not 0.0 <= self.tolerance < math.inf:
            raise ValueError(f"a tolerance of {self.tolerance} is no size of a drop")
        if self.reference % STEP or not STEP <= self.reference <= self.window:
            raise ValueError(
                f"a reference of {self.reference} pairs is not a multiple of {STEP} within {self.window}"
            )


class Errors(NamedTuple):
    """rows, times: (k,) as given with the pairs. series: (k,) by name, NaN where a pair has no probabilities.

    looks: at every STEP pairs, in order.
    """

    rows: NDArray[np.int64]
    times: NDArray[np.int64]
    series: Mapping[str, FloatArray]
    looks: tuple[Look, ...] = ()


NO_ERRORS: Final = Errors(np.zeros(0, np.int64), np.zeros(0, np.int64), MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """The predictions of a version from some row on, as they were known at another. labelled: those with labels, of `task`;
    latest: the latest with labels, from whenever on.

    predicted: places (k,) and probabilities (k, classes) of those with probabilities, of the task `estimated`. unreliable:
    figures whose estimates proved wrong.
    """

    expected: Expected
    labelled: Pairs
    latest: Pairs
    task: Task
    predicted: tuple[FloatArray, FloatArray]
    estimated: Task
    calibration: Calibration | None
    unreliable: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What is known of a version's performance now. figures, drops, bins: empty while `reason` says why not.

    task: None while it is not told. pairs: in the window, of all classes known. left_out: pairs without a place in the task.
    estimate: marked as one; needs no labels but those it was calibrated on, so no gate holds it back. scores: how it did so far.
    """

    task: Task | None
    pairs: int
    left_out: int
    reason: str | None
    figures: Mapping[str, Figure]
    drops: Mapping[str, Drop]
    bins: Sequence[CalibrationBin]
    expected: Expected | None
    estimate: Estimate | None
    scores: Scores | None


class VersionPerformance:
    """State: the window (37 kB for two classes), the estimator (18 kB) and what tries it (41 kB), at most 2,048 pairs until the
    task is told.
    """

    def __init__(self, parameters: PerformanceParameters, promised: Expected | None = None) -> None:
        """promised: of this version; counts where the parameters expect nothing themselves."""
        self.parameters = parameters
        self.window: PerformanceWindow | None = None
        self.estimator: Estimator | None = None
        self.expected = given(parameters.expected) if parameters.expected else promised
        self.undecided = Undecided()
        self.marks = Marks(parameters.window // BLOCK)
        self.recent: Recent | None = None
        self.trials: Trials | None = None
        self.first_row = -1  # that brought a pair
        self.told = -1  # row that told the task: predictions up to there were not looked at
        self._expected_at = -1  # row that told what to expect, in the batch at hand
        self._calibrations: list[
            tuple[int, Calibration]
        ] = []  # of the batch at hand, behind the latest before, by row
        if parameters.kind is TaskKind.REGRESSION:
            self._begin(Task(kind=TaskKind.REGRESSION))

    def begin(self) -> None:
        """A batch begins: what could only be asked for as of a row of the one before is forgotten."""
        if self.recent is not None:
            self.recent.begin()
            self._calibrations = self._calibrations[-1:]

    def learn(self, columns: Columns, places: Places) -> Errors:
        """Take the joined pairs at `places` of `columns`, in order.

        Returns the errors of the pairs of a known task; those that waited for one come with the pair that told it.
        """
        parts: list[Errors] = []
        first, n = 0, len(places.at)
        if self.first_row < 0 and n:
            self.first_row = int(places.rows[0])
        while first < n:
            done = len(self.undecided) if self.window is None else self.window.seen
            end = min(n, first + STEP - done % STEP)
            part = places.part(first, end)
            parts.append(self._wait(columns, part) if self.window is None else self._take(columns, part))
            first = end
        return _together(parts)

    def see(
        self, columns: Columns, at: NDArray[np.intp], rows: NDArray[np.int64], times: NDArray[np.int64]
    ) -> None:
        """Take the predictions at the positions `at` (n,) of a batch's `columns`, at `rows` and `times` (n,), for the estimate;
        after `learn` of the same batch.
        """
        after = rows > self.told
        if self.estimator is not None and after.any():
            taken = self.estimator.add(predictions_of(columns, at[after]))
            assert self.recent is not None
            assert self.trials is not None
            self.recent.see(taken.predicted, taken.probabilities, rows[after][taken.usable])
            self.trials.see(rows[after][taken.usable], times[after][taken.usable], self._calibrations)

    def end(self) -> None:
        """A batch ends, after `learn` and `see`."""
        if self.trials is not None:
            self.trials.match()

    def settle(self, due: Due) -> None:
        """At a row that no batch decides: hold what was estimated against the labels that are there by now."""
        if self.trials is not None and self.window is not None:
            self.trials.settle(due, self.window.task)

    def as_of(self, change_row: int, row: int, *, by_label: bool) -> Since | None:
        """What was known at `row`, of the batch at hand or the end of an earlier one, of the predictions from `change_row` on, or
        by_label of those that got their label from there on; None while the task was not told, or nothing was expected.
        """
        if self.window is None or self.estimator is None or self.recent is None or self.expected is None:
            return None
        if row < max(self.told, self._expected_at):
            return None
        window, estimator = self.window.task, self.estimator.task
        known = [calibration for told, calibration in self._calibrations if told <= row]
        return Since(
            expected=self.expected,
            labelled=self.recent.pairs(change_row, row, len(window.classes), by_label=by_label),
            latest=self.recent.pairs(-1, row, len(window.classes), by_label=False),
            task=window,
            predicted=self.recent.predictions(change_row, row, len(estimator.classes)),
            estimated=estimator,
            calibration=known[-1] if known else None,
            unreliable=frozenset() if self.trials is None else self.trials.unreliable(),
        )

    def report(self, *, coverage: float | None) -> Report:
        """All figures now; coverage: as in `Gate.reason`. Cost: milliseconds."""
        window = self.window
        pairs = len(self.undecided) if window is None else len(window)
        reason = self.parameters.gate.reason(pairs=pairs, coverage=coverage)
        if window is None and reason is None:
            reason = "one class only so far: what is predicted cannot be told"
        shown = window is not None and reason is None
        figures = window.figures() if window is not None and shown else {}
        return Report(
            task=None if window is None else window.task,
            pairs=pairs,
            left_out=self.undecided.forgotten + (0 if window is None else window.foreign),
            reason=reason,
            figures=figures,
            drops=drop_of(figures, self.expected) if self.expected is not None else {},
            bins=calibration_of(window.pairs(), window.task) if window is not None and shown else (),
            expected=self.expected,
            estimate=None if self.estimator is None else self.estimator.estimate(),
            scores=None if self.trials is None else self.trials.scores(),
        )

    def dump(self) -> dict[str, Plain]:
        """Explicit fields."""
        return {
            "window": None if self.window is None else self.window.dump(),
            "estimator": None if self.estimator is None else self.estimator.dump(),
            "expected": None if self.expected is None else self.expected.to_plain(),
            "undecided": self.undecided.dump(),
            "marks": self.marks.dump(),
            "recent": None if self.recent is None else self.recent.dump(),
            "trials": None if self.trials is None else self.trials.dump(),
            "told": self.told,
            "first_row": self.first_row,
        }

    @classmethod
    def load(
        cls, plain: Plain, parameters: PerformanceParameters, promised: Expected | None = None
    ) -> "VersionPerformance":
        """The inverse of `dump`, under the same window and task; figures that are expected now count from now on.

        Raises CorruptState.
        """
        fields = Fields(plain, "version performance")
        version = cls(parameters, promised)
        if (fields.plain("window") is None) != (fields.plain("estimator") is None):
            raise fields.wrong("estimator", "without a window, or a window without it")
        if fields.plain("window") is not None:
            version.window = PerformanceWindow.load(fields.plain("window"))
            version.estimator = Estimator.load(fields.plain("estimator"))
            if version.estimator.length != version.window.length:
                raise fields.wrong("window", "of another length than the estimator")
            _check_same(version.window, parameters)
        elif version.window is not None:
            raise CorruptState(f"{_CHANGED}: the task is not what it was")
        if fields.plain("expected") is not None:
            stored = Expected.from_plain(fields.plain("expected"))
            if version.expected is None and stored.origin is Origin.FIRST_WINDOW:
                version.expected = stored
        version.undecided = Undecided.load(fields.plain("undecided"))
        version.marks.load(fields.plain("marks"))
        if version.window is not None:
            version.recent = Recent.load(fields.plain("recent"), version._widest())
            version.trials = Trials.load(fields.plain("trials"), version.window.task)
        if version.estimator is not None and version.estimator.calibration is not None:
            version._calibrations = [(-1, version.estimator.calibration)]
        seen = 0 if version.window is None else version.window.seen
        if len(version.marks.rows) != min(-(-seen // BLOCK), parameters.window // BLOCK + 1):
            raise fields.wrong("marks", "not one for each block")
        version.told = fields.integer("told", least=-1)
        version.first_row = fields.integer("first_row", least=-1)
        return version

    def _widest(self) -> Task:
        """The task with most classes: window and estimator learn of new ones apart."""
        assert self.window is not None
        assert self.estimator is not None
        return max(self.window.task, self.estimator.task, key=lambda task: len(task.classes))

    def _begin(self, task: Task) -> None:
        self.window = PerformanceWindow(task, length=self.parameters.window)
        self.estimator = Estimator(task, length=self.parameters.window)
        self.recent = Recent(task)
        self.trials = Trials(task)

    def _wait(self, columns: Columns, places: Places) -> Errors:
        """Put at most as many pairs aside as are missing to the next step, where it is tried to tell the task."""
        waiting = self.undecided
        waiting.add(columns, places)
        if len(waiting) % STEP:
            return NO_ERRORS
        everything = waiting.places()
        task = task_of(
            labelled_of(waiting.columns, everything.at),
            kind=self.parameters.kind,
            positive=self.parameters.positive,
        )
        if task is None:
            waiting.forget_if_full()
            return NO_ERRORS
        self._begin(task)
        self.told = int(waiting.rows[-1])
        self.undecided = Undecided(forgotten=waiting.forgotten)
        errors = self.learn(waiting.columns, everything)
        n = len(errors.rows)  # nobody could know of them before the row that told the task
        time = int(waiting.times[-1])
        return errors._replace(
            rows=np.full(n, self.told),
            times=np.full(n, time),
            looks=tuple(look._replace(row=self.told, time=time) for look in errors.looks),
        )

    def _take(self, columns: Columns, places: Places) -> Errors:
        """At most as many pairs as are missing to the next step."""
        assert self.window is not None
        assert self.estimator is not None
        assert self.recent is not None
        assert self.trials is not None
        encoded = encode(labelled_of(columns, places.at), self.window.task)
        rows, times = places.rows[encoded.usable], places.times[encoded.usable]
        self.marks.add(self.window.seen, rows, times)
        self.window.add(encoded)
        asked = np.full(len(places.rows), -1, np.int64) if places.asked is None else places.asked
        self.recent.learn(encoded.pairs, asked[encoded.usable], rows)
        self.trials.learn(encoded.pairs, asked[encoded.usable])
        looks: tuple[Look, ...] = ()
        if len(encoded.pairs) and self.window.seen % STEP == 0:
            self.estimator.calibrate(self.window.pairs(), self.window.task)
            if self.estimator.calibration is not None:
                self._calibrations.append((int(rows[-1]), self.estimator.calibration))
            if self.expected is None and self.window.seen >= self.parameters.reference:
                self.expected, self._expected_at = from_window(self.window.figures()), int(rows[-1])
            looks = (self._look(self.window, int(rows[-1]), int(times[-1])),)
        return Errors(rows, times, errors_of(encoded.pairs, encoded.task), looks)

    def _look(self, window: PerformanceWindow, row: int, time: int) -> Look:
        pairs = window.pairs()
        blocks = slice(len(self.marks.rows) - len(pairs) // BLOCK, None)
        return Look(
            row, time, pairs, window.task, self.expected, self.marks.rows[blocks], self.marks.times[blocks]
        )


def _check_same(window: PerformanceWindow, parameters: PerformanceParameters) -> None:
    """Raise CorruptState where pairs were kept for another window or task than the configuration asks for."""
    task = window.task
    if window.length != parameters.window:
        raise CorruptState(f"{_CHANGED}: a window of another length")
    same_kind = parameters.kind in {None, task.kind}
    if not same_kind or (parameters.positive is not None and parameters.positive != task.positive):
        raise CorruptState(f"{_CHANGED}: the task is not what it was")


def _together(parts: Sequence[Errors]) -> Errors:
    parts = [part for part in parts if len(part.rows)]
    if not parts:
        return NO_ERRORS
    return Errors(
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.times for part in parts]),
        {name: np.concatenate([part.series[name] for part in parts]) for name in parts[0].series},
        tuple(look for part in parts for look in part.looks),
    )
