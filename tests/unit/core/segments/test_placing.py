import numpy as np
import pytest

from stream_monitor.core.batch import Column
from stream_monitor.core.columnise import column_of
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.segments.parameters import MOST_VALUES, Slicing
from stream_monitor.core.segments.placing import NOWHERE, OTHER, Placing


def names(placing: Placing, column: Column) -> list[str | None]:
    return [None if place == NOWHERE else placing.name(place) for place in placing.of(column).tolist()]


def test_values_get_places_in_the_order_in_which_they_appear() -> None:
    placing = Placing(Slicing(feature="country", most=2))
    column = column_of(["FR", None, "DE", "IT", "FR", [1]])
    assert placing.of(column).tolist() == [1, NOWHERE, 2, OTHER, 1, NOWHERE]
    assert names(placing, column_of(["IT", "DE"])) == ["country=(other)", "country=DE"]


def test_a_number_a_text_and_a_truth_value_of_one_name_are_one_segment() -> None:
    placing = Placing(Slicing(feature="code"))
    assert names(placing, column_of([12, "12", 12.0, True, "true", -0.0, 0])) == [
        "code=12", "code=12", "code=12", "code=true", "code=true", "code=0", "code=0",
    ]  # fmt: skip


def test_a_segment_between_edges_holds_its_lower_one() -> None:
    placing = Placing(Slicing(feature="amount", edges=(100.0, 1000.0)))
    assert names(placing, column_of([99.9, 100, 1000, float("nan"), "7"])) == [
        "amount<100", "100<=amount<1000", "amount>=1000", None, None,
    ]  # fmt: skip
    assert placing.has("100<=amount<1000")
    assert not placing.has("amount=100")


def test_only_the_values_that_are_named_have_a_segment() -> None:
    placing = Placing(Slicing(feature="channel", values=("web", "app")))
    assert names(placing, column_of(["app", "fax", "web"])) == [
        "channel=app",
        "channel=(other)",
        "channel=web",
    ]
    assert list(placing.known) == [1, 2, OTHER]


def test_places_do_not_depend_on_batches() -> None:
    values = ["b", 3, "a", None, True, 3.0, "3", "b", "c", "d"]
    whole, cut = (Placing(Slicing(feature="x", most=4)) for _ in range(2))
    places = whole.of(column_of(values)).tolist()
    assert [int(cut.of(column_of([value]))[0]) for value in values] == places
    assert cut.dump() == whole.dump()


def test_what_was_dumped_is_loaded_again_and_nonsense_is_not() -> None:
    slicing = Slicing(feature="x", most=2)
    placing = Placing(slicing)
    placing.of(column_of(["a", "b"]))
    assert Placing.load(slicing, placing.dump()).values == ["a", "b"]
    for values in (["a", "a"], ["a", "b", "c"], [1], None):
        with pytest.raises(CorruptState):
            Placing.load(slicing, {"values": values})
    with pytest.raises(CorruptState):
        Placing.load(Slicing(feature="x", values=("a",)), {"values": ["b"]})


def test_what_cannot_be_is_refused() -> None:
    for wrong in ({"edges": (1.0, 1.0)}, {"edges": (1.0,), "values": ("a",)}, {"most": MOST_VALUES + 1}):
        with pytest.raises(ValueError, match="segments"):
            Slicing(feature="x", **wrong)
    assert np.array_equal(Placing(Slicing(feature="x")).of(column_of([None])), [NOWHERE])
