"""How well the probabilities rank: ROC AUC and PR AUC (average precision), of two classes or one against the rest.

ROC AUC = share of (positive, negative) couples in the right order, ties one half, from mid-ranks. Interval: on each side the
wider of two. DeLong, DeLong and Clarke-Pearson, Comparing the areas under two or more correlated ROC curves, Biometrics 44, 1988,
computed as in Sun and Xu, Fast implementation of DeLong's algorithm, IEEE Signal Processing Letters 21, 2014, on the logit scale
(Pepe, The Statistical Evaluation of Medical Tests, 2003, p. 107): right for many cases of any distribution. Newcombe, Confidence
intervals for an effect size measure based on the Mann-Whitney statistic, part 2, Statistics in Medicine 25, 2006, method 5, a
score interval with the variance of Hanley and McNeil, Radiology 143, 1982: right for few cases and a perfect order.

PR AUC = Σ (recall_i - recall_{i-1}) precision_i over falling scores, as scikit-learn's `average_precision_score`. Interval:
logit of n positives (Boyd, Eng and Page, Area under the precision-recall curve, ECML 2013, §4.2).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.performance.figure import Figure, Z, combined, logit, undefined
from stream_monitor.core.performance.pairs import Pairs
from stream_monitor.core.performance.task import Task, TaskKind


class Ranked(NamedTuple):
    """area: of the ROC curve. influence: (n,) what each case adds, so that the variance is Σ influence²."""

    area: float
    influence: FloatArray


def ranking_figures(pairs: Pairs, task: Task) -> dict[str, Figure]:
    """`roc_auc` and `pr_auc` of the positive class, or `roc_auc:CLASS` …, `roc_auc_macro`, `pr_auc_macro` over the classes that
    some labels name and others do not.
    """
    if task.kind is TaskKind.BINARY:
        at = task.positive_at
        scores, positive = pairs.probabilities[:, at], pairs.actual == at
        return {"roc_auc": roc_auc(scores, positive), "pr_auc": pr_auc(scores, positive)}
    figures: dict[str, Figure] = {}
    areas, precisions, ranked_figures = [], [], []
    for at, name in enumerate(task.classes):
        scores, positive = pairs.probabilities[:, at], pairs.actual == at
        figures[f"roc_auc:{name}"] = roc_auc(scores, positive)
        figures[f"pr_auc:{name}"] = pr_auc(scores, positive)
        if figures[f"roc_auc:{name}"].value is not None:
            areas.append(ranked(scores, positive))
            precisions.append(figures[f"pr_auc:{name}"])
            ranked_figures.append(figures[f"roc_auc:{name}"])
    figures["roc_auc_macro"] = _macro_area(areas, ranked_figures, len(pairs))
    figures["pr_auc_macro"] = _macro_precision(precisions, len(pairs))
    return figures


def roc_auc(scores: FloatArray, positive: NDArray[np.bool_]) -> Figure:
    """Area under the ROC curve of `scores` (n,) with DeLong's interval. Cost: a sort."""
    n, hits = len(scores), int(positive.sum())
    if hits in (0, n):
        return undefined("labels of one class only" if n else "no pairs with probabilities", n=n)
    ranks = ranked(scores, positive)
    return _figure(ranks.area, ranks.influence, hits, n - hits)


def ranked(scores: FloatArray, positive: NDArray[np.bool_]) -> Ranked:
    """The area and DeLong's components of every case, both classes being there."""
    m, n = int(positive.sum()), int((~positive).sum())
    rank = mid_ranks(scores)
    area = (float(rank[positive].sum()) - m * (m + 1) / 2) / (m * n)
    above = np.zeros(len(scores))  # share of the other class on the right side of the case
    above[positive] = (rank[positive] - mid_ranks(scores[positive])) / n
    above[~positive] = 1.0 - (rank[~positive] - mid_ranks(scores[~positive])) / m
    unbiased = np.where(positive, math.sqrt(m * max(1, m - 1)), math.sqrt(n * max(1, n - 1)))
    return Ranked(area, (above - area) / unbiased)


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


def _macro_area(areas: list[Ranked], figures: list[Figure], n: int) -> Figure:
    """Mean of the areas. What a case adds to it is the mean of what it adds to each; or as if they were independent, if that is
    wider.
    """
    if not areas:
        return undefined("no class with labels for and against it", n=n)
    k = len(areas)
    area = sum(one.area for one in areas) / k
    error = math.sqrt(float(np.square(np.mean([one.influence for one in areas], axis=0)).sum()))
    below, above = combined(figures, [1 / k] * k)
    low, high = logit(area, error, n) if error > 0.0 else (area, area)
    return Figure(
        value=area, low=max(0.0, min(low, area - below)), high=min(1.0, max(high, area + above)), n=n
    )


def _figure(area: float, influence: FloatArray, m: int, n: int) -> Figure:
    """The area with its interval, m and n cases of each side."""
    low, high = hanley_mcneil(area, m, n)
    error = math.sqrt(float(np.square(influence).sum()))
    if error > 0.0:
        other = logit(area, error, m)
        low, high = min(low, other[0]), max(high, other[1])
    return Figure(value=area, low=low, high=high, n=m + n)


def hanley_mcneil(area: float, m: int, n: int) -> tuple[float, float]:
    """The areas A whose distance from `area` is Z standard errors, the variance of m and n cases being that of A itself:
    A (1 - A) (1 + ((m + n) / 2 - 1) ((1 - A) / (2 - A) + A / (1 + A))) / (m n). By halving.
    """

    def too_far(other: float) -> bool:
        spread = (1 - other) / (2 - other) + other / (1 + other)
        variance = other * (1 - other) * (1 + ((m + n) / 2 - 1) * spread) / (m * n)
        return (other - area) ** 2 > Z * Z * variance

    limits = []
    for end in (0.0, 1.0):
        inside, outside = area, end
        for _ in range(50):
            middle = (inside + outside) / 2
            inside, outside = (inside, middle) if too_far(middle) else (middle, outside)
        limits.append(inside)
    return limits[0], limits[1]


def _macro_precision(precisions: list[Figure], n: int) -> Figure:
    """Mean of the average precisions, whose intervals are combined as if they were independent."""
    k = len(precisions)
    if k == 0:
        return undefined("no class with labels for and against it", n=n)
    value = sum(one.value for one in precisions if one.value is not None) / k
    below, above = combined(precisions, [1 / k] * k)
    return Figure(value=value, low=max(0.0, value - below), high=min(1.0, value + above), n=n)
