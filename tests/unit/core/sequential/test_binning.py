"""Bins next to those found one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core.sequential.binning import Sorter
from stream_monitor.core.sequential.choices import NUMERIC_BINS
from stream_monitor.core.sequential.layout import Layout
from stream_monitor.core.sequential.slots import Slots, slots_of_levels, slots_of_numbers, tie_breakers
from stream_monitor.core.window import BLOCK
from tests.unit.core.sequential.plain import Slotted

SIZES = (3, 1, 5)
ONE = Layout.of(np.array([1]))
LAYOUT = Layout.of(np.array(SIZES))
BINS = 8
SEEDS = np.array([0, 2**63 + 1, 2], np.uint64)
ORDINALS = np.array([0, 1_024, 2_048])


@pytest.mark.parametrize("levels", [[0, 0, 0], [5, 5, 5], [0, 5, 0], [1, 5, 0], [1, 1, 3]])
def test_bins_are_those_of_single_values(levels: list[int]) -> None:
    random = np.random.default_rng(3)
    slots: list[Slots] = []
    values, expected = [], []
    for at, (size, many) in enumerate(zip(SIZES, levels, strict=True)):
        draw = random.normal(size=200 + size * BLOCK)
        if many:
            draw = random.integers(0, many, 200 + size * BLOCK).astype(np.float64)
            draw[-1] += 1.0
        ties = tie_breakers(int(SEEDS[at]), ORDINALS[at] - 200 + np.arange(len(draw)))
        few = 0 < many < 5
        slots.append(
            slots_of_levels(draw[:200], ties[:200]) if few else slots_of_numbers(draw[:200], ties[:200], BINS)
        )
        values.append(draw[200:])
        edges = [*zip(slots[-1].edges.tolist(), slots[-1].ties.tolist(), strict=True)]
        expected += Slotted(edges, []).bins(draw[200:], ties[200:])
    bins = np.empty((sum(SIZES), BLOCK), np.uint8)
    Sorter(LAYOUT, SEEDS, ORDINALS).sort(slots, np.concatenate(values).reshape(-1, BLOCK), bins)
    assert bins.ravel().tolist() == expected


numbers = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.integers(-4, 4).map(float))


@given(st.lists(numbers, min_size=2, max_size=40), st.integers(0, 2**32))
def test_whatever_the_numbers_and_however_close_the_edges(drawn: list[float], seed: int) -> None:
    random = np.random.default_rng(seed)
    sample, values = random.choice(drawn, 200), random.choice([*drawn, 0.5, -1e308], BLOCK)
    slots = slots_of_numbers(sample, tie_breakers(seed, np.arange(200)), NUMERIC_BINS)
    found = np.empty((1, BLOCK), np.uint8)
    Sorter(ONE, np.array([seed], np.uint64), np.array([200])).sort([slots], values[None], found)
    ties = tie_breakers(seed, 200 + np.arange(BLOCK))
    edges = [*zip(slots.edges.tolist(), slots.ties.tolist(), strict=True)]
    each = zip(values.tolist(), ties.tolist(), strict=True)
    assert found[0].tolist() == [sum(edge < one for edge in edges) for one in each]
