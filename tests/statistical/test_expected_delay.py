"""The delay that `explain` expects, next to the delay of the sequential test itself."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from stream_monitor.core.expected_delay import Sensitivity, information_of_shares, information_of_shift
from stream_monitor.core.sequential.series import Blocks
from stream_monitor.core.sequential.tests import SequentialTests
from stream_monitor.core.window import BLOCK
from stream_monitor.detectors.sequential import SEQUENTIAL

PAST, HORIZON, CHUNK, TRIALS = 4_000, 10_000, 512, 32
Draw = Callable[[np.random.Generator, int], NDArray[np.float64]]


def normal(mean: float) -> Draw:
    return lambda random, n: random.normal(mean, 1, n)


def boolean(rate: float) -> Draw:
    return lambda random, n: (random.random(n) < rate).astype(np.float64)


def of_rates(before: float, after: float) -> float:
    return information_of_shares(np.array([1 - before, before]), np.array([1 - after, after]))


def measured(before: Draw, after: Draw, values_per_alarm: float) -> float:
    """Mean delay over trials in which the change comes at any place of a block; none before the change counts."""
    random = np.random.default_rng(7)
    delays = []
    for trial in range(TRIALS):
        detector = SEQUENTIAL.build({"values_per_alarm": values_per_alarm}, seed=trial)
        detector.update(before(random, PAST + int(random.integers(32))))
        delays.append(HORIZON)
        for begin in range(0, HORIZON, CHUNK):
            found = detector.update(after(random, CHUNK))
            if found:
                delays[-1] = begin + found[0].at + 1
                break
    return float(np.mean(delays))


@pytest.mark.parametrize(
    ("before", "after", "information", "values_per_alarm"),
    [
        (normal(0), normal(0.25), information_of_shift(0.25), 1e5),
        (normal(0), normal(0.5), information_of_shift(0.5), 1e5),
        (normal(0), normal(1), information_of_shift(1), 1e5),
        (normal(0), normal(2), information_of_shift(2), 1e5),
        (normal(0), normal(0.5), information_of_shift(0.5), 1e7),
        (boolean(0.05), boolean(0.1), of_rates(0.05, 0.1), 1e5),
        (boolean(0.3), boolean(0.4), of_rates(0.3, 0.4), 1e5),
        (boolean(0.02), boolean(0.1), of_rates(0.02, 0.1), 1e6),
    ],
    ids=["+.25", "+.5", "+1", "+2", "+.5, 1 in 1e7", "5 to 10 %", "30 to 40 %", "2 to 10 %, 1 in 1e6"],
)
def test_the_expected_delay_is_that_of_the_test(
    before: Draw, after: Draw, information: float, values_per_alarm: float
) -> None:
    expected = Sensitivity(values_per_alarm=values_per_alarm, past=PAST).delay(information)
    assert expected == pytest.approx(measured(before, after, values_per_alarm), rel=0.35)


@pytest.mark.parametrize(("before", "after"), [(0.05, 0.1), (0.3, 0.4)])
def test_that_of_a_test_for_rises_alone_too(before: float, after: float) -> None:
    information = of_rates(before, after)
    one, both = (
        Sensitivity(values_per_alarm=1e5, past=PAST, upward=upward).delay(information)
        for upward in (True, False)
    )
    delays = []
    for trial in range(TRIALS):
        random, tests = np.random.default_rng(trial), SequentialTests()
        tests.add("errors", seed=trial, upward=True)
        values = np.concatenate(
            [boolean(before)(random, PAST), boolean(after)(random, HORIZON - HORIZON % BLOCK)]
        )
        blocks = values.reshape(-1, BLOCK)
        times = np.zeros(blocks.shape, np.int64)
        found = tests.advance({"errors": Blocks(blocks, times, np.full(len(blocks), BLOCK / 1e5))})
        late = [(alarm.at + 1) * BLOCK - PAST for alarm in found.get("errors", ())]
        delays.append(next((delay for delay in late if delay > 0), HORIZON))
    assert one < both
    assert one == pytest.approx(float(np.mean(delays)), rel=0.35)


def test_what_the_past_dilutes_is_not_found() -> None:
    """A twentieth of a standard deviation against 1,000 values brings little more than one nat in all."""
    assert math.isinf(Sensitivity(values_per_alarm=1e5, past=1_000).delay(information_of_shift(0.05)))
    random, found = np.random.default_rng(8), 0
    for trial in range(8):
        detector = SEQUENTIAL.build({"values_per_alarm": 1e5}, seed=trial)
        detector.update(random.normal(size=1_000))
        found += bool(detector.update(random.normal(0.05, 1, HORIZON)))
    assert found <= 2
