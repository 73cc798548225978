"""Performance before labels come, or where none ever do: confidence-based estimation over the last predictions of a version.

The idea is NannyML's CBPE (How it works: performance estimation, nannyml.readthedocs.io; Białek, Kuberski, Perrakis and Bifet,
Estimating model performance under covariate shift without labels, arXiv:2401.08348, 2024): a calibrated probability says how
likely the prediction is right, so that sums of them say what the confusion matrix will be. It follows a shift of the inputs;
it cannot see a concept drift, for which the probabilities themselves are wrong. So it is always marked as an estimate, and
scored by `compare` once labels have come: see `trials`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray, Plain
from stream_monitor.core.fields import Fields, as_bytes
from stream_monitor.core.performance.calibration import FEWEST, Calibration, fit
from stream_monitor.core.performance.expectation import expectation_of, expected_figures
from stream_monitor.core.performance.figure import Figure
from stream_monitor.core.performance.pairs import Pairs, grown, scored
from stream_monitor.core.performance.task import Predictions, Task, TaskKind
from stream_monitor.core.window import BLOCK

LENGTH: Final = 2_048  # predictions


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Expected figures under the names of `figures_of`, and what must hold for them to be right."""

    figures: Mapping[str, Figure]
    assumptions: tuple[str, ...]
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """error: estimated - realised, in the metric's unit. inside: whether the realised value lies in the estimate's interval."""

    estimated: float
    realised: float
    error: float
    inside: bool


class Taken(NamedTuple):
    """usable: (n,) which predictions count. predicted: (k,) places, probabilities: (k, classes), of those."""

    usable: NDArray[np.bool_]
    predicted: FloatArray
    probabilities: FloatArray


class Estimator:
    """The last `length` predictions with probabilities, cut at closed blocks of BLOCK, and the calibration in force.

    **Cost**: state length · (1 + 4 · classes) bytes: 18 kB for two classes; probabilities are kept as float32.
    """

    def __init__(self, task: Task, *, length: int = LENGTH) -> None:
        if length < BLOCK or length % BLOCK:
            raise ValueError(f"a window of {length} predictions is not a multiple of {BLOCK}")
        self.task = task
        self.length = length
        self.seen = 0
        self.calibration: Calibration | None = None
        self._predicted: FloatArray = np.zeros(0)
        self._probabilities: FloatArray = np.zeros((0, len(task.classes)))

    def __len__(self) -> int:
        """Predictions in closed blocks: those that an estimate is made of."""
        return len(self._predicted) - self.seen % BLOCK

    def add(self, predictions: Predictions) -> Taken:
        """Take predictions in order, labelled or not; those of a foreign class or without sound probabilities are passed over."""
        if self.task.kind is TaskKind.REGRESSION:
            return Taken(np.zeros(len(predictions), np.bool_), np.zeros(0), np.zeros((0, 0)))
        if self.task.kind is TaskKind.MULTICLASS:
            self.task = grown(self.task, predictions)
        predicted, probabilities, _ = scored(predictions, self.task)
        usable = ~(np.isnan(predicted) | np.isnan(probabilities[:, 0]))
        self.seen += int(usable.sum())
        missing = len(self.task.classes) - self._probabilities.shape[1]
        old = np.pad(self._probabilities, ((0, 0), (0, missing)))
        new = probabilities[usable].astype(np.float32).astype(np.float64)
        kept = self.length + self.seen % BLOCK
        self._predicted = np.concatenate([self._predicted, predicted[usable]])[-kept:]
        self._probabilities = np.concatenate([old, new])[-kept:]
        return Taken(usable, predicted[usable], new)

    def calibrate(self, pairs: Pairs, task: Task) -> None:
        """Fit the calibration anew on labelled pairs of `task` (the performance window's, whose classes may stand in another
        order); too few leave the old one in force.
        """
        if task.kind is not TaskKind.REGRESSION:
            self.calibration = fit(pairs, task) or self.calibration

    def estimate(self) -> Estimate:
        """The expected figures, or none and the reason. Cost: a sort a class and a few passes."""
        if self.task.kind is TaskKind.REGRESSION:
            return _nothing("numbers carry no probabilities to estimate from")
        if self.calibration is None:
            return _nothing(f"fewer than {FEWEST} labelled predictions with probabilities to calibrate on")
        n = len(self)
        if n == 0:
            return _nothing("no predictions with probabilities")
        of = expectation_of(self.calibration, self._predicted[:n], self._probabilities[:n], self.task)
        return Estimate(figures=expected_figures(of), assumptions=_assumptions(self.calibration.pairs))

    def dump(self) -> dict[str, Plain]:
        """Explicit fields; arrays as little-endian bytes."""
        return {
            "task": self.task.to_plain(),
            "length": self.length,
            "seen": self.seen,
            "calibration": None if self.calibration is None else self.calibration.to_plain(),
            "predicted": as_bytes(self._predicted, "<u1"),
            "probabilities": as_bytes(self._probabilities, "<f4"),
        }

    @classmethod
    def load(cls, plain: Plain) -> "Estimator":
        """The inverse of `dump`. Raises CorruptState."""
        fields = Fields(plain, "estimator")
        task, length = Task.from_plain(fields.plain("task")), fields.integer("length", least=BLOCK)
        if length % BLOCK:
            raise fields.wrong("length", f"not a multiple of {BLOCK}")
        estimator = cls(task, length=length)
        estimator.seen = fields.integer("seen", least=0)
        if fields.plain("calibration") is not None:
            estimator.calibration = Calibration.from_plain(fields.plain("calibration"))
            positive = (task.positive,) if task.kind is TaskKind.BINARY else estimator.calibration.classes
            if estimator.calibration.classes != positive:
                raise fields.wrong("calibration", "not of the positive class")
        estimator._predicted = fields.array("predicted", "<u1").astype(np.float64)
        n = len(estimator._predicted)
        if len(task.classes):  # else there is nothing to estimate
            table = fields.array("probabilities", "<f4", (-1, len(task.classes)))
            estimator._probabilities = table.astype(np.float64)
        if n != len(estimator._probabilities) or n != min(estimator.seen, length + estimator.seen % BLOCK):
            raise fields.wrong("predicted", "arrays do not fit")
        if n and estimator._predicted.max() >= len(task.classes):
            raise fields.wrong("predicted", "no such class")
        if n and (estimator._probabilities.min() < 0.0 or estimator._probabilities.max() > 1.0):
            raise fields.wrong("probabilities", "no probability")
        return estimator


def compare(estimated: Mapping[str, Figure], realised: Mapping[str, Figure]) -> dict[str, Comparison]:
    """How the estimate did, for every metric that both know; `realised` must be of the same predictions, now labelled.

    Of many, 95 % should be inside. Far fewer says that the assumptions do not hold: a concept drift.
    """
    compared = {}
    for name, one in estimated.items():
        other = realised.get(name)
        if one.value is None or other is None or other.value is None:
            continue
        inside = one.low is not None and one.high is not None and one.low <= other.value <= one.high
        compared[name] = Comparison(
            estimated=one.value, realised=other.value, error=one.value - other.value, inside=inside
        )
    return compared


def _nothing(reason: str) -> Estimate:
    return Estimate(figures={}, assumptions=(), reason=reason)


def _assumptions(pairs: int) -> tuple[str, ...]:
    return (
        f"a probability means what it meant for the {pairs:,} labelled predictions it was calibrated on (no concept drift)",
        "those with labels are like those without, given the probability",
        "probabilities lie where labelled ones lay; beyond them the calibration only goes on in a straight line",
    )
