from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core.bin_edges import BINS, numeric_edges
from stream_monitor.core.cells import LARGEST
from stream_monitor.core.detector import FloatArray, Kind
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.reference import (
    Reference,
    bins_of_numbers,
    identifier,
    learn_boolean,
    learn_categorical,
    learn_numeric,
)
from stream_monitor.core.standardise import Lens

samples = st.lists(
    st.one_of(st.sampled_from([0.0, 1.0, 1.0, 2.0]), st.floats(-LARGEST, LARGEST)), min_size=1, max_size=200
).map(np.array)


def arrays(reference: Reference) -> tuple[FloatArray, list[int]]:
    return np.array(reference.edges), list(reference.counts)


@given(samples)
def test_every_value_of_the_sample_is_in_one_bin_inside_the_edges(values: FloatArray) -> None:
    reference = learn_numeric(values, unusable=3)
    reference.check()
    edges, counts = arrays(reference)
    assert sum(counts) == reference.size == len(values)
    assert (counts[0], counts[-1]) == (0, 0)  # nothing of the sample is below or above
    assert edges.tolist() == numeric_edges(values).tolist()  # as profiles from files
    assert edges[0] == values.min()
    assert edges[-1] in {values.max(), np.nextafter(values.max(), np.inf)}
    for at, count in enumerate(counts[1:-1]):
        low, high = edges[at], edges[at + 1]
        last = at == len(counts) - 3
        assert count == sum(low <= v < high or (last and v == high) for v in values.tolist())


@given(samples)
def test_a_reference_comes_back_from_its_plain_form(values: FloatArray) -> None:
    reference = learn_numeric(values, unusable=0)
    assert Reference.from_plain(reference.to_plain()) == reference


def test_bins_hold_about_the_same_and_small_samples_have_few() -> None:
    rng = np.random.default_rng(1)
    assert len(learn_numeric(rng.normal(size=10_000), unusable=0).counts) == BINS + 2
    assert min(learn_numeric(rng.normal(size=10_000), unusable=0).counts[1:-1]) > 250
    assert len(learn_numeric(rng.normal(size=90), unusable=0).counts) == 3 + 2
    assert len(learn_numeric(rng.normal(size=5), unusable=0).counts) == 2 + 2


def test_heavy_values_have_a_bin_of_their_own() -> None:
    reference = learn_numeric(np.array([0.0] * 900 + [5.0] * 100), unusable=0)
    assert (reference.edges, reference.counts) == ((0.0, 5.0, 5.0), (0, 900, 100, 0))
    reference = learn_numeric(np.repeat([1.0, 2.0, 3.0], 1000), unusable=0)
    assert reference.counts == (0, 1000, 1000, 1000, 0)
    mixed = np.concatenate([np.zeros(500), np.random.default_rng(8).lognormal(size=500)])
    assert learn_numeric(mixed, unusable=0).counts[1] == 500
    assert Lens(learn_numeric(mixed, unusable=0)).labels()[:2] == ("below 0", "0")


@pytest.mark.parametrize("value", [0.0, -7.5, 1e-15, LARGEST])
def test_any_change_of_a_constant_is_a_large_one(value: float) -> None:
    reference = learn_numeric(np.full(100, value), unusable=0)
    assert reference.counts == (0, 100, 0)
    assert reference.scale > 0
    lens = Lens(reference)
    change = abs(value) * 0.01 or 0.01
    numbers = np.array([value, value + change, value - change])
    assert lens.bin(numbers).tolist() == [1, 2, 0]
    assert lens.z(numbers).tolist() == pytest.approx([0.0, 5.0, -5.0], abs=1e-6)


@pytest.mark.parametrize("size", [1e-200, 1e-15, 1.0, 1e12, 1e149])
def test_a_shift_means_the_same_on_every_scale(size: float) -> None:
    values = np.random.default_rng(5).normal(10, 1, 1_000)
    lens = Lens(learn_numeric(values * size, unusable=0))
    expected = 2.0 if size > 1e-140 else 0.0  # below that nothing is told apart
    assert float(lens.z((values + 2 * values.std()) * size).mean()) == pytest.approx(expected, abs=0.01)


