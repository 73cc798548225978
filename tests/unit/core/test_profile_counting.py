from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from stream_monitor.core.columnise import column_of
from stream_monitor.core.profile import learn_feature
from stream_monitor.core.profile_counting import FeatureCount, Spread
from stream_monitor.core.reference import Reference

RNG = np.random.default_rng(5)


def counted(sample: Sequence[object], values: Sequence[object], step: int = 700) -> Reference:
    """As two readings: kinds and edges from the sample, the counts of all values."""
    spread = Spread()
    parts = [values[at : at + step] for at in range(0, len(values), step)]
    for part in parts:
        spread.add_cells(column_of(part))
    count = FeatureCount(learn_feature(column_of(sample), None, categories=64), spread)
    for part in parts:
        count.add(column_of(part), len(part))
    reference = count.reference(categories=64)
    reference.check()
    return reference


def test_a_spread_in_parts_is_that_of_the_whole() -> None:
    values, spread = RNG.normal(1e6, 1, 5_000), Spread()
    for part in np.array_split(values, 7):
        spread.add(part)
    spread.add(np.zeros(0))
    assert spread.size == 5_000
    assert spread.mean == pytest.approx(values.mean(), rel=1e-14)
    assert spread.deviation == pytest.approx(values.std(), rel=1e-9)


@pytest.mark.parametrize(
    "values",
    [
        [*RNG.lognormal(size=3_000).tolist(), None, "x"],
        RNG.poisson(2, 3_000).tolist(),
        [7.0] * 3_000,
        (RNG.random(3_000) < 0.2).tolist(),
        RNG.choice(list("abc"), 3_000).tolist(),
        [f"id{at}" for at in range(3_000)],
        [None] * 3_000,
    ],
    ids=["numbers", "counts", "constant", "booleans", "categories", "identifiers", "nothing"],
)
def test_counting_what_was_also_learned_from_gives_the_same(values: list[object]) -> None:
    learned = learn_feature(column_of(values), None, categories=64)
    found = counted(values, values)
    assert replace(found, mean=0, scale=1, views={}) == replace(learned, mean=0, scale=1, views={})
    assert (found.mean, found.scale) == pytest.approx((learned.mean, learned.scale), rel=1e-9)
    for view, moments in learned.views.items():
        assert found.views[view] == pytest.approx(moments, rel=1e-6, abs=1e-9)


def test_values_beyond_the_sample_are_in_bins_and_moments_are_those_of_all() -> None:
    values = RNG.normal(size=20_000)
    found = counted(values[:200].tolist(), values.tolist())
    assert (found.edges[0], found.edges[-1]) == (values.min(), values.max())
    assert (found.counts[0], found.counts[-1], found.size) == (0, 0, 20_000)
    assert (found.mean, found.scale) == pytest.approx((values.mean(), values.std()), rel=1e-9)


def test_categories_beyond_the_sample_are_other_and_the_order_is_that_of_all() -> None:
    found = counted(["a", "a", "b"], ["b"] * 10 + ["a"] * 4 + ["c"] * 3)
    assert (found.categories, found.counts) == (("b", "a"), (10, 4, 3))


def test_rows_without_the_feature_are_missing() -> None:
    count = FeatureCount(learn_feature(column_of([1.0, 2.0]), None, categories=64), Spread())
    count.add(None, 5)
    count.add(column_of([1.0, None]), 2)
    assert (count.reference(categories=64).size, count.reference(categories=64).unusable) == (1, 6)
