"""Values of many series into the bins of their slots, and those into counts."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.sequential.choices import PARTS
from stream_monitor.core.sequential.slots import Slots, tie_breakers
from stream_monitor.core.sequential.sums import Layout
from stream_monitor.core.window import BLOCK

Bins = NDArray[np.uint8]


class Sorter(NamedTuple):
    """The slots of n series. seeds: (n,), modulo 2^64. ordinals: (n,) of their first new values."""

    slots: Sequence[Slots]
    seeds: NDArray[np.uint64]
    ordinals: NDArray[np.int64]

    def bins(self, layout: Layout, values: FloatArray) -> Bins:
        """(N, BLOCK) of values (N, BLOCK)."""
        many = np.array([len(slots.edges) for slots in self.slots])
        seeds, starts = layout.each(self.seeds), layout.each(self.ordinals) + layout.places()[0] * BLOCK
        out = np.empty(values.shape, np.uint8)
        for edges in np.unique(many).tolist():
            member = np.flatnonzero(many == edges)
            mine, part = layout.part(member)
            slots = [self.slots[at] for at in member.tolist()]
            if edges == 1:  # of a constant: any other value is above it
                level = np.array([one.edges[0] for one in slots])
                out[mine] = values[mine] != part.each(level)[:, None]
            else:
                out[mine] = _ordered(slots, part.size, values[mine], seeds[mine], starts[mine])
        return out


def counted(layout: Layout, bins: Bins, k: int, usable: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(m, PARTS, n, k) of bins (N, BLOCK), 0 in blocks (N,) that are not usable."""
    n, m = len(layout.size), int(layout.size.max())
    step, series = layout.places()
    first = (step * (PARTS * n) + series)[:, None] + np.arange(PARTS) * n
    cell = (first * k)[..., None] + bins.reshape(len(bins), PARTS, -1)
    if not usable.all():
        cell = cell[usable]
    return np.bincount(cell.ravel(), minlength=m * PARTS * n * k).reshape(m, PARTS, n, k)


def _ordered(
    slots: Sequence[Slots],
    size: NDArray[np.int64],
    values: FloatArray,
    seeds: NDArray[np.uint64],
    starts: NDArray[np.int64],
) -> Bins:
    """By (value, tie-breaker); tie-breakers are made where a value is an edge. slots: with the same number of edges."""
    edges = np.stack([one.edges for one in slots], axis=1)
    turned = np.ascontiguousarray(values.T)
    below = _passed(np.repeat(edges, size, axis=1), turned)
    beyond = np.append(edges.T, np.full((len(slots), 1), np.nan), axis=1)
    first = np.repeat(np.arange(0, beyond.size, beyond.shape[1]), size)
    tied = beyond.take(below + first) == turned
    if tied.any():
        place, block = np.nonzero(tied)
        key = below.astype(np.float64)
        key[tied] += tie_breakers(seeds[block], starts[block] + place)
        below = _passed(np.repeat(np.stack([one.keys for one in slots], axis=1), size, axis=1), key)
    return below.T


def _passed(edges: FloatArray, values: FloatArray) -> Bins:
    """How many of the edges (k, N) each value (BLOCK, N) is above. Comparing with all is faster than searching one by one."""
    number = np.zeros(values.shape, np.uint8)
    above = np.empty(values.shape, np.bool_)
    for edge in edges:
        np.greater(values, edge, out=above)
        number += above.view(np.uint8)
    return number
