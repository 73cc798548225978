import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core.bin_edges import numeric_edges
from stream_monitor.core.cells import LARGEST
from stream_monitor.core.detector import FloatArray
from stream_monitor.core.grid import MOST, Grid, bins_of
from stream_monitor.core.reference import bins_of_numbers, learn_numeric
from stream_monitor.core.standardise import Lens

samples = st.lists(
    st.one_of(st.sampled_from([0.0, 1.0, 2.0, 5.0]), st.floats(-10, 10), st.floats(-LARGEST, LARGEST)),
    min_size=1,
    max_size=200,
).map(np.array)


def around(edges: FloatArray) -> FloatArray:
    """The edges, the numbers next to them, and what is far off."""
    near = [np.nextafter(edges, -np.inf), edges, np.nextafter(edges, np.inf)]
    return np.asarray(np.clip(np.concatenate([*near, [-LARGEST, 0.0, LARGEST]]), -LARGEST, LARGEST))


def found(lens: Lens, numbers: FloatArray) -> list[int]:
    lines = np.stack([numbers, numbers])
    one, two = bins_of([lens.grid] * 2, lines, np.stack([lens.z(numbers)] * 2)).tolist()
    assert one == two
    return list(map(int, one))


@given(samples, samples)
def test_numbers_are_in_the_bins_that_a_search_finds(values: FloatArray, others: FloatArray) -> None:
    lens = Lens(learn_numeric(values, unusable=0))
    edges = np.array(lens.reference.edges)
    numbers = np.concatenate([around(edges), others])
    assert found(lens, numbers) == bins_of_numbers(numbers, edges).tolist()


def test_usual_samples_need_few_comparisons() -> None:
    rng = np.random.default_rng(0)
    shapes = (
        rng.normal(size=1_000),
        rng.exponential(size=1_000),
        rng.poisson(5, 1_000),
        rng.uniform(size=1_000),
    )
    rounds = [Lens(learn_numeric(values.astype(np.float64), unusable=0)).grid.rounds for values in shapes]
    assert rounds == [1, 1, 2, 1]  # the last value of few has two edges: where its bin begins and ends


def test_edges_that_lie_too_close_are_searched() -> None:
    values = np.append(np.random.default_rng(0).normal(size=1_000), [1e9])
    lens = Lens(learn_numeric(values, unusable=0))
    assert lens.grid.rounds == 0
    numbers = around(np.array(lens.reference.edges))
    assert found(lens, numbers) == bins_of_numbers(numbers, numeric_edges(values)).tolist()


def test_edges_may_share_a_cell() -> None:
    edges = np.array([-1.0, 0.0, 1e-6, 2e-6, 1.0])
    grid = Grid(edges, edges)
    assert 1 < grid.rounds <= MOST
    numbers = around(edges)
    z = np.clip(numbers, -5.0, 5.0)
    assert (
        bins_of([grid], numbers[np.newaxis], z[np.newaxis])[0].tolist()
        == bins_of_numbers(numbers, edges).tolist()
    )
