"""How well the probabilities rank: ROC AUC and PR AUC (average precision), of two classes or one against the rest.

ROC AUC = share of (positive, negative) couples in the right order, ties one half, from mid-ranks. Interval: DeLong, DeLong and
Clarke-Pearson, Comparing the areas under two or more correlated ROC curves, Biometrics 44, 1988, computed as in Sun and Xu,
Fast implementation of DeLong's algorithm, IEEE Signal Processing Letters 21, 2014, on the logit scale (Pepe, The Statistical
Evaluation of Medical Tests, 2003, p. 107), which stays inside 0..1. Where the order is perfect DeLong's variance is 0: then
Wilson's interval of the smaller class, which errs on the wide side.

PR AUC = Σ (recall_i - recall_{i-1}) precision_i over falling scores, as scikit-learn's `average_precision_score`. Interval:
logit of n positives (Boyd, Eng and Page, Area under the precision-recall curve, ECML 2013, §4.2).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.performance.figure import Figure, logit, undefined
from stream_monitor.core.performance.pairs import Pairs
from stream_monitor.core.performance.task import Task, TaskKind


class Ranked(NamedTuple):
    """area: of the ROC curve. influence: (n,) what each case adds, so that the variance is Σ influence². rarer: its cases."""

    area: float
    influence: FloatArray
    rarer: int


def ranking_figures(pairs: Pairs, task: Task) -> dict[str, Figure]:
    """`roc_auc` and `pr_auc` of the positive class, or `roc_auc:CLASS` …, `roc_auc_macro`, `pr_auc_macro` over the classes that
    some labels name and others do not.
    """
    if task.kind is TaskKind.BINARY:
        at = task.positive_at
        scores, positive = pairs.probabilities[:, at], pairs.actual == at
        return {"roc_auc": roc_auc(scores, positive), "pr_auc": pr_auc(scores, positive)}
    figures: dict[str, Figure] = {}
    areas, precisions = [], []
    for at, name in enumerate(task.classes):
        scores, positive = pairs.probabilities[:, at], pairs.actual == at
        figures[f"roc_auc:{name}"] = roc_auc(scores, positive)
        figures[f"pr_auc:{name}"] = pr_auc(scores, positive)
        if figures[f"roc_auc:{name}"].value is not None:
            areas.append(ranked(scores, positive))
            precisions.append(figures[f"pr_auc:{name}"])
    figures["roc_auc_macro"] = _macro_area(areas, len(pairs))
    figures["pr_auc_macro"] = _macro_precision(precisions, len(pairs))
    return figures


def roc_auc(scores: FloatArray, positive: NDArray[np.bool_]) -> Figure:
    """Area under the ROC curve of `scores` (n,) with DeLong's interval. Cost: a sort."""
    n, hits = len(scores), int(positive.sum())
    if hits in (0, n):
        return undefined("labels of one class only" if n else "no pairs with probabilities", n=n)
    area, influence, rarer = ranked(scores, positive)
    low, high = logit(area, math.sqrt(float(np.square(influence).sum())), rarer)
    return Figure(value=area, low=low, high=high, n=n)


def ranked(scores: FloatArray, positive: NDArray[np.bool_]) -> Ranked:
    """The area and DeLong's components of every case, both classes being there."""
    m, n = int(positive.sum()), int((~positive).sum())
    rank = mid_ranks(scores)
    area = (float(rank[positive].sum()) - m * (m + 1) / 2) / (m * n)
    above = np.zeros(len(scores))  # share of the other class on the right side of the case
    above[positive] = (rank[positive] - mid_ranks(scores[positive])) / n
    above[~positive] = 1.0 - (rank[~positive] - mid_ranks(scores[~positive])) / m
    unbiased = np.where(positive, math.sqrt(m * max(1, m - 1)), math.sqrt(n * max(1, n - 1)))
    return Ranked(area, (above - area) / unbiased, min(m, n))


def mid_ranks(values: FloatArray) -> FloatArray:
    """Ranks from 1, (n,), equal values sharing their mean."""
    _, inverse, tally = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(tally)
    return (last - (tally - 1) / 2.0)[inverse]


def pr_auc(scores: FloatArray, positive: NDArray[np.bool_]) -> Figure:
    """Average precision of `scores` (n,) with the logit interval. Cost: a sort."""
    hits = int(positive.sum())
    if hits in (0, len(scores)):
        return undefined(
            "labels of one class only" if len(scores) else "no pairs with probabilities", n=len(scores)
        )
    distinct, inverse = np.unique(-scores, return_inverse=True)
    found = np.cumsum(np.bincount(inverse, positive, len(distinct)))
    precision = found / np.cumsum(np.bincount(inverse, minlength=len(distinct)))
    area = min(1.0, float((np.diff(found, prepend=0.0) * precision).sum()) / hits)
    low, high = logit(area, math.sqrt(area * (1 - area) / hits), hits)
    return Figure(value=area, low=low, high=high, n=len(scores))


def _macro_area(areas: list[Ranked], n: int) -> Figure:
    """Mean of the areas; what a case adds to the mean is the mean of what it adds to each."""
    if not areas:
        return undefined("no class with labels for and against it", n=n)
    area = sum(one.area for one in areas) / len(areas)
    influence = np.mean([one.influence for one in areas], axis=0)
    low, high = logit(area, math.sqrt(float(np.square(influence).sum())), min(one.rarer for one in areas))
    return Figure(value=area, low=low, high=high, n=n)


def _macro_precision(precisions: list[Figure], n: int) -> Figure:
    """Mean of the average precisions; its limits are the means of theirs, which is wide: as if all moved together."""
    if not precisions:
        return undefined("no class with labels for and against it", n=n)
    value, low, high = (
        sum(getattr(one, name) for one in precisions) / len(precisions) for name in ("value", "low", "high")
    )
    return Figure(value=value, low=min(low, value), high=max(high, value), n=n)
