"""Bins of many series at once are those that comparing with every edge says."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.sequential.binning import Sorter
from stream_monitor.core.sequential.layout import Layout
from stream_monitor.core.sequential.slots import MOST, Slots, tie_breakers
from stream_monitor.core.window import BLOCK

numbers = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.integers(-3, 3).map(float))
edges = st.lists(numbers, min_size=1, max_size=MOST - 1)


def slow_bins(slots: Slots, values: FloatArray, ties: FloatArray) -> list[int]:
    """By (value, tie-breaker); of a constant, any other value is above it."""
    if len(slots.edges) == 1:
        return [int(value != slots.edges[0]) for value in values.tolist()]
    below = slots.edges < values[:, None]
    same = slots.edges == values[:, None]
    key = np.searchsorted(slots.edges, values) + ties
    below |= same & (slots.lines[1, : len(slots.edges)] < key[:, None])
    return [sum(row) for row in below.tolist()]


@given(st.lists(st.tuples(edges, st.integers(1, 3)), min_size=1, max_size=4), st.integers(0, 2**32))
def test_bins(series: list[tuple[list[float], int]], seed: int) -> None:
    random, n = np.random.default_rng(seed), len(series)
    slots = [
        Slots(np.sort(some), random.random(len(some)), np.ones(len(some) + 1, int)) for some, _ in series
    ]
    for one in slots:  # of one edge with the next, in order
        one.lines[1, : len(one.edges)].sort()
    sizes = np.array([size for _, size in series])
    seeds, ordinals = random.integers(0, 2**63, n).astype(np.uint64), random.integers(0, 2**40, n)
    values = np.concatenate([random.choice([*some, 0.5, -1e308], (size, BLOCK)) for some, size in series])
    left_out = random.random(n) < 0.2
    out = np.full(values.shape, 99, np.uint8)
    chosen = [None if out_ else one for one, out_ in zip(slots, left_out.tolist(), strict=True)]
    layout = Layout.of(sizes)
    Sorter(layout, seeds, ordinals).sort(chosen, values, out)
    for at, one in enumerate(slots):
        mine = slice(layout.first[at], layout.first[at] + sizes[at])
        ties = tie_breakers(int(seeds[at]), ordinals[at] + np.arange(sizes[at] * BLOCK))
        expected = slow_bins(one, values[mine].ravel(), ties)
        assert out[mine].ravel().tolist() == ([99] * len(expected) if left_out[at] else expected)
