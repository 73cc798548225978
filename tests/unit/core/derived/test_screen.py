import numpy as np
import pytest

from stream_monitor.core.batch import Column
from stream_monitor.core.derived.names import Fault
from stream_monitor.core.derived.parameters import Constraints
from stream_monitor.core.derived.screen import Found, Screen, moved
from stream_monitor.core.derived.tail import ALARM, HIGHEST, tail_of
from stream_monitor.core.reference import (
    Reference,
    boolean,
    identifier,
    learn_categorical,
    learn_numeric,
)
from stream_monitor.core.standardise import Lens
from tests.unit.core.batches import column

NUMBERS = learn_numeric(np.linspace(10.0, 20.0, 1_000), unusable=0)
CATEGORIES = learn_categorical(["a"] * 600 + ["b"] * 400, unusable=0, cap=64)


def at(found: Found) -> dict[str, list[int]]:
    return {str(fault): places.tolist() for fault, places in found.items()}


def seen(
    reference: Reference, cells: Column, *, given: bool = True, constraints: Constraints | None = None
) -> Found:
    lens = Lens(reference)
    screen = Screen(constraints, tail_of(reference, 1), known=True)
    return screen.seen(lens, cells, lens.values(cells), given=given)


def test_what_is_of_another_kind_an_object_or_infinite_is_a_type_error_and_what_is_missing_is_none() -> None:
    cells = column(15.0, "15", True, [1], float("inf"), None, float("nan"), 12)
    assert at(seen(NUMBERS, cells)) == {"quality:type_error": [1, 2, 3, 4]}


def test_a_given_reference_bounds_numbers_generously_and_a_learned_one_does_not() -> None:
    cells = column(15.0, 29.0, 31.0, -1.0)
    assert at(seen(NUMBERS, cells))["quality:out_of_range"] == [2, 3]
    assert Fault.OUT_OF_RANGE not in seen(NUMBERS, cells, given=False)


def test_a_category_that_the_reference_does_not_know_is_unseen_unless_it_knows_only_the_most_frequent() -> (
    None
):
    cells = column("a", "c", None, "b", "d")
    assert at(seen(CATEGORIES, cells)) == {"quality:unseen": [1, 4]}
    capped = learn_categorical(["a"] * 60 + ["b"] * 40 + ["c"], unusable=0, cap=2)
    assert at(seen(capped, cells)) == {}


def test_constraints_hold_whatever_the_reference_is() -> None:
    ranged = Screen(Constraints(low=0.0, high=1.0, required=True), None, known=False)
    assert at(ranged.declared(column(0, 1.0, 1.5, -0.1, None, "a"))) == {
        "quality:out_of_range": [2, 3],
        "quality:required": [4],
    }
    one_sided = Screen(Constraints(low=0.0), None, known=False)
    assert at(one_sided.declared(column(1e9, -1.0))) == {"quality:out_of_range": [1]}
    named = Screen(Constraints(allowed=("a", "1", "true")), None, known=False)
    assert at(named.declared(column("a", "b", 1, 2.0, True, False, None))) == {"quality:unseen": [1, 3, 5]}
    assert Screen(None, None, known=True).declared(column(1.0)) == {}


def test_a_configured_range_or_list_takes_the_place_of_the_references() -> None:
    wide = Constraints(low=-1e9, high=1e9)
    assert at(seen(NUMBERS, column(1e6), constraints=wide)) == {"outlier": [0]}
    listed = Constraints(allowed=("a", "c"))
    assert at(seen(CATEGORIES, column("c"), constraints=listed)) == {}


def test_positions_are_those_of_cells_also_where_some_are_missing() -> None:
    found = seen(NUMBERS, column(None, 15.0, None, 1e6))
    assert at(found) == {"quality:out_of_range": [3], "outlier": [3]}
    assert at(moved(found, 10)) == {"quality:out_of_range": [13], "outlier": [13]}


def test_one_event_in_a_thousand_is_an_outlier_of_normal_features_be_they_few_or_many() -> None:
    random = np.random.default_rng(1)
    for features, events in ((1, 400_000), (20, 100_000)):
        rates = []
        for _ in range(3):
            outlying = np.zeros(events, np.bool_)
            for _ in range(features):
                tail = tail_of(learn_numeric(random.normal(size=1_000), unusable=0), features)
                assert tail is not None
                values = random.normal(size=events)
                outlying |= (values < tail.low) | (values > tail.high)
            rates.append(outlying.mean())
        assert ALARM / 10 < np.mean(rates) < 3 * ALARM, features


def test_rare_categories_are_outliers_and_truth_values_constants_and_identifiers_have_none() -> None:
    rare = tail_of(learn_categorical(["a"] * 9_999 + ["b"], unusable=0, cap=64), 1)
    assert rare is not None
    assert rare.rare == pytest.approx((0.0, 3.7, 0.0), abs=0.01)
    for reference in (
        boolean(trues=1, size=9_999, unusable=0),
        identifier(size=9, unusable=0),
        learn_numeric(np.full(99, 7.0), unusable=0),
    ):
        assert tail_of(reference, 1) is None


def test_a_score_is_how_many_powers_of_ten_rarer_than_any_event_and_begins_at_three() -> None:
    random = np.random.default_rng(2)
    for features, size in ((1, 1_000), (10, 200_000)):
        tail = tail_of(learn_numeric(random.normal(size=size), unusable=0), features)
        assert tail is not None
        just = np.array([np.nextafter(tail.high, np.inf), np.nextafter(tail.low, -np.inf)])
        begins = max(3.0, np.log10(size / (2 * features)))
        assert tail.scores(just) == pytest.approx([begins, begins], abs=0.01)
        further = tail.scores(np.array([tail.high + 1, tail.high + 2, tail.low - 1, 1e12]))
        assert begins < further[0] < further[1] <= HIGHEST
        assert further[2] > begins
        assert further[3] == HIGHEST
        each = [float(tail.scores(np.array([one]))[0]) for one in (tail.high + 1, tail.low - 1)]
        assert each == [further[0], further[2]]


def test_numbers_of_few_levels_have_the_next_level_before_a_tail_begins() -> None:
    tail = tail_of(learn_numeric(np.array([0.0, 1.0, 2.0] * 300), unusable=0), 1)
    assert tail is not None
    assert tail.low <= -1.0
    assert tail.high >= 3.0
