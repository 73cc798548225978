"""Slots: bins whose probability under the null is known exactly, whatever the distribution of the values.

The rank of a new value among m earlier ones of an exchangeable stream is uniform over m + 1 places, ties broken at random.
So with bins whose edges are order statistics of a first sample, P(bin | past) is the number of places in the bin over all
places: a Polya urn that starts from the places and gains one with every value (Vovk et al., Algorithmic Learning in a
Random World, 2nd ed., ch. 8; ties by smoothed ranks).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray

_MIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


@dataclass(frozen=True, slots=True)
class Slots:
    """edges, ties: (K-1,) order statistics of the first sample with their tie-breakers, ascending. places: (K,) counts."""

    edges: FloatArray
    ties: FloatArray
    places: FloatArray

    def bin(self, values: FloatArray, ties: FloatArray) -> NDArray[np.intp]:
        """Bin (n,) of every value, by (value, tie-breaker)."""
        at = np.searchsorted(self.edges, values, side="left")
        upper = np.searchsorted(self.edges, values, side="right")
        tied = np.flatnonzero(upper > at)
        if len(tied):
            keys = np.searchsorted(self.edges, self.edges, side="left") + self.ties
            at[tied] = np.searchsorted(keys, at[tied] + ties[tied], side="left")
        return at


def slots_of_numbers(sample: FloatArray, ties: FloatArray, bins: int) -> Slots:
    """`bins` bins of nearly equal numbers of places. sample, ties: (m,), m >= bins."""
    order = np.lexsort((ties, sample))
    m = len(sample)
    ranks = np.round(np.arange(1, bins) * (m + 1) / bins).astype(np.int64)
    at = order[ranks - 1]
    return Slots(sample[at], ties[at], np.diff(ranks, prepend=0, append=m + 1).astype(np.float64))


def slots_of_places(sample: FloatArray, ties: FloatArray, categories: int) -> Slots:
    """A bin for every place 0..categories-1 that occurs, and the last one also for what lies behind. sample, ties: (m,)."""
    order = np.lexsort((ties, sample))
    ordered = sample[order]
    last = np.flatnonzero(np.diff(ordered, append=np.inf) > 0)  # the last of every place that occurs
    if ordered[-1] >= categories - 1:
        last = last[:-1]
    places = np.diff(last + 1, prepend=0, append=len(sample) + 1)
    return Slots(ordered[last], ties[order][last], places.astype(np.float64))


def tie_breakers(seed: int, rows: NDArray[np.int64]) -> FloatArray:
    """Uniform numbers in [0, 1), (n,), from a hash of the series and the row: a replay breaks every tie the same way.

    The seed is hashed first: with seed + row, one seed would give another's numbers a row later, and they must look
    independent. SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
    """
    start = _mixed(np.array([seed], np.uint64) * _MIX[0])
    return (_mixed(start + rows.astype(np.uint64) * _MIX[0]) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _mixed(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64, modulo 2^64; any shape."""
    z = (z ^ (z >> np.uint64(30))) * _MIX[1]
    z = (z ^ (z >> np.uint64(27))) * _MIX[2]
    return z ^ (z >> np.uint64(31))
