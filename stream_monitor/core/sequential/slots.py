"""Slots: bins whose probability under the null is known exactly, whatever the distribution of the values.

The rank of a new value among m earlier ones of an exchangeable stream is uniform over m + 1 places, ties broken at random.
So with bins whose edges are order statistics of a first sample, P(bin | past) is the number of places in the bin over all
places: a Polya urn that starts from the places and gains one with every value (Vovk et al., Algorithmic Learning in a
Random World, 2nd ed., ch. 8; ties by smoothed ranks).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray, Plain
from stream_monitor.core.fields import Fields, as_bytes
from stream_monitor.core.sequential.choices import TAIL

MOST: Final = 32  # bins
_MIX: Final = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


class Slots:
    """edges, ties: (K-1,) order statistics of the first sample with their tie-breakers, ascending. places: (K,) counts.

    lines: (2, MOST) edges, and keys that are ordered as (edge, tie-breaker) are; infinite behind the last.
    """

    __slots__ = ("edges", "lines", "places", "ties")

    def __init__(self, edges: FloatArray, ties: FloatArray, places: NDArray[np.int64]) -> None:
        self.edges = edges
        self.ties = ties
        self.places = places
        self.lines = np.full((2, MOST), np.inf)
        self.lines[:, : len(edges)] = edges, np.searchsorted(edges, edges, side="left") + ties

    def dump(self) -> dict[str, Plain]:
        """Explicit fields."""
        return {
            "edges": as_bytes(self.edges, "<f8"),
            "ties": as_bytes(self.ties, "<f8"),
            "places": as_bytes(self.places, "<u2"),
        }

    @classmethod
    def load(cls, fields: Fields) -> "Slots":
        """The inverse of `dump`. Raises CorruptState."""
        edges, ties = fields.array("edges", "<f8"), fields.array("ties", "<f8")
        places = fields.array("places", "<u2").astype(np.int64)
        if not 0 < len(edges) == len(ties) == len(places) - 1 < MOST or (places < 1).any():
            raise fields.wrong("places", "slots do not fit")
        if (np.diff(edges) < 0).any() or (ties < 0).any() or (ties >= 1).any():
            raise fields.wrong("edges", "not ascending")
        return cls(edges, ties, places)


def slots_of_numbers(sample: FloatArray, ties: FloatArray, bins: int) -> Slots:
    """`bins` bins, TAIL places in the first and the last, nearly equal numbers in the others. sample, ties: (m,)."""
    order = np.lexsort((ties, sample))
    m = len(sample)
    ranks = np.round(TAIL + np.arange(bins - 1) * (m + 1 - 2 * TAIL) / (bins - 2)).astype(np.int64)
    at = order[ranks - 1]
    return Slots(sample[at], ties[at], np.diff(ranks, prepend=0, append=m + 1))


def slots_of_levels(sample: FloatArray, ties: FloatArray) -> Slots:
    """A bin for every distinct value, and one for what lies above all of them. sample, ties: (m,)."""
    order = np.lexsort((ties, sample))
    ordered = sample[order]
    last = np.flatnonzero(np.append(np.diff(ordered) > 0, values=True))  # of every level
    places = np.diff(last + 1, prepend=0, append=len(sample) + 1)
    return Slots(ordered[last], ties[order][last], places)


def tie_breakers(seeds: int | NDArray[np.uint64], ordinals: NDArray[np.int64]) -> FloatArray:
    """Uniform numbers in [0, 1), any shape, from a hash of the seed and the ordinal: a replay breaks every tie the same way.

    The seed is hashed first: with seed + ordinal, one seed would give another's numbers a value later, and they must look
    independent. SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
    """
    start = _mixed(np.atleast_1d(np.asarray(seeds, np.uint64)) * _MIX[0])
    mixed = _mixed(start + ordinals.astype(np.uint64) * _MIX[0])
    return np.asarray((mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53)


def _mixed(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64, modulo 2^64; any shape."""
    z = (z ^ (z >> np.uint64(30))) * _MIX[1]
    z = (z ^ (z >> np.uint64(27))) * _MIX[2]
    return z ^ (z >> np.uint64(31))
