from collections.abc import Sequence

import numpy as np
import pytest

from stream_monitor.core.columnise import column_of
from stream_monitor.core.detector import Kind
from stream_monitor.core.profile import capped, categorical, learn_feature
from stream_monitor.core.reference import Reference, learn_categorical
from stream_monitor.core.standardise import Lens

RNG = np.random.default_rng(4)


def learned(values: Sequence[object], kind: Kind | None = None) -> Reference:
    reference = learn_feature(column_of(values), kind, categories=64)
    reference.check()
    return reference


def shares(reference: Reference, values: Sequence[object]) -> list[int]:
    """The counts of these values in the bins of the reference."""
    lens = Lens(reference)
    numbers = lens.values(column_of(values)).numbers
    return list(map(int, np.bincount(lens.bin(numbers), minlength=lens.bins)))


def test_heavy_ties_are_seen_apart_from_their_neighbours() -> None:
    reference = learned([0.0] * 900 + [5.0] * 100)
    assert (reference.edges, reference.counts) == ((0.0, 5.0, 5.0), (0, 900, 100, 0))


def test_counts_have_a_bin_a_value() -> None:
    values = np.minimum(RNG.poisson(3, 5_000), 8)
    reference = learned(values.tolist())
    assert reference.kind is Kind.NUMERIC
    assert reference.counts[1:-1] == tuple(np.bincount(values).tolist())


def test_a_constant() -> None:
    reference = learned([7] * 100)
    assert (reference.edges, reference.counts, reference.mean) == ((7.0, 7.0), (0, 100, 0), 7.0)
    assert shares(reference, [7, 6.999, 7.001]) == [1, 1, 1]


@pytest.mark.parametrize("values", [[True, False], [1, 0], [1.0, False]])
def test_truth_values_and_the_numbers_0_and_1_are_boolean(values: Sequence[object]) -> None:
    reference = learned([*values] * 50)
    assert (reference.kind, reference.counts) == (Kind.BOOLEAN, (50, 50, 0))


def test_missing_and_foreign_cells_are_counted_and_no_values() -> None:
    reference = learned([1.5, 2.5, None, float("nan"), float("inf"), "x", True, [1]] * 10)
    assert (reference.kind, reference.size, reference.unusable) == (Kind.NUMERIC, 20, 60)
    assert learned([None] * 9) == learned([None] * 9, Kind.NUMERIC)
    assert (learned([None] * 9).kind, learned([None] * 9).unusable) == (Kind.IDENTIFIER, 9)


@pytest.mark.parametrize("categories", [2, 64, 65, 1_000, 10_000])
def test_the_64_most_frequent_categories_are_kept_and_the_rest_is_other(categories: int) -> None:
    values = [f"c{at}" for at in range(categories) for _ in range(3)] + ["c0"] * 7
    reference = learned(list(values))
    kept = min(64, categories)
    assert (reference.kind, len(reference.categories)) == (Kind.CATEGORICAL, kept)
    assert (reference.categories[0], reference.counts[0]) == ("c0", 10)
    assert reference.counts[-1] == 3 * (categories - kept)
    assert sum(reference.counts) == len(values)


def test_an_unseen_category_is_other() -> None:
    reference = learned(["a"] * 60 + ["b"] * 40)
    assert shares(reference, ["a", "new", "b", "newer"]) == [1, 1, 2]


def test_near_unique_texts_are_not_watched() -> None:
    assert learned([f"id{at}" for at in range(200)]).kind is Kind.IDENTIFIER
    assert learned([f"id{at}" for at in range(100)]).kind is Kind.CATEGORICAL


def test_a_kind_that_was_asked_for_wins() -> None:
    reference = learned([12, 12.0, 13] * 20, Kind.CATEGORICAL)
    assert (reference.categories, reference.counts) == (("12", "13"), (40, 20, 0))


def test_counted_categories_are_the_learned_ones() -> None:
    texts = RNG.choice(list("abcdefgh"), 5_000, p=np.arange(1, 9) / 36).tolist()
    tally = {name: texts.count(name) for name in "abcdefgh"}
    counted = categorical(tally, other=0, unusable=3, cap=5)
    expected = learn_categorical(texts, unusable=3, cap=5)
    assert (counted.categories, counted.counts, counted.size) == (
        expected.categories,
        expected.counts,
        expected.size,
    )
    for view, moments in expected.views.items():
        assert counted.views[view] == pytest.approx(moments, rel=1e-9)


def test_categories_beyond_the_cap_become_other() -> None:
    reference = categorical({"a": 5, "b": 3, "c": 2}, other=1, unusable=0, cap=64)
    assert capped(reference, 64) is reference
    assert (capped(reference, 1).categories, capped(reference, 1).counts) == (("a",), (5, 6))
