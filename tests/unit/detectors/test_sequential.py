"""One series of the sequential test as a detector: where it fires in a column, and what it shows."""

import numpy as np
import pytest

from stream_monitor.core.errors import CorruptState
from stream_monitor.core.sequential.series import Blocks
from stream_monitor.core.sequential.tests import SequentialTests
from stream_monitor.core.window import BLOCK
from stream_monitor.detectors.sequential import SEQUENTIAL

COLUMN = np.random.default_rng(1).normal(size=4_000) + 1.5 * (np.arange(4_000) >= 2_500)


def _by_the_core(budget: float) -> list[int]:
    blocks = len(COLUMN) // BLOCK
    weights = np.full(blocks, BLOCK / budget)
    tests = SequentialTests()
    tests.add("x", seed=3)
    numbers = COLUMN[: blocks * BLOCK].reshape(-1, BLOCK)
    arrived = Blocks(numbers, np.zeros(numbers.shape, np.int64), weights)
    return [(alarm.at + 1) * BLOCK - 1 for alarm in tests.advance({"x": arrived})["x"]]


@pytest.mark.parametrize("sizes", [[4_000], [1, 31, 32, 33, 3_903], [2_513, 7, 1_480]])
def test_it_fires_at_the_last_value_of_the_block_that_decided(sizes: list[int]) -> None:
    detector = SEQUENTIAL.build({"values_per_alarm": 5_000}, seed=3)
    places, start = [], 0
    for size in sizes:
        found = detector.update(COLUMN[start : start + size])
        places += [start + detection.at for detection in found]
        assert all(detection.statistic >= detection.threshold == 1.0 for detection in found)
        start += size
    assert places == _by_the_core(5_000)
    assert [2_500 <= at < 2_600 for at in places] == [True, True]  # the second confirms


def test_rarer_alarms_come_a_little_later() -> None:
    column = np.random.default_rng(1).normal(size=6_000) + 0.6 * (np.arange(6_000) >= 2_500)
    first = [
        SEQUENTIAL.build({"values_per_alarm": budget}, seed=3).update(column)[0].at
        for budget in (1e4, 1e7, 1e15)
    ]
    assert first == sorted(first)
    assert 2_500 <= first[0] < first[-1] < 3_000


def test_values_that_are_not_finite_are_refused_before_any_is_used() -> None:
    detector = SEQUENTIAL.build({}, seed=3)
    before = detector.dump()
    with pytest.raises(ValueError, match="finite"):
        detector.update(np.array([1.0, np.nan]))
    assert detector.dump() == before


def test_gauges_say_what_the_test_sees() -> None:
    detector = SEQUENTIAL.build({}, seed=3)
    assert detector.gauges() == {
        "evidence": 0.0,
        "lag_1": 0.0,
        "values_white": 1.0,
        "views_white": 0.0,
        "learning": 1.0,
    }
    detector.update(COLUMN[:2_000])
    white = detector.gauges()
    assert (white["values_white"], white["learning"]) == (1.0, 0.0)
    assert white["views_white"] == 0
    assert 0 < white["evidence"] < 1
    walk = np.cumsum(np.random.default_rng(2).normal(size=20_000))
    detector = SEQUENTIAL.build({}, seed=3)
    detector.update(walk)
    assert detector.gauges()["values_white"] == 0.0
    assert detector.gauges()["lag_1"] > 0.5


def test_a_full_block_in_waiting_is_refused() -> None:
    detector = SEQUENTIAL.build({}, seed=3)
    state = {**detector.dump(), "waiting": bytes(8 * BLOCK)}
    with pytest.raises(CorruptState, match="waiting"):
        SEQUENTIAL.load({}, state, seed=3)
