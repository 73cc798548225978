"""Ranks are uniform by counting: whichever of m + 1 values came last, so many of them fall into a bin as it has places."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats  # type: ignore[import-untyped]  # no stubs

from stream_monitor.core.sequential.slots import Slots, slots_of_numbers, slots_of_places, tie_breakers

few_levels = st.lists(st.integers(0, 3), min_size=5, max_size=40)
any_numbers = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=5, max_size=40)


def _by_definition(slots: Slots, value: float, tie: float) -> int:
    return sum(
        (edge, its) < (value, tie)
        for edge, its in zip(slots.edges.tolist(), slots.ties.tolist(), strict=True)
    )


@given(st.one_of(few_levels, any_numbers), st.integers(0, 2**32 - 1), st.integers(2, 4))
@example([7] * 12, 1, 4)
@example([0] * 11 + [1], 1, 3)
def test_every_bin_gets_exactly_its_places(values: Sequence[float], seed: int, bins: int) -> None:
    numbers = np.array(values, np.float64)
    ties = tie_breakers(seed, np.arange(len(numbers)))
    got = np.zeros(bins)
    places = np.zeros(bins)
    for last in range(len(numbers)):
        others = np.arange(len(numbers)) != last
        slots = slots_of_numbers(numbers[others], ties[others], bins)
        got[slots.bin(numbers[[last]], ties[[last]])[0]] += 1
        places = slots.places
    assert got.tolist() == places.tolist()


@given(st.one_of(few_levels, any_numbers), st.integers(0, 2**32 - 1))
def test_a_bin_is_found_by_value_and_then_tie_breaker(values: Sequence[float], seed: int) -> None:
    numbers = np.array(values, np.float64)
    ties = tie_breakers(seed, np.arange(len(numbers)))
    slots = slots_of_numbers(numbers[:5], ties[:5], 4)
    expected = [_by_definition(slots, *pair) for pair in zip(numbers.tolist(), ties.tolist(), strict=True)]
    assert slots.bin(numbers, ties).tolist() == expected


@given(few_levels, st.integers(0, 2**32 - 1))
def test_a_sample_fills_its_own_places_and_leaves_one(values: Sequence[int], seed: int) -> None:
    numbers, ties = np.array(values, np.float64), tie_breakers(seed, np.arange(len(values)))
    numeric, places = slots_of_numbers(numbers, ties, 4), slots_of_places(numbers, ties, 5)
    for slots in (numeric, places):
        assert slots.places.sum() == len(values) + 1
        filled = np.bincount(slots.bin(numbers, ties), minlength=len(slots.places))
        assert (slots.places - filled).tolist() == [0] * (len(filled) - 1) + [1]


def test_every_category_has_a_bin_and_what_lies_behind_has_the_last() -> None:
    sample = np.array([0.0] * 6 + [1.0] * 3 + [2.0] * 1)
    slots = slots_of_places(sample, np.linspace(0.1, 0.9, 10), 4)
    assert slots.places.tolist() == [6, 3, 1, 1]
    assert slots.bin(np.array([0.0, 1.0, 2.0, 3.0]), np.zeros(4)).tolist() == [0, 1, 2, 3]


def test_the_last_category_takes_unseen_ones_in() -> None:
    slots = slots_of_places(np.array([0.0, 0.0, 2.0, 2.0]), np.linspace(0.1, 0.9, 4), 3)
    assert slots.places.tolist() == [2, 3]
    assert slots.bin(np.array([2.0, 9.0]), np.full(2, 0.99)).tolist() == [1, 1]


def test_bins_of_independent_values_follow_the_urn() -> None:
    """By simulation: whatever the distribution, the share of a bin is its share of the places."""
    random = np.random.default_rng(3)
    m, trials, bins = 30, 4_000, 5
    got, places = np.zeros(bins), np.zeros(bins)
    for trial in range(trials):
        values = random.poisson(0.7, m + 1).astype(np.float64)
        ties = tie_breakers(trial, np.arange(m + 1))
        slots = slots_of_numbers(values[:m], ties[:m], bins)
        got[slots.bin(values[m:], ties[m:])[0]] += 1
        places = slots.places
    assert stats.chisquare(got, trials * places / places.sum()).pvalue > 1e-3


def test_tie_breakers_are_uniform_and_say_nothing_of_each_other() -> None:
    rows = np.arange(100_000)
    one, other = tie_breakers(5, rows), tie_breakers(6, rows)
    assert stats.kstest(one, "uniform").pvalue > 1e-3
    for lag in range(4):
        assert abs(np.corrcoef(one[: 90_000 - lag], other[lag:90_000])[0, 1]) < 0.015
    assert not np.isin(one, other).any()  # seed + 1 is no shift of the rows


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1, 2**63])
def test_tie_breakers_are_of_the_row_alone(seed: int) -> None:
    whole = tie_breakers(seed, np.arange(50))
    assert whole[17:20].tolist() == tie_breakers(seed, np.array([17, 18, 19])).tolist()
    assert (whole >= 0).all()
    assert (whole < 1).all()
