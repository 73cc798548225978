"""Expected figures of predictions without labels, if calibrated probabilities say how likely each label is. Formulas only.

With q_ic the probability that the label of prediction i is c, every metric M is a function of the labels y_ic, taken at y = q.
Its derivative g_ic = ∂M / ∂y_ic gives the variance of what will come out: Σ_i (Σ_c q_ic g_ic² - (Σ_c q_ic g_ic)²) from the
labels' chance (a Poisson binomial: Kivimäki, Białek, Nurminen and Kuberski, Confidence-based estimators for predictive
performance in model monitoring, Journal of Artificial Intelligence Research, 2025), plus Σ_b (Σ_{i in b} g_ic)² v_b from the
calibration, whose group b has a rate known to within the variance v_b. So the interval is one for the figure that these very
predictions will have once labelled.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.performance.calibration import Calibration, calibrated
from stream_monitor.core.performance.figure import Figure, Z, figure, logit, undefined
from stream_monitor.core.performance.task import Task, TaskKind

KINDS = ("precision", "recall", "f1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """predicted: (n,) places of classes. raw, likely: (n, classes) probabilities of the model, and calibrated ones.

    groups: by curve, (n,) group of the calibration; variances: by curve, (groups,). columns: class of each curve.
    """

    task: Task
    predicted: NDArray[np.intp]
    raw: FloatArray
    likely: FloatArray
    groups: Sequence[NDArray[np.intp]]
    variances: Sequence[FloatArray]
    columns: Sequence[int]

    def error(self, slopes: FloatArray) -> float:
        """Standard error of a metric with the derivatives `slopes`: (n, classes)."""
        mean = (self.likely * slopes).sum(axis=1, keepdims=True)
        variance = float((self.likely * np.square(slopes - mean)).sum())
        if self.task.kind is TaskKind.BINARY:  # the one curve moves both classes
            at = self.task.positive_at
            slopes = slopes - slopes[:, 1 - at : 2 - at]
        for at, group, uncertain in zip(self.columns, self.groups, self.variances, strict=True):
            sums = np.bincount(group, slopes[:, at], len(uncertain))
            variance += float((np.square(sums) * uncertain).sum())
        return math.sqrt(variance)

    def figure(self, value: float, slopes: FloatArray, *, most: float = 1.0) -> Figure:
        """A figure between 0 and `most`."""
        return figure(value, Z * self.error(slopes), n=len(self.predicted), least=0.0, most=most)


def expectation_of(
    calibration: Calibration, predicted: FloatArray, probabilities: FloatArray, task: Task
) -> Expectation:
    """What `calibration` expects of predictions (n,) with their probabilities (n, classes)."""
    known = [
        (task.classes.index(name), curve)
        for name, curve in zip(calibration.classes, calibration.curves, strict=True)
        if name in task.classes
    ]
    return Expectation(
        task=task,
        predicted=predicted.astype(np.intp),
        raw=probabilities,
        likely=calibrated(calibration, probabilities, task),
        groups=[curve.group(probabilities[:, at]) for at, curve in known],
        variances=[curve.variances() for _, curve in known],
        columns=[at for at, _ in known],
    )


def expected_figures(of: Expectation) -> dict[str, Figure]:
    """Accuracy, precision, recall and F1 (by class and macro), ROC AUC and Brier score under the names of `figures_of`."""
    n, k = of.likely.shape
    said = (of.predicted[:, None] == np.arange(k)).astype(np.float64)
    figures = {"accuracy": of.figure(float((of.likely * said).sum()) / n, said / n)}
    for kind in KINDS:
        values, slopes = _of_classes(kind, of.likely, said)
        for at, name in enumerate(of.task.classes):
            alone = np.where(np.arange(k) == at, slopes, 0.0)
            told = kind != "precision" or said[:, at].any()
            nothing = undefined(f"never predicted {name}", n=n)
            figures[f"{kind}:{name}"] = of.figure(float(values[at]), alone) if told else nothing
        figures[f"{kind}_macro"] = of.figure(float(values.mean()), slopes / k)
        if of.task.kind is TaskKind.BINARY:
            figures[kind] = figures[f"{kind}:{of.task.positive}"]
    figures |= _areas(of)
    losses = np.square(of.raw).sum(axis=1, keepdims=True) - 2.0 * of.raw + 1.0  # by the class that comes out
    if k == 2:
        losses = losses / 2.0
    figures["brier"] = of.figure(float((of.likely * losses).sum()) / n, losses / n, most=2.0)
    return figures


def _of_classes(kind: str, likely: FloatArray, said: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Expected value by class (k,) and its derivatives by that class's labels (n, k)."""
    hits, predicted, actual = (likely * said).sum(axis=0), said.sum(axis=0), likely.sum(axis=0)
    if kind == "precision":
        inverse = _inverse(predicted)
        return hits * inverse, said * inverse
    factor, inverse = (1.0, _inverse(actual)) if kind == "recall" else (2.0, _inverse(predicted + actual))
    values = factor * hits * inverse
    return values, (factor * said - values) * inverse


def _areas(of: Expectation) -> dict[str, Figure]:
    """ROC AUC of the positive class, or of each class against the rest and their mean."""
    if of.task.kind is TaskKind.BINARY:
        return {"roc_auc": _area(of, of.task.positive_at)[0]}
    figures, values, slopes = {}, [], np.zeros(of.likely.shape)
    for at, name in enumerate(of.task.classes):
        figures[f"roc_auc:{name}"], slope = _area(of, at)
        if (value := figures[f"roc_auc:{name}"].value) is not None:
            values.append(value)
            slopes[:, at] = slope
    nothing = undefined("no class is likely for some predictions and unlikely for others")
    mean = sum(values) / max(1, len(values))
    error = of.error(slopes / max(1, len(values)))
    figures["roc_auc_macro"] = _between(mean, error, len(of.predicted)) if values else nothing
    return figures


def _area(of: Expectation, at: int) -> tuple[Figure, FloatArray]:
    """Σ_{i≠j} q_i (1 - q_j) [s_i > s_j], ties one half, over Σ_{i≠j} q_i (1 - q_j); and its derivatives (n,)."""
    likely, scores = of.likely[:, at], of.raw[:, at]
    unlikely = 1.0 - likely
    n, hits, misses = len(likely), float(likely.sum()), float(unlikely.sum())
    self_couples = float((likely * unlikely).sum())
    couples = hits * misses - self_couples
    if couples <= 0.0:
        return undefined("one class only is likely", n=n), np.zeros(n)
    _, inverse = np.unique(scores, return_inverse=True)
    below = _below(inverse, unlikely)
    above = hits - _below(inverse, likely)
    area = min(1.0, max(0.0, (float((likely * below).sum()) - self_couples / 2) / couples))
    slopes = (below / misses - area) / hits - (above / hits - area) / misses
    alone = np.where(np.arange(of.likely.shape[1]) == at, slopes[:, None], 0.0)
    return _between(area, of.error(alone), n), slopes


def _below(inverse: NDArray[np.intp], weights: FloatArray) -> FloatArray:
    """Weight of the cases with a lower score, and half of those with the same: (n,)."""
    by_score = np.bincount(inverse, weights)
    return np.asarray((np.cumsum(by_score) - by_score / 2)[inverse])


def _between(value: float, error: float, n: int) -> Figure:
    low, high = logit(value, error, n)
    return Figure(value=value, low=low, high=high, n=n)


def _inverse(of: FloatArray) -> FloatArray:
    return np.divide(1.0, of, out=np.zeros(len(of)), where=of > 0.0)
