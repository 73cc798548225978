import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core.batch import Cell, concatenate
from stream_monitor.core.columnise import PlacedRow, column_of, columnise
from stream_monitor.core.events import Source
from tests.unit.core.batches import batch_of, row
from tests.unit.formats.batches import rows_of

HUGE = 10**400


@pytest.mark.parametrize(
    ("cell", "code", "value"),
    [
        (1, Cell.NUMBER, 1.0),
        (-0.5, Cell.NUMBER, -0.5),
        (2**60, Cell.NUMBER, float(2**60)),
        (HUGE, Cell.INFINITE, 0.0),
        (True, Cell.TRUE, 0.0),
        (False, Cell.FALSE, 0.0),
        (None, Cell.NULL, 0.0),
        (float("nan"), Cell.NAN, 0.0),
        (float("inf"), Cell.INFINITE, 0.0),
        (float("-inf"), Cell.INFINITE, 0.0),
        ([1], Cell.WRONG, 0.0),
        ({}, Cell.WRONG, 0.0),
        ("text", Cell.TEXT, 0.0),
        ("", Cell.TEXT, 0.0),
    ],
)
@pytest.mark.parametrize("beside", [[], [1.0], ["other"], [None]])
def test_every_kind_of_cell_keeps_what_it_held(
    cell: object, code: Cell, value: float, beside: list[object]
) -> None:
    column = column_of([cell, *beside])
    assert (Cell(column.codes[0]), column.values[0]) == (code, value)
    if code is Cell.TEXT:
        assert column.texts[0] == cell


def test_no_number_that_is_not_finite_ever_stays_in_the_values() -> None:
    column = column_of([float("nan"), float("inf"), 1.0])
    assert np.isfinite(column.values).all()


def test_a_missing_feature_is_absent_where_the_event_has_features_and_nothing_where_it_has_none() -> None:
    batch = batch_of([row({"x": 1.0}), row({"y": 1.0}), row(None, label=True), row({"x": None, "y": 2.0})])
    assert batch.columns["feature:x"].codes.tolist() == [Cell.NUMBER, Cell.ABSENT, Cell.NONE, Cell.NULL]
    assert batch.columns["feature:y"].codes.tolist() == [Cell.ABSENT, Cell.NUMBER, Cell.NONE, Cell.NUMBER]
    assert batch.columns["label"].codes.tolist() == [Cell.NONE, Cell.NONE, Cell.TRUE, Cell.NONE]


def test_where_a_row_stood_is_kept() -> None:
    placed = [
        PlacedRow(row({"x": 1.0}, version="7", time=5), source_at=1, offset=41, item=0),
        PlacedRow(row({"x": 2.0}, time=3), source_at=0, offset=7, item=2),
    ]
    batch = columnise("m", placed, [Source("a", 0), Source("b", 1)])
    assert batch.times.tolist() == [5, 3]
    assert [batch.sources[at] for at in batch.source_at] == [("b", 1), ("a", 0)]
    assert (batch.offsets.tolist(), batch.items.tolist()) == ([41, 7], [0, 2])
    assert [batch.versions[at] for at in batch.version_at] == ["7", None]


cells = st.sampled_from([None, True, False, 0, 1.5, "a", "b", "", float("nan"), float("inf"), [1], HUGE])
rows = st.lists(st.dictionaries(st.sampled_from(["x", "y", "z"]), cells, max_size=3), min_size=1, max_size=12)


@given(rows, st.integers(1, 11))
def test_batches_made_apart_and_joined_hold_the_same_rows(
    features: list[dict[str, object]], cut: int
) -> None:
    made = [row(one, version=str(at % 2)) for at, one in enumerate(features)]
    whole = batch_of(made)
    parts = [part for part in (made[:cut], made[cut:]) if part]
    joined = concatenate([batch_of(part, first_offset=cut * at) for at, part in enumerate(parts)])
    assert rows_of(joined) == rows_of(whole)
