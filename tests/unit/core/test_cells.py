import numpy as np

from stream_monitor.core.batch import Cell
from stream_monitor.core.cells import LARGEST, boolean, categorical, numeric, present, text_of, values_of
from stream_monitor.core.detector import Kind
from tests.unit.core.batches import column

EVERY = column(1.5, "a", False, True, None, float("nan"), float("-inf"), [1], 0, 1, {"x": 1}, 12.0)


def usable(found: object) -> list[int]:
    return [at for at, yes in enumerate(found) if yes]  # type: ignore[arg-type,var-annotated]


def test_what_counts_as_present_is_any_value_at_all() -> None:
    assert usable(present(EVERY.codes)) == [0, 1, 2, 3, 8, 9, 11]


def test_in_a_numeric_series_only_numbers_count() -> None:
    found = numeric(EVERY)
    assert usable(found.usable) == [0, 8, 9, 11]
    assert found.numbers.tolist() == [1.5, 0.0, 1.0, 12.0]


def test_in_a_boolean_series_true_false_0_and_1_count() -> None:
    found = boolean(EVERY)
    assert usable(found.usable) == [2, 3, 8, 9]
    assert found.numbers.tolist() == [0.0, 1.0, 0.0, 1.0]


def test_in_a_categorical_series_everything_present_has_a_place_or_is_other() -> None:
    found = categorical(EVERY, {"a": 0, "12": 1, "true": 2, "0": 3})
    assert usable(found.usable) == [0, 1, 2, 3, 8, 9, 11]
    assert found.numbers.tolist() == [4.0, 0.0, 4.0, 2.0, 3.0, 4.0, 1.0]


def test_a_text_is_found_by_its_name_wherever_it_stands_in_the_columns_dictionary() -> None:
    places = {"b": 0, "a": 1}
    assert categorical(column("a", "b", "c"), places).numbers.tolist() == [1.0, 0.0, 2.0]
    assert categorical(column("c", "b", "a"), places).numbers.tolist() == [2.0, 0.0, 1.0]


def test_whole_numbers_and_booleans_have_one_name_each() -> None:
    cells = column(12, 12.0, 0.1, True, False, "x", 1e300)
    assert [text_of(cells, at) for at in range(7)] == ["12", "12", "0.1", "true", "false", "x", "1e+300"]


def test_an_identifier_has_usable_cells_but_no_numbers() -> None:
    found = values_of(Kind.IDENTIFIER, EVERY, {})
    assert usable(found.usable) == [0, 1, 2, 3, 8, 9, 11]
    assert len(found.numbers) == 0


def test_the_codes_that_are_never_values() -> None:
    bad = [Cell.NONE, Cell.NULL, Cell.ABSENT, Cell.NAN, Cell.INFINITE, Cell.WRONG]
    assert not present(np.array(bad, np.uint8)).any()


def test_numbers_whose_squares_would_overflow_count_as_the_largest_one() -> None:
    assert numeric(column(1e308, -1e308, 1e150, 3.0)).numbers.tolist() == [LARGEST, -LARGEST, 1e150, 3.0]
