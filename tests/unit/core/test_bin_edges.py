import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core.bin_edges import BINS, bin_labels, few_values, numeric_edges, widened
from stream_monitor.core.detector import FloatArray
from stream_monitor.core.reference import bins_of_numbers

RNG = np.random.default_rng(3)


def counted(values: FloatArray, edges: FloatArray) -> list[int]:
    return list(map(int, np.bincount(bins_of_numbers(values, edges), minlength=len(edges) + 1)))


def test_a_few_values_have_a_bin_each() -> None:
    values = np.repeat([0.0, 5.0, 9.0], [900, 70, 30])
    edges = numeric_edges(values)
    assert edges.tolist() == [0.0, 5.0, 9.0, 9.0]
    assert counted(values, edges) == [0, 900, 70, 30, 0]


@pytest.mark.parametrize("value", [0.0, -3.0, 1e100])
def test_a_constant_has_one_bin_and_everything_else_is_outside(value: float) -> None:
    edges = numeric_edges(np.full(50, value))
    assert edges.tolist() == [value, value]
    other = np.array([np.nextafter(value, -np.inf), value, np.nextafter(value, np.inf)])
    assert bins_of_numbers(other, edges).tolist() == [0, 1, 2]


@pytest.mark.parametrize("at", [-5.0, 0.0, 0.3, 5.0], ids=["lowest", "middle", "inside", "highest"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_heavy_value_has_a_bin_of_its_own(at: float, share: float) -> None:
    ties = np.full(round(4000 * share), at)
    values = np.concatenate([ties, np.clip(RNG.normal(size=4000 - len(ties)), -4.9, 4.9)])
    edges = numeric_edges(values)
    counts = counted(values, edges)
    place = int(bins_of_numbers(np.array([at]), edges)[0])
    assert counts[place] == int((values == at).sum())
    assert len(edges) <= BINS + 1
    assert (counts[0], counts[-1]) == (0, 0)


@pytest.mark.parametrize("begins", range(0, 101, 10))
def test_the_share_of_a_bin_is_heavy_wherever_it_lies_among_the_quantiles(begins: int) -> None:
    low, high = np.linspace(-2, -1, 100 + begins), np.linspace(1, 2, 3000 - begins)
    values = np.concatenate([low, np.zeros(100), high])
    edges = numeric_edges(values)
    assert counted(values, edges)[int(bins_of_numbers(np.zeros(1), edges)[0])] == 100
    assert len(edges) <= BINS + 3


def test_many_heavy_values_do_not_make_many_bins() -> None:
    values = np.concatenate(
        [np.repeat(np.arange(25.0), 128), np.arange(25).repeat(32) + RNG.uniform(size=800)]
    )
    edges = numeric_edges(values)
    assert len(edges) <= 2 * BINS + 1
    assert sorted(counted(values, edges), reverse=True)[:25] == [128] * 25


def test_distinct_values_are_quantiles() -> None:
    values = RNG.lognormal(size=3200)
    assert counted(values, numeric_edges(values))[1:-1] == pytest.approx([100] * BINS, abs=1)


@pytest.mark.parametrize(("values", "bins"), [(90, 3), (5, 2), (100_000, BINS)])
def test_a_small_sample_has_few_bins(values: int, bins: int) -> None:
    assert len(numeric_edges(RNG.normal(size=values))) == bins + 1


@given(
    st.lists(
        st.one_of(st.sampled_from([0.0, 0.0, 1.0, 2.0]), st.floats(-1e150, 1e150)), min_size=1, max_size=300
    )
)
def test_edges_ascend_hold_every_value_and_are_not_too_many(sample: list[float]) -> None:
    values = np.array(sample)
    edges = numeric_edges(values)
    assert 2 <= len(edges) <= BINS + 1
    assert (np.diff(edges[:-1]) > 0).all()
    assert few_values(edges) == (len(set(sample)) <= max(2, len(sample) // 30))
    assert edges[0] == values.min()
    assert edges[-1] in {values.max(), np.nextafter(values.max(), np.inf)}
    counts = counted(values, edges)
    assert (counts[0], counts[-1], sum(counts)) == (0, 0, len(values))


@pytest.mark.parametrize("ends_in_one_value", [True, False])
def test_what_a_sample_did_not_reach_gets_bins(ends_in_one_value: bool) -> None:
    edges = np.array([1.0, 2.0, 2.0] if ends_in_one_value else [1.0, 2.0])
    values = np.array([-7.0, 0.0, 1.0, 1.5, 2.0, 2.0, 3.0, 9.0])
    before = np.bincount(bins_of_numbers(values, edges), minlength=len(edges) + 1)
    wider, counts = widened(edges, before, low=-7.0, high=9.0)
    assert counts.tolist() == counted(values, wider)
    assert (wider[0], wider[-1], counts[0], counts[-1]) == (-7.0, 9.0, 0, 0)


def test_a_sample_that_reached_everything_keeps_its_edges() -> None:
    edges, counts = np.array([1.0, 2.0]), np.array([0, 5, 0])
    wider, same = widened(edges, counts, low=1.0, high=2.0)
    assert (wider.tolist(), same.tolist()) == ([1.0, 2.0], [0, 5, 0])


@pytest.mark.parametrize(
    ("edges", "labels"),
    [
        ([7.0, 7.0], ["below 7", "7", "above 7"]),
        ([0.0, 5.0, 5.0], ["below 0", "0", "5", "above 5"]),
        ([-1.5, 0.0, np.nextafter(0.0, 1), 4.0], ["below -1.5", "-1.5 to 0", "0", "0 to 4", "above 4"]),
        ([0.0, 9.0, np.nextafter(9.0, 10)], ["below 0", "0 to 9", "9", "above 9"]),
        (
            [1000000.0, 1000001.0, 1000002.0],
            ["below 1000000", "1000000 to 1000001", "1000001 to 1000002", "above 1000002"],
        ),
    ],
    ids=["constant", "few values", "tie inside", "tie at the top", "close together"],
)
def test_a_bin_of_one_value_is_called_by_it(edges: list[float], labels: list[str]) -> None:
    assert list(bin_labels(edges)) == labels


@given(st.lists(st.one_of(st.sampled_from([0.0, 1.0]), st.floats(-1e150, 1e150)), min_size=1, max_size=200))
def test_no_two_bins_have_the_same_label(sample: list[float]) -> None:
    edges = numeric_edges(np.array(sample)).tolist()
    labels = bin_labels(edges)
    assert len(set(labels)) == len(labels) == len(edges) + 1
