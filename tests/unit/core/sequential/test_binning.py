"""Counts next to bins found one by one."""

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from stream_monitor.core.sequential.binning import Sorter
from stream_monitor.core.sequential.choices import PARTS
from stream_monitor.core.sequential.slots import slots_of_numbers, tie_breakers
from stream_monitor.core.sequential.sums import Layout
from stream_monitor.core.window import BLOCK

SIZES = (3, 1, 5)
BINS = 8


@pytest.mark.parametrize("levels", [0, 5])
@pytest.mark.parametrize("known", [False, True])
def test_counts_are_those_of_single_values(levels: int, known: bool) -> None:
    random = np.random.default_rng(3)
    slots, values, expected = [], [], np.zeros((max(SIZES), PARTS, len(SIZES), BINS), int)
    found: Mapping[int, NDArray[np.intp]] = {}
    usable = np.arange(sum(SIZES)) != 5
    for at, size in enumerate(SIZES):
        draw = (
            random.normal(size=(200 + size * BLOCK))
            if not levels
            else random.integers(0, levels, 999).astype(np.float64)
        )
        slots.append(slots_of_numbers(draw[:200], tie_breakers(at, np.arange(200)), BINS))
        values.append(draw[200 : 200 + size * BLOCK])
        bins = slots[-1].bin(values[-1], at, 1_000 * at + np.arange(size * BLOCK))
        for place, where in enumerate(bins.tolist()):
            if sum(SIZES[:at]) + place // BLOCK != 5:
                expected[place // BLOCK, place % BLOCK // (BLOCK // PARTS), at, where] += 1
        if known and at == 1:
            found = {1: bins}
    sorter = Sorter(slots, [0, 1, 2], [0, 1_000, 2_000], found)
    counts = sorter.counts(Layout.of(np.array(SIZES)), np.concatenate(values).reshape(-1, BLOCK), usable)
    assert counts.tolist() == expected.tolist()
