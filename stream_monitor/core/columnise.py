"""Rows → column batches: the last step of stage 1. Knows cells, not kinds; every cell keeps what it held as a code."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from stream_monitor.core.batch import FEATURE, Cell, Column, ColumnBatch, Columns
from stream_monitor.core.events import Decoded, Reason, Record, Rejected, Role, Row, Source
from stream_monitor.core.ids import Ids
from stream_monitor.core.row_buffer import Drained, Full, RowBuffer

_MOST_COLUMNS: Final = 4_096
"""Of the rows of a model that wait together; where others come, those before become a batch of their own."""


class PlacedRow(NamedTuple):
    """A row with where it stood: the position of its source in the list given to `columnise`, its offset and item."""

    row: Row
    source_at: int
    offset: int
    item: int


@dataclass(slots=True, kw_only=True)
class Arrived:
    """What came of some records of one source. rows: that were taken. newest: the latest event time among them, ms UTC."""

    rows: int = 0
    newest: int | None = None
    rejected: list[Rejected] = field(default_factory=list)

    def add(self, more: "Arrived") -> None:
        """What came of the records behind these."""
        self.rows += more.rows
        times = [time for time in (self.newest, more.newest) if time is not None]
        self.newest = max(times, default=None)
        self.rejected += more.rejected


class Gathered:
    """Rows of several models and sources, on their way to one column batch each model.

    max_models: rows of more are not taken (None: of any number). epoch: as long as it is the same object, a buffer once found
    in `buffers` is the one that takes the rows of its model. rows: that wait; to be told by who fills a buffer itself.
    """

    def __init__(self, max_models: int | None = None) -> None:
        self.max_models = max_models
        self.buffers: dict[str, RowBuffer] = {}
        self.epoch = object()
        self.rows = 0
        self._sources: dict[Source, int] = {}
        self._full: list[ColumnBatch] = []

    def place(self, source: Source) -> int:
        """The position of `source` among those of the batches to come."""
        return self._sources.setdefault(source, len(self._sources))

    def take(self, source: Source, decoded: Decoded, records: Sequence[Record] = ()) -> Arrived:
        """Rows that follow those of the same model and source; records: that hold them, ascending. Cost: ~60 ns a cell."""
        arrived, place = Arrived(rejected=list(decoded.rejected)), self.place(source)
        for row, offset, item in zip(decoded.rows, decoded.offsets, decoded.items, strict=True):
            if self._append(row, place, offset, item):
                arrived.rows += 1
                arrived.newest = row.time if arrived.newest is None else max(arrived.newest, row.time)
            else:
                record = records[bisect_left(records, offset, key=lambda record: record.offset)]
                detail = f"more than {self.max_models} models are being discovered (discovery.max_models)"
                arrived.rejected.append(Rejected(source, record, item, Reason.TOO_MANY_MODELS, detail))
        self.rows += arrived.rows
        return arrived

    def _append(self, row: Row, place: int, offset: int, item: int) -> bool:
        """Whether the row was taken: its model is not one too many."""
        buffer = self.buffers.get(row.model)
        if buffer is None:
            if self.max_models is not None and len(self.buffers) >= self.max_models:
                return False
            buffer = self.buffers[row.model] = RowBuffer(row.model, _MOST_COLUMNS)
        try:
            buffer.append(row, place, offset, item)
        except Full:
            self._full.append(self._batch(buffer))
            self._forget(row.model)
            self.buffers[row.model].append(row, place, offset, item)
        return True

    def drain(self) -> list[ColumnBatch]:
        """All rows, of a model as a rule in one batch; nothing is left."""
        batches = [
            *self._full,
            *(self._batch(buffer) for buffer in list(self.buffers.values()) if buffer.rows),
        ]
        self._sources, self._full, self.rows = {}, [], 0
        return batches

    def clear(self) -> None:
        """Nothing waits any more."""
        self.drain()

    def _batch(self, buffer: RowBuffer) -> ColumnBatch:
        known = len(buffer.names)
        batch = _batch(buffer.model, buffer.drain(), list(self._sources))
        if 2 * len(batch.columns) < known:
            self._forget(buffer.model)
        return batch

    def _forget(self, model: str) -> None:
        """The columns that its rows have had: most of them do not come any more."""
        self.buffers[model] = RowBuffer(model, _MOST_COLUMNS)
        self.epoch = object()


def columnise(model: str, placed: Sequence[PlacedRow], sources: Sequence[Source]) -> ColumnBatch:
    """One batch of the rows of `model`, at least one, in the given order."""
    buffer = RowBuffer(model)
    for row, source_at, offset, item in placed:
        buffer.append(row, source_at, offset, item)
    return _batch(model, buffer.drain(), sources)


def _batch(model: str, drained: Drained, sources: Sequence[Source]) -> ColumnBatch:
    return ColumnBatch(
        model=model,
        times=drained.times,
        sources=tuple(sources),
        source_at=drained.source_at,
        offsets=drained.offsets,
        items=drained.items,
        versions=drained.versions,
        version_at=drained.version_at,
        ids=Ids.packed(drained.ids, drained.id_bytes),
        roles=drained.roles,
        columns=_columns(drained),
    )


def _columns(drained: Drained) -> Columns:
    """Those that hold something, where a feature that an event with features does not have is ABSENT."""
    names, codes = drained.columns, drained.codes
    if codes is None:
        return Columns(names, drained.cells, None, drained.texts)
    nothing = codes == Cell.NONE
    held = np.flatnonzero(~nothing.all(axis=1)).tolist()
    is_feature = np.array([name.startswith(FEATURE) for name in names], np.bool_)
    codes[nothing & is_feature[:, np.newaxis] & (drained.roles & Role.FEATURES != 0)] = Cell.ABSENT
    columns = Columns(names, drained.cells, codes, drained.texts).only([names[at] for at in held])
    if (columns.codes == Cell.NUMBER).all():
        return Columns(columns.names, columns.cells, None)
    return columns


def column_of(values: Sequence[object]) -> Column:
    """The cells of `values`: any JSON-like objects, in order."""
    types = set(map(type, values))
    if types <= {float, int}:
        try:
            return _numbers(values)
        except OverflowError:  # an integer beyond float64: one bad cell, not a bad column
            pass
    if types == {str}:
        texts: dict[str, int] = {}
        at = [texts.setdefault(v, len(texts)) for v in values]  # type: ignore[arg-type]  # all are str
        codes = np.full(len(at), Cell.TEXT, np.uint8)
        return Column(values=np.array(at, np.float64), codes=codes, texts=tuple(texts))
    return _mixed(values)


def _numbers(values: Sequence[object]) -> Column:
    array = np.array(values, np.float64)
    codes = np.full(len(array), Cell.NUMBER, np.uint8)
    if not np.isfinite(array).all():
        codes[np.isnan(array)] = Cell.NAN
        codes[np.isinf(array)] = Cell.INFINITE
        array[codes != Cell.NUMBER] = 0.0
    return Column(values=array, codes=codes)


def _mixed(values: Sequence[object]) -> Column:
    texts: dict[str, int] = {}
    numbers = np.zeros(len(values))
    codes = np.zeros(len(values), np.uint8)
    for at, value in enumerate(values):
        codes[at], numbers[at] = _cell(value, texts)
    return Column(values=numbers, codes=codes, texts=tuple(texts))


def _cell(value: object, texts: dict[str, int]) -> tuple[int, float]:
    if value is True or value is False:
        return (Cell.TRUE if value else Cell.FALSE), 0.0
    if isinstance(value, str):
        return Cell.TEXT, float(texts.setdefault(value, len(texts)))
    if isinstance(value, int | float):
        try:
            number = float(value)
        except OverflowError:
            return Cell.INFINITE, 0.0
        if math.isfinite(number):
            return Cell.NUMBER, number
        return (Cell.NAN if math.isnan(number) else Cell.INFINITE), 0.0
    return (Cell.NULL if value is None else Cell.WRONG), 0.0
