"""When a figure began to get worse: the block of a window from which on its pairs cost more.

The split of the window with the largest likelihood ratio for a shift of a mean (Page, Biometrika 1954), over the means of closed
blocks of what each pair costs: a wrong class, a Brier score, or an error. Figures that are no means are split by the cost nearest
to them.
"""

import numpy as np

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.performance.pairs import Pairs
from stream_monitor.core.performance.probabilistic import brier_scores
from stream_monitor.core.performance.task import Task, TaskKind
from stream_monitor.core.window import BLOCK

_OF_CLASSES = ("accuracy", "precision", "recall", "f1")


def onset(name: str, pairs: Pairs, task: Task) -> int:
    """The block, from 0, at which the metric of that name began to fall; 0 where nothing in the window is better than the rest.

    pairs: in closed blocks, at least one.
    """
    means = costs(name, pairs, task).reshape(-1, BLOCK).mean(axis=1)
    m = len(means)
    if m < 2:
        return 0
    before = np.arange(1, m)
    sums = np.cumsum(means)
    rise = (sums[-1] - sums[:-1]) / (m - before) - sums[:-1] / before
    likelihood = np.where(rise > 0.0, rise * rise * before * (m - before), 0.0)
    at = int(np.argmax(likelihood))
    return at + 1 if likelihood[at] > 0.0 else 0


def costs(name: str, pairs: Pairs, task: Task) -> FloatArray:
    """What each pair costs the metric of that name, (n,)."""
    if task.kind is TaskKind.REGRESSION:
        errors = pairs.predicted - pairs.actual
        if name == "bias":
            return np.asarray(errors if errors.sum() >= 0.0 else -errors)
        return np.asarray(np.abs(errors))
    metric, _, of_class = name.partition(":")
    wrong = pairs.predicted != pairs.actual
    if metric.removesuffix("_macro").removesuffix("_weighted") in _OF_CLASSES:
        if of_class in task.classes:
            at = task.classes.index(of_class)
            wrong &= (pairs.predicted == at) | (pairs.actual == at)
        return np.asarray(wrong, np.float64)
    known = ~np.isnan(pairs.probabilities[:, 0])
    if not known.any():
        return np.asarray(wrong, np.float64)
    scores = brier_scores(pairs.take(known))
    cost = np.full(len(pairs), scores.mean())
    cost[known] = scores
    return cost
