"""From a model's probabilities to honest ones: a rising map fitted on labelled pairs, with how sure it is of itself.

Pairs sorted by probability are put into about GROUPS groups of equal size, smaller ones at both ends (equal probabilities stay
together); neighbours that fall are pooled (pool adjacent violators: Ayer et al., Annals of Mathematical Statistics 26, 1955; for
calibration: Zadrozny and Elkan, Transforming classifier scores into accurate multiclass probability estimates, KDD 2002). The
map runs in straight lines through the groups' (mean probability, observed rate) and goes on so to the ends. Many classes: a map
each, then divided by the sum, as in the same paper.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray, Plain
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.performance.pairs import Pairs
from stream_monitor.core.performance.task import MOST_CLASSES, Task, TaskKind
from stream_monitor.core.plain import plain_of, value_of

GROUPS: Final = 20
MOST_GROUPS: Final = 64
LEAST: Final = 20  # pairs in a group
FEWEST: Final = 256  # labelled pairs; with fewer the map says more about chance than about the model


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Map of one class. scores: mean probability of each group, ascending; rates: how often it happened, rising; sizes: pairs."""

    scores: tuple[float, ...]
    rates: tuple[float, ...]
    sizes: tuple[int, ...]

    def of(self, probabilities: FloatArray) -> FloatArray:
        """Calibrated probabilities, (n,)."""
        scores, rates = np.array(self.scores), np.array(self.rates)
        if len(scores) == 1:
            return np.full(len(probabilities), rates[0])
        slopes = np.diff(rates) / np.diff(scores)
        first = max(0.0, float(rates[0] - slopes[0] * scores[0]))
        last = min(1.0, float(rates[-1] + slopes[-1] * (1.0 - scores[-1])))
        inner = (scores > 0.0) & (scores < 1.0)
        if scores[0] == 0.0:
            first = float(rates[0])
        if scores[-1] == 1.0:
            last = float(rates[-1])
        knots = np.concatenate([[0.0], scores[inner], [1.0]])
        return np.asarray(np.interp(probabilities, knots, np.concatenate([[first], rates[inner], [last]])))

    def group(self, probabilities: FloatArray) -> NDArray[np.intp]:
        """The group that each of (n,) probabilities is nearest to."""
        scores = np.array(self.scores)
        return np.asarray(np.searchsorted((scores[1:] + scores[:-1]) / 2, probabilities))

    def variances(self) -> FloatArray:
        """Of the rates, (groups,): r (1 - r) / m with r = (hits + 1) / (m + 2), so that no rate is taken as certain."""
        sizes, rates = np.array(self.sizes, np.float64), np.array(self.rates)
        r = (rates * sizes + 1.0) / (sizes + 2.0)
        return np.asarray(r * (1.0 - r) / sizes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """curves: of the `classes`, of a binary task of the positive one alone. pairs: labelled ones behind them."""

    classes: tuple[str, ...]
    curves: tuple[Curve, ...]
    pairs: int

    def to_plain(self) -> Plain:
        """Explicit fields, JSON-able."""
        return plain_of(self)

    @classmethod
    def from_plain(cls, plain: Plain) -> "Calibration":
        """The inverse of `to_plain`. Raises CorruptState."""
        calibration = value_of(cls, plain)
        k = len(calibration.curves)
        if not 1 <= k <= MOST_CLASSES or len(set(calibration.classes)) != k or calibration.pairs < 1:
            raise CorruptState("calibration: no curves, too many, of other classes, or no pairs")
        for curve in calibration.curves:
            _check(curve)
        return calibration


def fit(pairs: Pairs, task: Task) -> Calibration | None:
    """The calibration of labelled `pairs`; None while fewer than FEWEST have probabilities. Cost: a sort a class.

    Classification only.
    """
    known = pairs.known()
    if len(known) < FEWEST:
        return None
    places = [task.positive_at] if task.kind is TaskKind.BINARY else range(len(task.classes))
    curves = [curve_of(known.probabilities[:, at], known.actual == at) for at in places]
    classes = tuple(task.classes[at] for at in places)
    return Calibration(classes=classes, curves=tuple(curves), pairs=len(known))


def calibrated(calibration: Calibration, probabilities: FloatArray, task: Task) -> FloatArray:
    """Calibrated distributions, (n, classes), of the model's. A class without a curve keeps its probability."""
    if task.kind is TaskKind.BINARY:
        positive = calibration.curves[0].of(probabilities[:, task.positive_at])
        return np.where(np.arange(2) == task.positive_at, positive[:, None], 1.0 - positive[:, None])
    table = probabilities.astype(np.float64)
    for name, curve in zip(calibration.classes, calibration.curves, strict=True):
        if name in task.classes:
            at = task.classes.index(name)
            table[:, at] = curve.of(probabilities[:, at])
    total = table.sum(axis=1, keepdims=True)
    return np.where(total > 0.0, table / np.where(total > 0.0, total, 1.0), probabilities)


def curve_of(probabilities: FloatArray, happened: NDArray[np.bool_]) -> Curve:
    """The rising map of (n,) probabilities, n >= 1, to how often they came true."""
    distinct, inverse = np.unique(probabilities, return_inverse=True)
    tally = np.bincount(inverse, minlength=len(distinct))
    middle = np.cumsum(tally) - tally / 2  # of the pairs with the same probability
    group = np.unique(np.searchsorted(_bounds(len(probabilities)), middle), return_inverse=True)[1][inverse]
    sizes = np.bincount(group).tolist()
    sums, hits = np.bincount(group, probabilities).tolist(), np.bincount(group, happened).tolist()
    pools: list[tuple[float, float, int]] = []  # hits, sum of probabilities, pairs
    for hit, total, n in zip(hits, sums, sizes, strict=True):
        pools.append((hit, total, n))
        while len(pools) > 1 and (pools[-2][0] * pools[-1][2] > pools[-1][0] * pools[-2][2] or _few(pools)):
            a, b = pools.pop(), pools.pop()
            pools.append((a[0] + b[0], a[1] + b[1], a[2] + b[2]))
    return Curve(
        scores=tuple(total / n for _, total, n in pools),
        rates=tuple(hit / n for hit, _, n in pools),
        sizes=tuple(n for _, _, n in pools),
    )


def _bounds(n: int) -> NDArray[np.int64]:
    """Where groups of n sorted pairs end: of n / GROUPS pairs, at both ends smaller, where the decisions on rare classes fall."""
    size = max(LEAST, -(-n // GROUPS))
    tail = [LEAST * 2**at for at in range(size.bit_length()) if LEAST * 2**at < size]
    ends = np.cumsum(tail, dtype=np.int64)
    inner = np.arange(int(ends[-1]) if tail else 0, n // 2, size)
    lower = np.unique(np.concatenate([ends, inner[inner > 0]]))
    lower = lower[lower <= n // 2]
    return np.concatenate([lower, n - lower[::-1]])


def _few(pools: list[tuple[float, float, int]]) -> bool:
    """Whether the two last are too small to stand alone, or too near to draw a line through."""
    (_, first, n), (_, second, m) = pools[-2:]
    return min(n, m) < LEAST or second / m <= first / n


def _check(curve: Curve) -> None:
    k = len(curve.scores)
    sound = 1 <= k <= MOST_GROUPS and len(curve.rates) == k and len(curve.sizes) == k
    sound = sound and all(0.0 <= x <= 1.0 for x in (*curve.scores, *curve.rates)) and min(curve.sizes) >= 1
    rising = all(a < b for a, b in pairwise(curve.scores)) and all(a <= b for a, b in pairwise(curve.rates))
    if not sound or not rising:
        raise CorruptState("calibration: a curve that does not rise inside 0..1")
