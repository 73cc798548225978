"""The formula of the expected delay; that it is true is measured in tests/statistical/test_expected_delay.py."""

import math

import numpy as np
import pytest

from stream_monitor.core.expected_delay import (
    Sensitivity,
    information_of_shares,
    information_of_shift,
    least_information_of_moved,
)
from stream_monitor.core.window import BLOCK

ORACLE_WITH_BUDGET_1E5 = {0.1: 942, 0.25: 205, 0.5: 63, 1.0: 18}  # docs/benchmarks/detection.md


@pytest.mark.parametrize(("shift", "delay"), ORACLE_WITH_BUDGET_1E5.items())
def test_without_its_price_it_is_the_delay_of_who_knows_both_distributions(shift: float, delay: int) -> None:
    information = information_of_shift(shift)
    price = Sensitivity(values_per_alarm=2).needed(1e-12)  # nothing is left of the logarithm
    known = Sensitivity(values_per_alarm=1e5).needed(information) - price
    assert known / information == pytest.approx(delay, rel=0.06)


def test_a_larger_change_is_found_sooner_but_only_at_the_end_of_a_block() -> None:
    test = Sensitivity(values_per_alarm=1e6, past=10_000)
    delays = [test.delay(information_of_shift(shift)) for shift in np.linspace(0.1, 10, 200)]
    assert delays == sorted(delays, reverse=True)
    assert BLOCK / 2 < delays[-1] < BLOCK


def test_a_thousandth_of_the_budget_costs_seven_nats() -> None:
    strict, eager = Sensitivity(values_per_alarm=1e8), Sensitivity(values_per_alarm=1e5)
    assert strict.needed(0.1) - eager.needed(0.1) == pytest.approx(math.log(1000))


def test_the_past_dilutes_a_change_until_it_is_never_found() -> None:
    information = information_of_shift(0.1)
    endless = Sensitivity(values_per_alarm=1e5).delay(information)
    assert Sensitivity(values_per_alarm=1e5, past=1e9).delay(information) == pytest.approx(endless, rel=1e-4)
    assert Sensitivity(values_per_alarm=1e5, past=5_000).delay(information) > 1.3 * endless
    assert math.isinf(Sensitivity(values_per_alarm=1e5, past=1_000).delay(information))


def test_nothing_is_no_change() -> None:
    assert math.isinf(Sensitivity(values_per_alarm=1e5).delay(0.0))


def test_no_bins_say_more_than_which_of_them() -> None:
    assert Sensitivity(values_per_alarm=1e12).delay(1e9) == Sensitivity(values_per_alarm=1e12).delay(100)


@pytest.mark.parametrize("moved", [0.01, 0.1, 0.3, 0.49])
@pytest.mark.parametrize("before", [0.5, 0.2, 0.01])
def test_moved_shares_bring_at_least_what_the_inequality_says(before: float, moved: float) -> None:
    after = before + moved
    exact = information_of_shares(np.array([1 - before, before]), np.array([1 - after, after]))
    assert exact >= least_information_of_moved(moved)


def test_a_category_that_is_gone_takes_no_part() -> None:
    halves = information_of_shares(np.array([0.5, 0.5]), np.array([1.0, 0.0]))
    assert halves == pytest.approx(math.log(2))
