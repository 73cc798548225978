"""Ranks are uniform by counting: whichever of m + 1 values came last, so many of them fall into a bin as it has places."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats  # type: ignore[import-untyped]  # no stubs

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.fields import Fields
from stream_monitor.core.sequential.choices import TAIL
from stream_monitor.core.sequential.slots import MOST, Slots, slots_of_levels, slots_of_numbers, tie_breakers

few_levels = st.lists(st.integers(0, 3), min_size=5, max_size=40)
any_numbers = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=5, max_size=40)


def _bins(slots: Slots, values: FloatArray, seed: int, ordinals: NDArray[np.int64]) -> list[int]:
    """By value and then tie-breaker."""
    pairs = zip(values.tolist(), tie_breakers(seed, ordinals).tolist(), strict=True)
    edges = [*zip(slots.edges.tolist(), slots.ties.tolist(), strict=True)]
    return [sum(edge < pair for edge in edges) for pair in pairs]


@given(
    st.one_of(*(kind.filter(lambda some: len(some) > 2 * TAIL + 4) for kind in (few_levels, any_numbers))),
    st.integers(0, 2**32 - 1),
    st.integers(3, 5),
)
@example([7] * 13, 1, 4)
@example([0] * 12 + [1], 1, 3)
def test_every_bin_gets_exactly_its_places(values: Sequence[float], seed: int, bins: int) -> None:
    numbers = np.array(values, np.float64)
    ties = tie_breakers(seed, np.arange(len(numbers)))
    got = np.zeros(bins)
    places = np.zeros(bins, np.int64)
    for last in range(len(numbers)):
        others = np.arange(len(numbers)) != last
        slots = slots_of_numbers(numbers[others], ties[others], bins)
        got[_bins(slots, numbers[[last]], seed, np.array([last]))[0]] += 1
        places = slots.places
    assert got.tolist() == places.tolist()


@given(st.one_of(few_levels, any_numbers).map(lambda some: some[: MOST - 1]), st.integers(0, 2**32 - 1))
def test_keys_are_in_the_order_of_edge_and_then_tie_breaker(values: Sequence[float], seed: int) -> None:
    numbers = np.array(values, np.float64)
    ties = tie_breakers(seed, np.arange(len(numbers)))
    order = np.lexsort((ties, numbers))
    slots = Slots(numbers[order], ties[order], np.ones(len(numbers) + 1, np.int64))
    keys = slots.lines[1, : len(numbers)]
    assert (np.diff(keys) >= 0).all()
    assert (keys // 1 == np.searchsorted(slots.edges, slots.edges)).all()


@given(few_levels, st.integers(0, 2**32 - 1))
def test_a_sample_fills_its_own_places_and_leaves_one(values: Sequence[int], seed: int) -> None:
    numbers = np.array([*values] * 5, np.float64)
    ordinals = np.arange(len(numbers))
    ties = tie_breakers(seed, ordinals)
    for slots in (slots_of_numbers(numbers, ties, 4), slots_of_levels(numbers, ties)):
        assert slots.places.sum() == len(numbers) + 1
        filled = np.bincount(_bins(slots, numbers, seed, ordinals), minlength=len(slots.places))
        assert (slots.places - filled).tolist() == [0] * (len(filled) - 1) + [1]


def test_ordered_bins_are_equal_but_for_the_ends() -> None:
    numbers = np.random.default_rng(1).normal(size=512)
    places = slots_of_numbers(numbers, np.zeros(512), 32).places
    assert (places[0], places[-1]) == (TAIL, TAIL)
    assert set(places[1:-1].tolist()) == {16, 17}


def test_every_level_has_a_bin_and_what_lies_above_has_the_last() -> None:
    sample = np.array([0.0] * 6 + [1.0] * 3 + [2.5] * 1)
    slots = slots_of_levels(sample, np.linspace(0.1, 0.9, 10))
    assert slots.places.tolist() == [6, 3, 1, 1]
    late = Slots(slots.edges, np.full(3, 0.999999), slots.places)
    assert _bins(late, np.array([-1.0, 0.0, 1.0, 2.0, 2.5, 9.0]), 1, np.arange(6)) == [0, 0, 1, 2, 2, 3]


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("edges", np.array([2.0, 1.0]).tobytes()),
        ("ties", np.array([0.1, 1.5]).tobytes()),
        ("places", np.array([3, 0, 2], np.uint16).tobytes()),
        ("places", np.array([3, 2], np.uint16).tobytes()),
    ],
)
def test_load_is_the_inverse_of_dump_and_refuses_what_cannot_be(name: str, wrong: bytes) -> None:
    slots = Slots(np.array([1.0, 2.0]), np.array([0.1, 0.2]), np.array([3, 1, 2]))
    plain = slots.dump()
    assert Slots.load(Fields(plain, "slots")).dump() == plain
    with pytest.raises(CorruptState):
        Slots.load(Fields({**plain, name: wrong}, "slots"))


def test_bins_of_independent_values_follow_the_urn() -> None:
    """By simulation: whatever the distribution, the share of a bin is its share of the places."""
    random = np.random.default_rng(3)
    m, trials, bins = 30, 4_000, 5
    got, places = np.zeros(bins), np.zeros(bins, np.int64)
    for trial in range(trials):
        values = random.poisson(0.7, m + 1).astype(np.float64)
        ties = tie_breakers(trial, np.arange(m + 1))
        slots = slots_of_numbers(values[:m], ties[:m], bins)
        got[_bins(slots, values[m:], trial, np.array([m]))[0]] += 1
        places = slots.places
    assert stats.chisquare(got, trials * places / places.sum()).pvalue > 1e-3


def test_tie_breakers_are_uniform_and_say_nothing_of_each_other() -> None:
    rows = np.arange(100_000)
    one, other = tie_breakers(5, rows), tie_breakers(6, rows)
    assert stats.kstest(one, "uniform").pvalue > 1e-3
    for lag in range(4):
        assert abs(np.corrcoef(one[: 90_000 - lag], other[lag:90_000])[0, 1]) < 0.015
    assert not np.isin(one, other).any()  # seed + 1 is no shift of the ordinals


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1, 2**63])
def test_tie_breakers_are_of_the_ordinal_alone(seed: int) -> None:
    whole = tie_breakers(seed, np.arange(50))
    assert whole[17:20].tolist() == tie_breakers(seed, np.array([17, 18, 19])).tolist()
    assert (whole >= 0).all()
    assert (whole < 1).all()
