"""Counts next to bins found one by one."""

import numpy as np
import pytest

from stream_monitor.core.sequential.binning import Sorter, counted
from stream_monitor.core.sequential.choices import PARTS
from stream_monitor.core.sequential.slots import Slots, slots_of_levels, slots_of_numbers, tie_breakers
from stream_monitor.core.sequential.sums import Layout
from stream_monitor.core.window import BLOCK
from tests.unit.core.sequential.plain import Slotted

SIZES = (3, 1, 5)
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
    bins = Sorter(slots, SEEDS, ORDINALS).bins(LAYOUT, np.concatenate(values).reshape(-1, BLOCK))
    assert bins.ravel().tolist() == expected


def test_counts_are_of_parts_and_of_blocks_that_are_usable() -> None:
    bins = np.random.default_rng(4).integers(0, BINS, (sum(SIZES), BLOCK)).astype(np.uint8)
    usable = np.arange(sum(SIZES)) != 5
    expected = np.zeros((max(SIZES), PARTS, len(SIZES), BINS), int)
    step, series = LAYOUT.places()
    for block in np.flatnonzero(usable).tolist():
        for place, where in enumerate(bins[block].tolist()):
            expected[step[block], place // (BLOCK // PARTS), series[block], where] += 1
    assert counted(LAYOUT, bins, BINS, usable).tolist() == expected.tolist()
