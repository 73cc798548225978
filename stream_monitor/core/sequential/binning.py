"""Values of many series into the bins of their slots."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.sequential.slots import CELLS, Slots, cells, tie_breakers
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
        rounds = [0 if len(one.edges) == 1 else one.most.bit_length() for one in self.slots]
        seeds, starts = layout.each(self.seeds), layout.each(self.ordinals) + layout.places()[0] * BLOCK
        out = np.empty(values.shape, np.uint8)
        for many in sorted(set(rounds)):
            member = np.flatnonzero(np.array(rounds) == many)
            mine, part = layout.part(member)
            slots = [self.slots[at] for at in member.tolist()]
            if many == 0:  # of a constant: any other value is above it
                level = np.array([one.edges[0] for one in slots])
                out[mine] = values[mine] != part.each(level)[:, None]
            else:
                out[mine] = _ordered(slots, part, values[mine], seeds[mine], starts[mine])
        return out


def _ordered(
    slots: Sequence[Slots],
    layout: Layout,
    values: FloatArray,
    seeds: NDArray[np.uint64],
    starts: NDArray[np.int64],
) -> Bins:
    """By (value, tie-breaker): from the edges below its cell on, a value is compared with those in it. Tie-breakers are made
    where a value is an edge. slots: whose `most` have the same number of bits.
    """
    steps = [2**bit for bit in range(slots[0].most.bit_length())][::-1]
    edges = _lines([one.edges for one in slots], sum(steps))
    first = layout.each(np.arange(len(slots)) * edges.shape[1])[:, None]
    place = cells(
        values,
        layout.each(np.array([one.low for one in slots]))[:, None],
        layout.each(np.array([one.scale for one in slots]))[:, None],
    )
    place += layout.each(np.arange(len(slots)) * CELLS)[:, None]
    at = np.concatenate([one.below for one in slots]).take(place) + first
    for step in steps:
        at += step * (edges.take(at + (step - 1)) < values)
    tied = np.flatnonzero(edges.take(at) == values)
    if len(tied):
        block = tied // BLOCK
        keys, edge = _lines([one.keys for one in slots], sum(steps)), at.ravel()[tied]
        key = edge - first.ravel()[block] + tie_breakers(seeds[block], starts[block] + tied % BLOCK)
        while len(tied):
            above = keys.take(edge) < key
            tied, edge, key = tied[above], edge[above] + 1, key[above]
            at.ravel()[tied] = edge
    below: Bins = (at - first).astype(np.uint8)
    return below


def _lines(lines: Sequence[FloatArray], more: int) -> FloatArray:
    """As rows, ended by at least so many numbers above all others."""
    out = np.full((len(lines), max(map(len, lines)) + more), np.inf)
    for row, line in zip(out, lines, strict=True):
        row[: len(line)] = line
    return out
