"""All figures of some pairs by the name of the metric, and which way each is better. The entry to this package."""

import math
from collections.abc import Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from stream_monitor.core.performance.classification import classification_figures
from stream_monitor.core.performance.figure import Figure
from stream_monitor.core.performance.pairs import Pairs
from stream_monitor.core.performance.probabilistic import (
    CalibrationBin,
    calibration_bins,
    confidences,
    probabilistic_figures,
)
from stream_monitor.core.performance.ranking import ranking_figures
from stream_monitor.core.performance.regression import NAMES, regression_figures
from stream_monitor.core.performance.task import Task, TaskKind


class Better(StrEnum):
    """Where a metric is better: higher, lower, or nearer to zero."""

    HIGH = "high"
    LOW = "low"
    ZERO = "zero"


BETTER: Final = MappingProxyType(
    {
        "accuracy": Better.HIGH,
        "precision": Better.HIGH,
        "recall": Better.HIGH,
        "f1": Better.HIGH,
        "roc_auc": Better.HIGH,
        "pr_auc": Better.HIGH,
        "log_loss": Better.LOW,
        "brier": Better.LOW,
        "calibration_error": Better.LOW,
        "mae": Better.LOW,
        "rmse": Better.LOW,
        "mape": Better.LOW,
        "bias": Better.ZERO,
        "r2": Better.HIGH,
    }
)
"""By metric; `METRIC:CLASS`, `METRIC_macro` and `METRIC_weighted` are as METRIC."""


def better(name: str) -> Better:
    """Where the metric of that name is better. Raises KeyError for a name that is none.

    >>> better("f1:fraud").value, better("log_loss").value, better("roc_auc_macro").value
    ('high', 'low', 'high')
    """
    return BETTER[_metric(name)]


def _metric(name: str) -> str:
    return name.split(":", maxsplit=1)[0].removesuffix("_macro").removesuffix("_weighted")


_CLASSES = frozenset({TaskKind.BINARY, TaskKind.MULTICLASS})
_OF_CLASSES = frozenset({"precision", "recall", "f1"})  # of one class, and averaged, in both tasks
_RANKINGS = frozenset({"roc_auc", "pr_auc"})  # of one class, and averaged, of many only


def kinds_of(name: str) -> frozenset[TaskKind]:
    """The tasks that have a figure of this name; none where there is no such figure.

    >>> [kind.value for kind in sorted(kinds_of("f1:fraud"))], len(kinds_of("f2"))
    (['binary', 'multiclass'], 0)
    """
    base, colon, of = name.partition(":")
    plain, _, average = base.rpartition("_")
    if average not in {"macro", "weighted"}:
        plain, average = base, ""
    if name in NAMES:
        return frozenset({TaskKind.REGRESSION})
    if name in {"accuracy", "log_loss", "brier", "calibration_error"}:
        return _CLASSES
    if plain not in _OF_CLASSES | _RANKINGS or (colon and (average or not of)):
        return frozenset()
    if name == plain:
        return frozenset({TaskKind.BINARY})
    if plain in _OF_CLASSES:
        return _CLASSES
    return frozenset() if average == "weighted" else frozenset({TaskKind.MULTICLASS})


def names_of(kind: TaskKind | None) -> tuple[str, ...]:
    """The figures of a task, or of all tasks, by name; those of one class end with `:CLASS`."""
    names = [f"{base}{form}" for base in BETTER for form in ("", "_macro", "_weighted", ":CLASS")]
    return tuple(name for name in names if (kinds_of(name) if kind is None else kind in kinds_of(name)))


def range_of(name: str) -> tuple[float, float]:
    """Least and largest value of a figure.

    >>> range_of("accuracy"), range_of("r2")
    ((0.0, 1.0), (-inf, 1.0))
    """
    least = -math.inf if name in {"bias", "r2"} else 0.0
    if name in NAMES:
        return least, 1.0 if name == "r2" else math.inf
    return least, {"log_loss": math.inf, "brier": 2.0}.get(name, 1.0)


def figures_of(pairs: Pairs, task: Task) -> dict[str, Figure]:
    """Every metric of the task over `pairs`, in a fixed order. Cost: two sorts a class; ~1 ms for 2,048 pairs of two classes.

    >>> import numpy as np
    >>> pairs = Pairs(
    ...     predicted=np.array([1.0, 1.0, 0.0, 0.0]),
    ...     actual=np.array([1.0, 0.0, 0.0, 0.0]),
    ...     probabilities=np.array([[0.1, 0.9], [0.4, 0.6], [0.8, 0.2], [0.7, 0.3]]),
    ... )
    >>> figures = figures_of(pairs, Task(kind=TaskKind.BINARY, classes=("fraud", "legit"), positive="legit"))
    >>> figures["accuracy"].value, figures["recall"].value, figures["roc_auc"].value
    (0.75, 1.0, 1.0)
    """
    if task.kind is TaskKind.REGRESSION:
        return regression_figures(pairs)
    known = pairs.known()
    return {
        **classification_figures(pairs, task),
        **ranking_figures(known, task),
        **probabilistic_figures(known, task),
    }


def figures_named(pairs: Pairs, task: Task, names: Sequence[str]) -> dict[str, Figure]:
    """Those of `figures_of` that are called so, in the order of `names`; sorts nothing for figures that need no order."""
    metrics = {_metric(name) for name in names}
    found: dict[str, Figure] = {}
    if task.kind is TaskKind.REGRESSION:
        found = regression_figures(pairs)
    else:
        if metrics & {"accuracy", "precision", "recall", "f1"}:
            found |= classification_figures(pairs, task)
        if metrics & {"roc_auc", "pr_auc"}:
            found |= ranking_figures(pairs.known(), task)
        if metrics & {"log_loss", "brier", "calibration_error"}:
            found |= probabilistic_figures(pairs.known(), task)
    return {name: found[name] for name in names if name in found}


def calibration_of(pairs: Pairs, task: Task) -> tuple[CalibrationBin, ...]:
    """The reliability diagram behind `calibration_error`; empty for regression and where no probabilities are known."""
    known = pairs.known()
    return calibration_bins(*confidences(known, task)) if len(known) else ()
