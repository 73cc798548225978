"""Rows that become columns as they come, next to columns that are made one after the other: the same to the last bit."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core.batch import FEATURE, Cell, Column, ColumnBatch, Columns
from stream_monitor.core.columnise import Gathered, PlacedRow, column_of, columnise
from stream_monitor.core.events import Decoded, Role, Row, Source
from stream_monitor.core.ids import Ids
from stream_monitor.core.row_buffer import Full, RowBuffer
from tests.unit.formats.batches import bits, rows_of

SOURCES = (Source("in", 0), Source("in", 1))


class Number(float):
    """A number that is not quite a float."""


CELLS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.floats().map(Number)
    | st.sampled_from(("a", "b", "é", "", 10**400, -0.0, [1], {"a": 1}, b"x"))
)
NAMES = st.sampled_from([f"f{at}" for at in range(20)] + ["é", "prediction"])
ROWS = st.builds(
    Row,
    model=st.just("m"),
    version=st.sampled_from(("7", "8", None)),
    id=st.none() | st.text(max_size=5),
    time=st.integers(-(2**62), 2**62),
    roles=st.sampled_from((1, 2, 7)),
    features=st.dictionaries(NAMES, CELLS, max_size=6),
    outputs=st.dictionaries(st.sampled_from(("prediction", "label", "probability:a")), CELLS, max_size=2),
).map(lambda row: row if row.roles & Role.FEATURES else row._replace(features={}))
PLACED = st.lists(
    st.builds(PlacedRow, ROWS, st.integers(0, 1), st.integers(0, 2**62), st.integers(0, 2**32 - 1)),
    min_size=1,
)


def slow_column(parts: Sequence[Mapping[str, object]], name: str, absent: Sequence[Cell]) -> Column:
    column = column_of([part.get(name) for part in parts])
    for at, part in enumerate(parts):
        if name not in part:
            column.codes[at] = absent[at]
    return column


def slow_columnise(model: str, placed: Sequence[PlacedRow], sources: Sequence[Source]) -> ColumnBatch:
    rows = [one.row for one in placed]
    versions = list(dict.fromkeys(row.version for row in rows))
    absent = [Cell.ABSENT if row.roles & Role.FEATURES else Cell.NONE for row in rows]
    features, outputs = [row.features for row in rows], [row.outputs for row in rows]
    columns: dict[str, Column] = {}
    for row in rows:  # columns stand in the order in which they come
        for name in row.features:
            if FEATURE + name not in columns:
                columns[FEATURE + name] = slow_column(features, name, absent)
        for name in row.outputs:
            if name not in columns:
                columns[name] = slow_column(outputs, name, [Cell.NONE] * len(rows))
    return ColumnBatch(
        model=model,
        times=np.array([row.time for row in rows], np.int64),
        sources=tuple(sources),
        source_at=np.array([one.source_at for one in placed], np.uint16),
        offsets=np.array([one.offset for one in placed], np.int64),
        items=np.array([one.item for one in placed], np.uint32),
        versions=tuple(versions),
        version_at=np.array([versions.index(row.version) for row in rows], np.uint16),
        ids=Ids.of([row.id for row in rows]),
        roles=np.array([row.roles for row in rows], np.uint8),
        columns=Columns.of(columns, len(rows)),
    )


def same(batch: ColumnBatch, expected: ColumnBatch) -> bool:
    return bits(batch) == bits(expected) and batch.columns.only_numbers == expected.columns.only_numbers


@settings(max_examples=100)
@given(PLACED)
def test_one_batch(placed: list[PlacedRow]) -> None:
    assert same(columnise("m", placed, SOURCES), slow_columnise("m", placed, SOURCES))


@settings(max_examples=30)
@given(st.lists(PLACED, max_size=4))
def test_one_batch_after_the_other_from_the_same_buffer(batches: list[list[PlacedRow]]) -> None:
    gathered = Gathered()
    for placed in batches:
        rows = [one.row for one in placed]
        offsets, items = [one.offset for one in placed], [one.item for one in placed]
        arrived = gathered.take(
            SOURCES[0], Decoded(source=SOURCES[0], rows=rows, offsets=offsets, items=items, rejected=[])
        )
        assert (arrived.rows, arrived.newest) == (len(rows), max(row.time for row in rows))
        batch = slow_columnise("m", [one._replace(source_at=0) for one in placed], SOURCES[:1])
        assert [rows_of(one) for one in gathered.drain()] == [rows_of(batch)]


def many(rows: int, columns: int) -> list[PlacedRow]:
    values = np.random.default_rng(1).normal(size=(rows, columns)).tolist()
    names = [f"f{at}" for at in range(columns)]
    return [
        PlacedRow(Row("m", "7", f"e-{at}", at, 1, dict(zip(names, row, strict=True)), {}), at % 2, at, 0)
        for at, row in enumerate(values)
    ]


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (63, 15), (64, 16), (65, 17), (1_000, 33), (3, 2_000)])
def test_room_is_made_for_any_number_of_rows_and_columns(rows: int, columns: int) -> None:
    placed = many(rows, columns)
    assert same(columnise("m", placed, SOURCES), slow_columnise("m", placed, SOURCES))


def test_a_row_that_fails_leaves_nothing() -> None:
    row = Row("m", "7", "é", 1, 1, {"x": "a", "y": 1.0}, {})
    buffer = RowBuffer("m")
    buffer.append(row, 0, 1, 0)
    none: Any = None
    bad = row._replace(version="8", time=none, features={"x": "b", "z": 2.0}, id="other")
    for _ in range(2):
        with pytest.raises(TypeError):
            buffer.append(bad, 0, 2, 0)
    buffer.append(row._replace(time=5), 0, 3, 0)
    drained = buffer.drain()
    assert (drained.times.tolist(), drained.offsets.tolist(), drained.versions) == ([1, 5], [1, 3], ("7",))
    assert (drained.texts, drained.ids, drained.id_bytes.tolist()) == (
        {"feature:x": ("a",)},
        "éé".encode(),
        [2, 2],
    )
    assert drained.codes is not None
    assert drained.codes.tolist() == [[Cell.TEXT] * 2, [Cell.NUMBER] * 2, [Cell.NONE] * 2]


def test_rows_beside_each_other_have_so_many_columns_and_no_more() -> None:
    buffer = RowBuffer("m", 3)
    row = Row("m", None, None, 1, 1, {"a": 1.0, "b": 1.0, "c": 1.0, "d": 1.0}, {})
    buffer.append(row, 0, 1, 0)  # one may have more
    buffer.append(row._replace(features={"b": 2.0}), 0, 2, 0)
    with pytest.raises(Full):
        buffer.append(row._replace(features={"e": 1.0}), 0, 3, 0)
    assert buffer.rows == 2


def test_more_versions_than_can_be_told_apart_become_batches_of_their_own() -> None:
    gathered, count = Gathered(), 65_540
    rows = [Row("m", str(at), None, at, 1, {"a": 1.0}, {}) for at in range(count)]
    decoded = Decoded(source=SOURCES[0], rows=rows, offsets=range(count), items=[0] * count, rejected=[])
    assert gathered.take(SOURCES[0], decoded).rows == gathered.rows == count
    batches = gathered.drain()
    assert [len(batch) for batch in batches] == [65_535, 5]
    assert [batch.versions[at] for batch in batches for at in batch.version_at.tolist()] == [
        row.version for row in rows
    ]