def test_the_bins_of_numbers_are_closed_at_the_top() -> None:
    edges = np.array([1.0, 2.0, 4.0])
    values = np.array([0.9, 1.0, 1.9, 2.0, 3.9, 4.0, 4.1])
    assert bins_of_numbers(values, edges).tolist() == [0, 1, 1, 2, 2, 2, 3]


@pytest.mark.parametrize("trues", [0, 1, 50, 100])
def test_a_boolean_reference_has_a_scale_whatever_it_saw(trues: int) -> None:
    reference = learn_boolean(np.array([1.0] * trues + [0.0] * (100 - trues)), unusable=0)
    assert reference.counts == (100 - trues, trues, 0)
    assert reference.mean == pytest.approx((trues + 0.5) / 101)
    assert reference.scale == pytest.approx(np.sqrt(reference.mean * (1 - reference.mean)))


def test_categories_are_the_most_frequent_with_ties_by_name_and_the_rest_is_other() -> None:
    texts = ["b", "a", "c", "a", "b", "d", "e"]
    reference = learn_categorical(texts, unusable=2, cap=3)
    assert reference.categories == ("a", "b", "c")
    assert (reference.counts, reference.size) == ((2, 2, 1, 2), 7)
    assert learn_categorical(texts[::-1], unusable=2, cap=3) == reference


@pytest.mark.parametrize(
    "reference",
    [
        learn_numeric(np.random.default_rng(2).lognormal(size=2_000), unusable=0),
        learn_boolean(np.array([1.0] * 30 + [0.0] * 70), unusable=0),
        learn_categorical(["a"] * 50 + ["b"] * 30 + ["c"] * 20, unusable=0, cap=2),
    ],
    ids=["numeric", "boolean", "categorical"],
)
def test_views_have_mean_0_and_standard_deviation_1_under_the_reference(reference: Reference) -> None:
    lens = Lens(reference)
    rng = np.random.default_rng(2)
    if reference.kind is Kind.NUMERIC:
        numbers = rng.lognormal(size=2_000)
    else:
        numbers = np.repeat(np.arange(len(reference.counts), dtype=np.float64), reference.counts)
    for view in lens.standardised(numbers).values():
        assert float(view.mean()) == pytest.approx(0.0, abs=0.05)
        assert float(view.std()) == pytest.approx(1.0, abs=0.1)


def test_views_of_numbers_are_winsorised_and_those_of_booleans_are_not() -> None:
    numeric = Lens(learn_numeric(np.arange(100.0), unusable=0))
    assert numeric.standardised(np.array([1e12]))["value"].tolist() == [pytest.approx(5.0, abs=0.01)]
    assert numeric.z(np.array([1e12, -1e12])).tolist() == [5.0, -5.0]
    rare = Lens(learn_boolean(np.zeros(1000), unusable=0))
    assert rare.standardised(np.array([1.0]))["value"][0] > 40


def test_an_identifier_has_no_views() -> None:
    lens = Lens(identifier(size=9, unusable=1))
    assert lens.views == ()
    assert Reference.from_plain(lens.reference.to_plain()) == lens.reference


@pytest.mark.parametrize(
    "wrong",
    [
        {"scale": 0.0},
        {"mean": float("inf")},
        {"counts": (0, 1)},
        {"counts": (0, -1, 1, 0)},
        {"edges": (2.0, 1.0, 3.0)},
        {"views": {"value": (0.0, -1.0)}},
    ],
)
def test_parts_that_do_not_fit_are_corrupt(wrong: dict[str, object]) -> None:
    reference = learn_numeric(np.array([1.0, 2.0, 2.0, 3.0]), unusable=0)
    plain = reference.to_plain()
    assert isinstance(plain, dict)
    with pytest.raises(CorruptState):
        Reference.from_plain({**plain, **wrong})  # type: ignore[dict-item]
    with pytest.raises(CorruptState):
        replace(reference, counts=()).check()
