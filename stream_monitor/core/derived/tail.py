"""Where the all but never seen begins: for each feature the values so far out that an event with one is an outlier.

By tail probability p under the feature's reference: a value counts if p <= ALARM / m with m features, so that an event is
called an outlier equally seldom whether it has 5 features or 500 (Bonferroni). A reference of n values says nothing of
tails thinner than 1/n: beyond its range the tail is taken to go on exponentially (Pickands, Ann. Statist. 3, 1975, with shape
0), as steep as it was in the outermost bin. A tail that is heavier makes more outliers; what is watched is their rate.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from stream_monitor.core.bin_edges import few_values
from stream_monitor.core.detector import Kind
from stream_monitor.core.reference import Reference

ALARM: Final = (
    1e-3  # share of events that are outliers while nothing is wrong, at most, as far as tails are as assumed
)


class Tail(NamedTuple):
    """kind: of the reference it was made for. low, high: numbers beyond are outliers. rare: by category, and other."""

    kind: Kind
    low: float
    high: float
    rare: tuple[bool, ...]


def tail_of(reference: Reference, features: int) -> Tail | None:
    """What is an outlier of one of so many features; None where nothing is: identifiers, truth values, constants.

    >>> from stream_monitor.core.reference import learn_categorical
    >>> tail_of(learn_categorical(["a"] * 9_999 + ["b"], unusable=0, cap=64), 1).rare
    (False, True, False)
    """
    if reference.kind is Kind.CATEGORICAL:
        return Tail(reference.kind, 0.0, 0.0, _rare(reference.counts, ALARM / features))
    edges, counts = reference.edges, reference.counts
    if reference.kind is not Kind.NUMERIC or edges[0] == edges[-1]:
        return None
    share = ALARM / (2 * features)
    high = _reach(edges[::-1], counts[::-1], reference.size, share)
    low = _reach(edges, counts, reference.size, share)
    return Tail(reference.kind, edges[0] - low, edges[-1] + high, ())


def _reach(edges: Sequence[float], counts: Sequence[int], size: int, share: float) -> float:
    """How far beyond the first of `edges` a tail of `share` of all values begins. counts: outside, then bins inwards.

    The step from the tail of the bin's share to that of 1/size took the width of the outermost bin.
    """
    width = abs(edges[1] - edges[0])
    if few_values(sorted(edges)) or width == 0.0:  # levels: the next one is as far away as the last two are
        return width or abs(edges[-1] - edges[0])
    inside = max(2.0, float(counts[0] + counts[1]))
    scale = width / math.log(inside)
    return scale * max(0.0, math.log(1 / (share * (size + 1))))


def _rare(counts: Sequence[int], share: float) -> tuple[bool, ...]:
    """Whether all categories that are as rare, together, hold at most `share` of the values. One that the reference does not
    know is none of them: that is a fault.
    """
    shares = (np.array(counts, np.float64) + 0.5) / (sum(counts) + 1)
    together = np.array([shares[shares <= one].sum() for one in shares])
    rare = together <= share
    rare[-1] &= counts[-1] > 0
    return tuple(rare.tolist())
