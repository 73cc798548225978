"""Rows → column batches: the last step of stage 1. Knows cells, not kinds; every cell keeps what it held as a code."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import FEATURE, Cell, Column, ColumnBatch, Columns, concatenate
from stream_monitor.core.events import Decoded, Rejected, Role, Row, Source
from stream_monitor.core.ids import Ids

CHUNK: Final = 500
"""Records that are best read at once, and rows of a model that are made into columns at once: they stay in the caches."""
_MISSING = object()


class PlacedRow(NamedTuple):
    """A row with where it stood: the position of its source in the list given to `columnise`, its offset and item."""

    row: Row
    source_at: int
    offset: int
    item: int


class Placed(NamedTuple):
    """Where n rows stood. source_at: positions in `sources`. All arrays (n,)."""

    sources: Sequence[Source]
    source_at: NDArray[np.uint16]
    offsets: NDArray[np.int64]
    items: NDArray[np.uint32]


class Form(Protocol):
    """A way in which decoded rows are held until they become columns."""

    def batch(self, model: str, rows: Sequence[Any], placed: Placed) -> ColumnBatch:
        """One batch of n >= 1 rows in this form, in the given order."""
        ...


class Run(NamedTuple):
    """Rows of one model from one source, in order. offsets, items: where each stood, (n,). newest: latest event time, ms UTC."""

    model: str
    form: Form
    rows: Sequence[Any]
    offsets: NDArray[np.int64]
    items: NDArray[np.uint32]
    newest: int


@dataclass(frozen=True, slots=True)
class Arrived:
    """What some records of one source hold: runs of rows, in order within a model, and what was rejected."""

    source: Source
    runs: list[Run]
    rejected: list[Rejected]

    @classmethod
    def of(cls, decoded: Decoded) -> "Arrived":
        """The same as runs of `Row`."""
        return cls(decoded.source, runs_of(decoded), list(decoded.rejected))

    def add(self, more: "Arrived") -> None:
        """What the records behind these hold."""
        self.runs.extend(more.runs)
        self.rejected.extend(more.rejected)

    @property
    def rows(self) -> int:
        """Rows of all runs."""
        return sum(len(run.rows) for run in self.runs)


class Rows:
    """The general form: `Row`."""

    def batch(self, model: str, rows: Sequence[Row], placed: Placed) -> ColumnBatch:
        """Cost: ~90 ns a numeric cell."""
        versions: dict[str | None, int] = {}
        version_at = [versions.setdefault(row.version, len(versions)) for row in rows]
        columns = {
            FEATURE + name: column
            for name, column in _columns(list(map(attrgetter("features"), rows)), rows).items()
        }
        columns.update(_columns(list(map(attrgetter("outputs"), rows)), None))
        return ColumnBatch(
            model=model,
            times=np.array([row.time for row in rows], np.int64),
            sources=tuple(placed.sources),
            source_at=placed.source_at,
            offsets=placed.offsets,
            items=placed.items,
            versions=tuple(versions),
            version_at=np.array(version_at, np.uint16),
            ids=Ids.of([row.id for row in rows]),
            roles=np.array([row.roles for row in rows], np.uint8),
            columns=Columns.of(columns, len(rows)),
        )


ROWS: Final = Rows()


def columnise(model: str, placed: Sequence[PlacedRow], sources: Sequence[Source]) -> ColumnBatch:
    """One batch of the rows of `model`, in the given order."""
    rows, source_at, offsets, items = zip(*placed, strict=True)
    where = Placed(
        sources, np.array(source_at, np.uint16), np.array(offsets, np.int64), np.array(items, np.uint32)
    )
    return ROWS.batch(model, rows, where)


def runs_of(decoded: Decoded) -> list[Run]:
    """The rows of `decoded` by model, in order of appearance."""
    found: dict[str, tuple[list[Row], list[int], list[int]]] = {}
    for row, offset, item in zip(decoded.rows, decoded.offsets, decoded.items, strict=True):
        rows, offsets, items = found.setdefault(row.model, ([], [], []))
        rows.append(row)
        offsets.append(offset)
        items.append(item)
    return [
        Run(
            model,
            ROWS,
            rows,
            np.array(offsets, np.int64),
            np.array(items, np.uint32),
            max([row.time for row in rows]),
        )
        for model, (rows, offsets, items) in found.items()
    ]


def joined(runs: Sequence[tuple[Run, int]], sources: Sequence[Source]) -> list[ColumnBatch]:
    """Batches of the rows of these runs of one model, in order; each run with the position of its source in `sources`.

    Neighbours of the same form become one batch.
    """
    batches = []
    for _, group in groupby(runs, key=lambda run: id(run[0].form)):
        same = list(group)
        placed = Placed(
            sources,
            np.repeat(np.array([at for _, at in same], np.uint16), [len(run.rows) for run, _ in same]),
            np.concatenate([run.offsets for run, _ in same]),
            np.concatenate([run.items for run, _ in same]),
        )
        run = same[0][0]
        batches.append(run.form.batch(run.model, [row for run, _ in same for row in run.rows], placed))
    return batches


class Gathered:
    """Rows of several models and sources, on their way to one column batch each model."""

    def __init__(self) -> None:
        self._sources: dict[Source, int] = {}
        self._runs: dict[str, list[tuple[Run, int]]] = {}
        self._waiting: dict[str, int] = {}  # rows of these runs
        self._batches: dict[str, list[ColumnBatch]] = {}
        self.rows = 0

    def add(self, run: Run, source: Source) -> None:
        """These rows follow those of the same model and source. They become columns while they are fresh in the caches."""
        runs = self._runs.setdefault(run.model, [])
        runs.append((run, self._sources.setdefault(source, len(self._sources))))
        self.rows += len(run.rows)
        waiting = self._waiting[run.model] = self._waiting.get(run.model, 0) + len(run.rows)
        if waiting >= CHUNK:
            self._columnise(run.model)

    def drain(self) -> list[ColumnBatch]:
        """One batch a model, in the order of their first rows; nothing is left."""
        for model in self._runs:
            self._columnise(model)
        batches, self._batches = self._batches, {}
        self._runs, self._waiting, self._sources, self.rows = {}, {}, {}, 0
        return [concatenate(of) for of in batches.values()]

    def _columnise(self, model: str) -> None:
        runs, self._runs[model], self._waiting[model] = self._runs[model], [], 0
        self._batches.setdefault(model, []).extend(joined(runs, list(self._sources)))


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


def _columns(mappings: Sequence[Mapping[str, object]], rows: Sequence[Row] | None) -> dict[str, Column]:
    """A column for every name in `mappings`; where a name is missing: ABSENT if the row has features, else NONE."""
    first = mappings[0].keys()
    if all(m.keys() == first for m in mappings):
        return {name: column_of([m[name] for m in mappings]) for name in first}
    names = dict.fromkeys(name for m in mappings for name in m)
    columns = {}
    for name in names:
        cells = [m.get(name, _MISSING) for m in mappings]
        column = column_of([None if cell is _MISSING else cell for cell in cells])
        for at, cell in enumerate(cells):
            if cell is _MISSING:
                has_features = rows is not None and rows[at].roles & Role.FEATURES
                column.codes[at] = Cell.ABSENT if has_features else Cell.NONE
        columns[name] = column
    return columns


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
