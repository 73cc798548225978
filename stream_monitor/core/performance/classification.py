"""Accuracy, precision, recall and F1 from the confusion matrix, per class, macro and weighted; as scikit-learn defines them.

With counts C (actual × predicted), tp = C[c, c], r = row sum (actually c), s = column sum (predicted c):
precision = tp / s, recall = tp / r, F1 = 2 tp / (r + s). Macro: mean over the classes that were seen at all; weighted: mean
with weights r. In those two an undefined precision counts as 0, as in scikit-learn with `zero_division=0`.

Intervals. Proportions: Wilson. F1 of a class is 2g / (1 + g) with g = tp / (r + s - tp), a proportion of the pairs that are c
on either side (Hand, Christen and Kirielle, F*: an interpretable transformation of the F-measure, Machine Learning 110, 2021):
Wilson's interval of g, transformed. Macro and weighted: on each side the wider of two. The delta method on the multinomial C
(Takahashi et al., Confidence interval for micro-averaged F1 and macro-averaged F1 scores, Applied Intelligence 52, 2022) knows
that the classes move together; the combination of the classes' own intervals knows how little is known of a rare one.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.performance.figure import Figure, Z, combined, proportion, transformed, undefined
from stream_monitor.core.performance.pairs import Pairs
from stream_monitor.core.performance.task import Task, TaskKind

KINDS = ("precision", "recall", "f1")
Counts = NDArray[np.int64]


def confusion(pairs: Pairs, classes: int) -> Counts:
    """Pairs by (actual, predicted): (classes, classes)."""
    at = (pairs.actual * classes + pairs.predicted).astype(np.intp)
    return np.bincount(at, minlength=classes * classes).reshape(classes, classes)


def classification_figures(pairs: Pairs, task: Task) -> dict[str, Figure]:
    """`accuracy`; `precision:CLASS`, …; `precision_macro`, `precision_weighted`, …; of a binary task also `precision` … of the
    positive class.
    """
    counts = confusion(pairs, len(task.classes))
    n = len(pairs)
    figures = {"accuracy": proportion(int(np.trace(counts)), n, "no pairs")}
    for at, name in enumerate(task.classes):
        for kind, one in zip(KINDS, _of_class(counts, at, name), strict=True):
            figures[f"{kind}:{name}"] = one
    if task.kind is TaskKind.BINARY:
        figures |= {kind: figures[f"{kind}:{task.positive}"] for kind in KINDS}
    seen = np.flatnonzero(counts.sum(axis=0) + counts.sum(axis=1))
    shares = counts[np.ix_(seen, seen)] / max(1, n)
    for kind in KINDS:
        parts = [figures[f"{kind}:{task.classes[at]}"] for at in seen.tolist()]
        figures[f"{kind}_macro"] = _average(kind, shares, parts, n, weighted=False)
        figures[f"{kind}_weighted"] = _average(kind, shares, parts, n, weighted=True)
    return figures


def _of_class(counts: Counts, at: int, name: str) -> Sequence[Figure]:
    hits, actual, predicted = int(counts[at, at]), int(counts[at].sum()), int(counts[:, at].sum())
    either = actual + predicted - hits
    return (
        proportion(hits, predicted, f"never predicted {name}"),
        proportion(hits, actual, f"no label {name}"),
        transformed(
            proportion(hits, either, f"neither predicted nor labelled {name}"), lambda g: 2 * g / (1 + g)
        ),
    )


def _average(kind: str, shares: FloatArray, parts: Sequence[Figure], n: int, *, weighted: bool) -> Figure:
    """Mean of the classes' values `parts`, weighted by their labels or not.

    With values v_c and weights w_c, the derivative by the share of cell (i, j) is the sum of what v_c and w_c gain.
    """
    if n == 0:
        return undefined("no pairs")
    values, diagonal, row, column = _derivatives(kind, shares)
    actual = shares.sum(axis=1)
    weights = actual if weighted else np.full(len(values), 1 / len(values))
    slope = (weights * row + (values if weighted else 0.0))[:, None] + (weights * column)[None, :]
    slope = slope + np.diag(weights * diagonal)
    value = float((weights * values).sum())
    centred = slope - (shares * slope).sum()
    error = Z * math.sqrt(max(0.0, float((shares * centred * centred).sum())) / n)
    below, above = combined(parts, weights.tolist())
    low, high = max(0.0, value - max(error, below)), min(1.0, value + max(error, above))
    return Figure(value=value, low=min(low, value), high=max(high, value), n=n)


def _derivatives(kind: str, shares: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Values (k,) of the classes and their derivatives by a share on the diagonal, anywhere in the row, in the column."""
    hits, actual, predicted = np.diag(shares), shares.sum(axis=1), shares.sum(axis=0)
    nothing = np.zeros(len(hits))
    if kind == "precision":
        values, inverse = _share(hits, predicted)
        return values, inverse, nothing, -values * inverse
    if kind == "recall":
        values, inverse = _share(hits, actual)
        return values, inverse, -values * inverse, nothing
    values, inverse = _share(2 * hits, actual + predicted)
    return values, 2 * inverse, -values * inverse, -values * inverse


def _share(hits: FloatArray, of: FloatArray) -> tuple[FloatArray, FloatArray]:
    inverse = np.divide(1.0, of, out=np.zeros(len(of)), where=of > 0)
    return hits * inverse, inverse
