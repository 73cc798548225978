"""Column batches for tests, compared bit by bit, and row by row."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stream_monitor.core.batch import Cell, Column, ColumnBatch, cell_of_absence
from stream_monitor.core.columnise import PlacedRow, columnise
from stream_monitor.core.events import Row, Source
from tests.unit.formats.core_values import NOON

SOURCES = (Source("fraud.events", 3), Source("fraud.labels", 0))


def batch_of(features: Sequence[Mapping[str, object]], **outputs: object) -> ColumnBatch:
    """A batch with a row for each of `features`; every other row has an id, the sources take turns."""
    rows = [
        PlacedRow(
            Row(
                "fraud", "7" if at % 3 else None, f"e-{at}" if at % 2 else None, NOON + at, 1, cells, outputs
            ),
            source_at=at % 2,
            offset=1000 + at,
            item=at % 5,
        )
        for at, cells in enumerate(features)
    ]
    return columnise("fraud", rows, SOURCES)


def bits(batch: ColumnBatch) -> dict[str, Any]:
    """Everything in a batch, with floats as bits and types as text: equal only if nothing at all differs."""

    def of(array: np.ndarray[Any, Any]) -> tuple[str, bytes]:
        return str(array.dtype), np.ascontiguousarray(array).tobytes()

    arrays = (batch.times, batch.offsets, batch.items, batch.source_at, batch.version_at, batch.roles)
    return {
        "model": batch.model,
        "arrays": [of(array) for array in arrays],
        "dictionaries": (batch.sources, batch.versions, batch.ids.texts()),
        "columns": [
            (name, of(column.values), of(column.codes), column.texts)
            for name, column in batch.columns.items()
        ],
    }


def rows_of(batch: ColumnBatch) -> list[tuple[Any, ...]]:
    """The rows of a batch as plain values, without the cells that a missing column stands for."""
    cells: list[dict[str, object]] = [{} for _ in range(len(batch))]
    for name, column in batch.columns.items():
        absent = cell_of_absence(name, batch.roles)
        for at in range(len(batch)):
            if column.codes[at] != absent[at]:
                cells[at][name] = _cell(column, at)
    return [
        (
            batch.model,
            int(batch.times[at]),
            batch.sources[batch.source_at[at]],
            int(batch.offsets[at]),
            int(batch.items[at]),
            batch.versions[batch.version_at[at]],
            batch.ids[at],
            int(batch.roles[at]),
            cells[at],
        )
        for at in range(len(batch))
    ]


def _cell(column: Column, at: int) -> tuple[Cell, object]:
    code, value = Cell(column.codes[at]), float(column.values[at])
    return code, column.texts[int(value)] if code is Cell.TEXT else value.hex()
