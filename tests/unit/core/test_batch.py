import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core.batch import Cell, Columns, concatenate
from tests.unit.core.batches import batch_of, row
from tests.unit.formats.batches import rows_of


def test_a_slice_is_the_same_rows_as_taken_one_by_one_and_copies_nothing() -> None:
    batch = batch_of([row({"x": float(at), "t": "ab"[at % 2]}, version=f"{at % 3}") for at in range(10)])
    part = batch.slice(3, 8)
    assert rows_of(part) == rows_of(batch.take(np.arange(3, 8)))
    assert len(part) == 5
    assert np.shares_memory(part.times, batch.times)
    assert np.shares_memory(part.columns["feature:x"].values, batch.columns["feature:x"].values)


def test_a_slice_ends_with_the_batch() -> None:
    batch = batch_of([row({"x": float(at)}) for at in range(4)])
    assert rows_of(batch.slice(2, 99)) == rows_of(batch)[2:]


def test_columns_are_rows_of_two_matrices() -> None:
    mixed = batch_of([row({"x": 1.0, "t": "a"}), row({"x": 2.0, "t": None})]).columns
    assert mixed.cells[mixed.place("feature:x")].tolist() == [1.0, 2.0]
    assert mixed.codes[mixed.place("feature:t")].tolist() == [Cell.TEXT, Cell.NULL]
    assert not mixed.only_numbers
    numbers = mixed.only(["feature:x"])
    assert list(numbers) == ["feature:x"]
    assert np.shares_memory(mixed["feature:x"].values, mixed.cells)
    assert Columns.of(mixed, 2) is mixed


def test_columns_of_numbers_hold_no_codes() -> None:
    columns = batch_of([row({"x": 1.0, "y": 3.0}), row({"x": 2.0, "y": 4.0})]).columns
    assert columns.only_numbers
    assert columns["feature:y"].codes.tolist() == [Cell.NUMBER] * 2
    assert columns.take(np.array([1])).only_numbers
    assert columns.slice(0, 1).only_numbers


@given(st.lists(st.dictionaries(st.sampled_from("xyz"), st.sampled_from([1.0, "a", "b", None])), min_size=1))
def test_batches_put_together_hold_the_rows_of_all(features: list[dict[str, object]]) -> None:
    rows = [row(cells) for cells in features]
    whole = batch_of(rows)
    for cut in range(1, len(rows)):
        parts = [batch_of(rows[:cut]), batch_of(rows[cut:], first_offset=cut)]
        assert rows_of(concatenate(parts)) == rows_of(whole)
