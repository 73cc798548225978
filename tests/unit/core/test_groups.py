from itertools import pairwise

import numpy as np
import pytest

from stream_monitor.core.groups import GROUPS, first_bins, groups_of, reference_id
from stream_monitor.core.reference import (
    Reference,
    identifier,
    learn_boolean,
    learn_categorical,
    learn_numeric,
)
from stream_monitor.core.standardise import Lens

NORMAL = np.random.default_rng(7).normal(size=10_000)


def counted(reference: Reference, values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[int]:
    lens = Lens(reference)
    counts = np.bincount(lens.bin(values), minlength=lens.bins)
    return np.add.reduceat(counts, first_bins(reference)).tolist()  # type: ignore[no-any-return]  # numpy's tolist is Any


def test_neighbouring_bins_of_numbers_become_at_most_twenty_about_equal_groups() -> None:
    reference = learn_numeric(NORMAL, unusable=0)
    groups = groups_of(reference)
    assert len(reference.edges) == 33
    assert groups.edges is not None
    assert len(groups.labels) == len(groups.shares) == len(groups.edges) + 1 == 16 + 2  # of 32 bins, two each
    assert groups.shares[0] == groups.shares[-1] == 0.0
    assert groups.shares[1:-1] == pytest.approx([1 / 16] * 16, abs=0.005)
    assert sum(groups.shares) == pytest.approx(1.0)


def test_a_group_holds_what_lies_between_its_edges() -> None:
    reference = learn_numeric(NORMAL, unusable=0)
    edges = groups_of(reference).edges
    assert edges is not None
    fresh = np.random.default_rng(8).normal(scale=1.5, size=2_000)
    wanted = [int((fresh < edges[0]).sum())]
    wanted += [int(((fresh >= low) & (fresh < high)).sum()) for low, high in pairwise(edges)]
    wanted.append(int((fresh > edges[-1]).sum()))
    assert counted(reference, fresh) == wanted


def test_few_bins_are_groups_as_they_are() -> None:
    reference = learn_numeric(np.array([0.0] * 90 + [5.0] * 10), unusable=0)
    groups = groups_of(reference)
    assert groups.labels == ("below 0", "0", "5", "above 5")
    assert groups.edges == (0.0, 5.0, 5.0)
    assert groups.shares == (0.0, 0.9, 0.1, 0.0)


def test_many_single_values_are_joined_and_called_by_the_first_and_the_last() -> None:
    reference = learn_numeric(np.repeat(np.arange(30.0), 40), unusable=0)
    labels = groups_of(reference).labels
    assert len(labels) <= GROUPS + 2
    assert labels[:3] == ("below 0", "0 to 1", "2 to 3")
    assert labels[-1] == "above 29"


def test_the_rarer_categories_are_one_group_and_other_is_apart() -> None:
    texts = [f"c{at:02}" for at in range(30) for _ in range(40 - at)]
    reference = learn_categorical(texts, unusable=0, cap=25)
    groups = groups_of(reference)
    assert groups.categories == tuple([f"c{at:02}" for at in range(19)])
    assert groups.labels == (*groups.categories, "(6 rarer)", "(other)")
    assert groups.edges is None
    assert counted(reference, np.array([0.0, 18.0, 19.0, 24.0, 25.0])) == [1, *[0] * 17, 1, 2, 1]


def test_few_categories_and_booleans_stand_alone() -> None:
    reference = learn_categorical(["DE", "DE", "FR"], unusable=0, cap=64)
    assert groups_of(reference).labels == ("DE", "FR", "(other)")
    assert groups_of(learn_boolean(np.array([0.0, 1.0, 0.0]), unusable=0)).labels == (
        "false",
        "true",
        "(other)",
    )


def test_a_series_that_is_not_watched_has_no_groups() -> None:
    assert groups_of(identifier(size=10, unusable=0)).labels == ()
    assert len(first_bins(identifier(size=10, unusable=0))) == 0


def test_another_reference_has_another_id_and_the_same_the_same() -> None:
    one, other = learn_numeric(NORMAL, unusable=0), learn_numeric(NORMAL[1:], unusable=0)
    assert reference_id(one) == reference_id(Reference.from_plain(one.to_plain()))
    assert reference_id(one) != reference_id(other)
