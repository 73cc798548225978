"""Where the all but never seen begins: for each feature the values so far out that an event with one is an outlier.

By tail probability p under the feature's reference: a value counts if p <= ALARM / m with m features, so that an event is
called an outlier equally seldom whether it has 5 features or 500 (Bonferroni). Its score is -log10(p · m): 3 where an outlier
begins, and one more for each time it is ten times as rare. A reference of n values says nothing of
tails thinner than 1/n: beyond its range the tail is taken to go on exponentially (Pickands, Ann. Statist. 3, 1975, with shape
0), as steep as it was in the outermost bin. A tail that is heavier makes more outliers; what is watched is their rate.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from stream_monitor.core.bin_edges import few_values
from stream_monitor.core.detector import FloatArray, Kind
from stream_monitor.core.reference import Reference

ALARM: Final = (
    1e-3  # share of events that are outliers while nothing is wrong, at most, as far as tails are as assumed
)


HIGHEST: Final = 300.0  # score: no float is rarer


class Tail(NamedTuple):
    """kind: of the reference it was made for. low, high: numbers beyond are outliers. base: the score where they begin.

    falling, rising: score of a number for each unit that it lies further out. rare: scores by category, and other; 0: no outlier.
    """

    kind: Kind
    low: float
    high: float
    base: float
    falling: float
    rising: float
    rare: tuple[float, ...]

    def scores(self, numbers: FloatArray) -> FloatArray:
        """Of values (k,) that are outliers, categories by their place: (k,). Each by itself, to the last bit."""
        if self.kind is Kind.CATEGORICAL:
            return np.array(self.rare)[numbers.astype(np.intp)]
        out = np.where(numbers > self.high, numbers - self.high, self.low - numbers)
        steep = np.where(numbers > self.high, self.rising, self.falling)
        return np.minimum(self.base + out * steep, HIGHEST)


def tail_of(reference: Reference, features: int) -> Tail | None:
    """What is an outlier of one of so many features; None where nothing is: identifiers, truth values, constants.

    >>> from stream_monitor.core.reference import learn_categorical
    >>> tail = tail_of(learn_categorical(["a"] * 9_999 + ["b"], unusable=0, cap=64), 1)
    >>> [round(score, 1) for score in tail.rare]
    [0.0, 3.7, 0.0]
    """
    if reference.kind is Kind.CATEGORICAL:
        return Tail(reference.kind, 0.0, 0.0, 0.0, 0.0, 0.0, _rare(reference.counts, features))
    edges, counts = reference.edges, reference.counts
    if reference.kind is not Kind.NUMERIC or edges[0] == edges[-1]:
        return None
    share = ALARM / (2 * features)
    high, rising = _reach(edges[::-1], counts[::-1], reference.size, share)
    low, falling = _reach(edges, counts, reference.size, share)
    base = max(-math.log10(ALARM), math.log10((reference.size + 1) / (2 * features)))
    return Tail(reference.kind, edges[0] - low, edges[-1] + high, base, falling, rising, ())


def _reach(
    edges: Sequence[float], counts: Sequence[int], size: int, share: float
) -> tuple[float, float]:  # fmt: skip
    """How far beyond the first of `edges` a tail of `share` of all values begins; and how many powers of ten rarer it is for
    each unit further out. counts: outside, then bins inwards.

    The step from the tail of the bin's share to that of 1/size took the width of the outermost bin.
    """
    width = abs(edges[1] - edges[0])
    if few_values(sorted(edges)) or width == 0.0:  # levels: the next one is as far away as the last two are
        reach = width or abs(edges[-1] - edges[0])
        return reach, 1 / (math.log(10) * reach)
    inside = max(2.0, float(counts[0] + counts[1]))
    scale = width / math.log(inside)
    return scale * max(0.0, math.log(1 / (share * (size + 1)))), 1 / (math.log(10) * scale)


def _rare(counts: Sequence[int], features: int) -> tuple[float, ...]:
    """Scores of categories: all that are as rare, together, hold that share of the values; 0 of what is no outlier. One that the
    reference does not know is none of them: that is a fault.
    """
    shares = (np.array(counts, np.float64) + 0.5) / (sum(counts) + 1)
    together = [float(shares[shares <= one].sum()) * features for one in shares]
    scores = [-math.log10(one) if one <= ALARM else 0.0 for one in together]
    return (*scores[:-1], scores[-1] if counts[-1] > 0 else 0.0)
