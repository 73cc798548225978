import math

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon  # type: ignore[import-untyped]  # comes without types

from stream_monitor.runtime.board.distances import js_distances, quantiles

SHARES = (0.1, 0.2, 0.3, 0.4)


def test_with_many_values_it_is_the_distance_of_scipy() -> None:
    rng = np.random.default_rng(5)
    drifts = np.array([[0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.31, 0.39], [1.0, 0.0, 0.0, 0.0]])
    counts = rng.multinomial(10_000_000, drifts)
    expected = [jensenshannon(row / row.sum(), SHARES, base=2) for row in counts]
    assert js_distances(counts, SHARES, 10**9) == pytest.approx(np.array(expected), abs=1e-4)


def test_what_chance_alone_does_is_no_distance() -> None:
    rng = np.random.default_rng(7)
    few = rng.multinomial(60, SHARES, size=2_000)
    raw = np.mean([jensenshannon(row / 60, SHARES, base=2) for row in few])
    found = js_distances(few, SHARES, 100_000)
    assert raw > 0.08
    assert np.median(found) == 0.0
    assert found.mean() < 0.5 * raw


def test_a_bucket_without_values_has_no_distance() -> None:
    assert np.isnan(js_distances(np.array([[0, 0, 0, 0]]), SHARES, 1_000)).all()


@pytest.mark.parametrize("seed", [1, 2])
def test_quantiles_are_within_a_group_of_the_true_ones(seed: int) -> None:
    values = np.random.default_rng(seed).normal(10, 3, 5_000)
    edges = np.quantile(values, np.linspace(0, 1, 19))
    inside = np.clip(np.searchsorted(edges, values, side="right"), 1, len(edges) - 1)
    counts = np.bincount(inside, minlength=len(edges) + 1)
    found = quantiles(counts.tolist(), edges.tolist())
    assert found == pytest.approx(np.quantile(values, [0.1, 0.5, 0.9]), abs=0.2)


def test_outside_the_edges_only_the_edge_is_known() -> None:
    assert quantiles((10, 0, 0, 10), (0.0, 1.0, 2.0)) == (0.0, 0.0, 2.0)
    assert quantiles((0, 0, 0), (0.0, 1.0)) is None


def test_equal_edges_hold_one_value() -> None:
    found = quantiles((0, 50, 50, 0), (3.0, 3.0, 5.0))
    assert found is not None
    assert found[0] == 3.0
    assert not any(math.isnan(one) for one in found)
