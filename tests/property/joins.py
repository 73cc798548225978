"""A label join fed with events in parts, written down in part and loaded between them."""

from collections.abc import Sequence
from typing import Any

import msgspec

from stream_monitor.core.batch import Cell, Column, ColumnBatch
from stream_monitor.core.columnise import PlacedRow, columnise
from stream_monitor.core.events import Role, Row, Source
from stream_monitor.core.join.joined import Joined
from stream_monitor.core.join.label_join import LabelJoin
from stream_monitor.core.join.parameters import JoinParameters
from tests.property.naive_join import Event, Pair

KEPT = "feature:country"


def batch_of(events: Sequence[Event]) -> ColumnBatch:
    rows = [PlacedRow(_row(event), 0, at, 0) for at, event in enumerate(events)]
    return columnise("m", rows, [Source("in", 0)])


def _row(event: Event) -> Row:
    outputs = {
        name: value
        for name in ("prediction", "probability", "label")
        if (value := getattr(event, name)) is not None
    }
    roles = Role(0)
    if "prediction" in outputs or "probability" in outputs:
        roles |= Role.PREDICTION
    if "label" in outputs:
        roles |= Role.LABEL
    features = {}
    if event.kept is not None:
        roles |= Role.FEATURES
        features["country"] = event.kept
    return Row("m", event.version, event.id, event.time, int(roles), features, outputs)


class Stored:
    """What was written of a join: bytes by chunk number, and the rest."""

    def __init__(self, parameters: JoinParameters) -> None:
        self.parameters = parameters
        self.chunks: dict[int, bytes] = {}
        self.rest = b""

    def write(self, join: LabelJoin) -> int:
        """Write what has changed; returns the number of chunks written."""
        gone, dirty = join.gone_chunks(), join.dirty_chunks()
        for number in gone:
            del self.chunks[number]
        self.chunks |= {number: msgspec.msgpack.encode(fields) for number, fields in dirty.items()}
        self.rest = msgspec.msgpack.encode(join.dump())
        return len(dirty)

    def load(self) -> LabelJoin:
        chunks = {number: msgspec.msgpack.decode(value) for number, value in self.chunks.items()}
        return LabelJoin.load(self.parameters, msgspec.msgpack.decode(self.rest), chunks)


def pairs_of(joined: Joined) -> list[Pair]:
    cells = {name: _cells(joined, name) for name in ("prediction", "probability", KEPT, "label")}
    versions = [joined.versions[at] for at in joined.version_at.tolist()]
    numbers = [joined.rows, joined.times, joined.prediction_rows, joined.prediction_times]
    return [
        Pair(*row)
        for row in zip(
            *(one.tolist() for one in numbers), versions, *cells.values(), joined.delays.tolist(), strict=True
        )
    ]


def _cells(joined: Joined, name: str) -> list[Any]:
    column = joined.columns.get(name)
    if column is None:
        return [None] * len(joined)
    return [_cell(column, at) for at in range(len(joined))]


def _cell(column: Column, at: int) -> Any:
    code, value = Cell(int(column.codes[at])), float(column.values[at])
    plain = {Cell.NUMBER: value, Cell.TRUE: True, Cell.FALSE: False, Cell.WRONG: []}
    if code is Cell.TEXT:
        return column.texts[int(value)]
    return plain.get(code)
