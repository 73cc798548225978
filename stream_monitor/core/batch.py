"""Column batches: rows of one model as arrays, the unit in which data crosses the program and the columns topic.

Stage 1 does not know kinds, so a column keeps for every cell a code (what was there) beside a float (the number, or the
place of a text in the column's own dictionary).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.events import Source
from stream_monitor.core.ids import Ids, joined_ids

FEATURE = "feature:"
Entry = TypeVar("Entry")


class Cell(IntEnum):
    """What a cell held. NONE: the event has no such part (a label event has no features); ABSENT: it should have."""

    NONE = 0
    NUMBER = 1
    TEXT = 2
    FALSE = 3
    TRUE = 4
    NULL = 5
    ABSENT = 6
    NAN = 7
    INFINITE = 8
    WRONG = 9


_NUMBER = np.uint8(Cell.NUMBER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """The cells of one series source over the rows of a batch.

    values: (n,) float64: the number, or for TEXT the position in `texts`, else 0. codes: (n,) uint8 of `Cell`.
    """

    values: FloatArray
    codes: NDArray[np.uint8]
    texts: tuple[str, ...] = ()

    def slice(self, begin: int, end: int) -> "Column":
        """The cells from `begin` to before `end`: views."""
        return Column(values=self.values[begin:end], codes=self.codes[begin:end], texts=self.texts)

    def take(self, at: NDArray[np.intp]) -> "Column":
        """The cells at the positions `at`: (k,)."""
        return Column(values=self.values[at], codes=self.codes[at], texts=self.texts)


class Columns(Mapping[str, Column]):
    """The columns of a batch, held as the rows of two matrices, so that what is done to all of them is one call.

    names: k of them, in order. cells: (k, n) float64, the values of each. codes: (k, n) uint8, None where every cell is a NUMBER.
    only_numbers: whether that is so. texts: by name, of the columns that have any. A column's own arrays are contiguous views.
    """

    __slots__ = ("_at", "_codes", "_made", "cells", "names", "only_numbers", "texts")

    def __init__(
        self,
        names: tuple[str, ...],
        cells: FloatArray,
        codes: NDArray[np.uint8] | None,
        texts: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
    ) -> None:
        self.names, self.cells, self.texts = names, cells, texts
        self.only_numbers = codes is None
        self._codes = codes
        self._at = {name: at for at, name in enumerate(names)}
        self._made: dict[str, Column] = {}

    @classmethod
    def of(cls, columns: Mapping[str, Column], rows: int) -> "Columns":
        """The same cells; a copy."""
        if isinstance(columns, cls):
            return columns
        cells, codes = np.empty((len(columns), rows)), np.empty((len(columns), rows), np.uint8)
        for at, column in enumerate(columns.values()):
            cells[at], codes[at] = column.values, column.codes
        texts = {name: column.texts for name, column in columns.items() if column.texts}
        return cls(tuple(columns), cells, None if (codes == Cell.NUMBER).all() else codes, texts)

    def __getitem__(self, name: str) -> Column:
        column = self._made.get(name)
        if column is None:
            at = self._at[name]
            texts = self.texts.get(name, ())
            codes = self._all_numbers() if self._codes is None else self._codes[at]
            column = self._made[name] = Column(values=self.cells[at], codes=codes, texts=texts)
        return column

    def _all_numbers(self) -> NDArray[np.uint8]:
        """The codes (n,) of any column; the same array for all of them."""
        for column in self._made.values():
            return column.codes
        return np.full(self.cells.shape[1], _NUMBER)

    def __contains__(self, name: object) -> bool:
        return name in self._at

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def place(self, name: str) -> int:
        """Which row of the matrices is the column `name`."""
        return self._at[name]

    @property
    def codes(self) -> NDArray[np.uint8]:
        """(k, n) uint8 of `Cell`; not to be written to."""
        if self._codes is None:
            self._codes = np.broadcast_to(_NUMBER, self.cells.shape)
        return self._codes

    def slice(self, begin: int, end: int) -> "Columns":
        """The rows from `begin` to before `end`: views."""
        codes = None if self.only_numbers else self.codes[:, begin:end]
        return Columns(self.names, self.cells[:, begin:end], codes, self.texts)

    def take(self, at: NDArray[np.intp]) -> "Columns":
        """The rows at the positions `at`: (k,)."""
        codes = None if self.only_numbers else self.codes.take(at, axis=1)
        return Columns(self.names, self.cells.take(at, axis=1), codes, self.texts)

    def only(self, names: Iterable[str]) -> "Columns":
        """Those of these names, in their order."""
        chosen = tuple(names)
        if chosen == self.names:
            return self
        at = [self._at[name] for name in chosen]
        texts = {name: self.texts[name] for name in chosen if name in self.texts}
        return Columns(chosen, self.cells[at], None if self.only_numbers else self.codes[at], texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnBatch:
    """Rows of one model. All arrays are (n,); `columns` is keyed `feature:<name>` or by output series name.

    times: ms UTC. source_at, version_at: positions in `sources` and `versions`. offsets, items: where the row stood in its
    source. roles: `Role` flags.
    """

    model: str
    times: NDArray[np.int64]
    sources: tuple[Source, ...]
    source_at: NDArray[np.uint16]
    offsets: NDArray[np.int64]
    items: NDArray[np.uint32]
    versions: tuple[str | None, ...]
    version_at: NDArray[np.uint16]
    ids: Ids
    roles: NDArray[np.uint8]
    columns: Columns

    def __len__(self) -> int:
        return len(self.times)

    def slice(self, begin: int, end: int) -> "ColumnBatch":
        """The rows from `begin` to before `end`: views, nothing is copied. Cost: ~10 µs."""
        return ColumnBatch(
            model=self.model,
            times=self.times[begin:end],
            sources=self.sources,
            source_at=self.source_at[begin:end],
            offsets=self.offsets[begin:end],
            items=self.items[begin:end],
            versions=self.versions,
            version_at=self.version_at[begin:end],
            ids=self.ids.slice(begin, end),
            roles=self.roles[begin:end],
            columns=self.columns.slice(begin, end),
        )

    def take(self, at: NDArray[np.intp]) -> "ColumnBatch":
        """The rows at the positions `at`: (k,), in that order."""
        return ColumnBatch(
            model=self.model,
            times=self.times[at],
            sources=self.sources,
            source_at=self.source_at[at],
            offsets=self.offsets[at],
            items=self.items[at],
            versions=self.versions,
            version_at=self.version_at[at],
            ids=self.ids.take(at),
            roles=self.roles[at],
            columns=self.columns.take(at),
        )


def concatenate(batches: Sequence[ColumnBatch]) -> ColumnBatch:
    """All rows of `batches` (one model, at least one batch) in the given order. Cost: one copy of every array."""
    if len(batches) == 1:
        return batches[0]
    sources, source_at = _merge_dictionaries([(b.sources, b.source_at) for b in batches])
    versions, version_at = _merge_dictionaries([(b.versions, b.version_at) for b in batches])
    return ColumnBatch(
        model=batches[0].model,
        times=np.concatenate([b.times for b in batches]),
        sources=sources,
        source_at=source_at,
        offsets=np.concatenate([b.offsets for b in batches]),
        items=np.concatenate([b.items for b in batches]),
        versions=versions,
        version_at=version_at,
        ids=joined_ids([b.ids for b in batches]),
        roles=np.concatenate([b.roles for b in batches]),
        columns=_concatenate_columns(batches),
    )


def cell_of_absence(name: str, roles: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Codes (n,) of a column that a batch does not have: a feature is ABSENT where the row carries features."""
    if not name.startswith(FEATURE):
        return np.zeros(len(roles), np.uint8)
    return np.where(roles & 1, Cell.ABSENT, Cell.NONE).astype(np.uint8)


def _concatenate_columns(batches: Sequence[ColumnBatch]) -> Columns:
    names = tuple(dict.fromkeys(name for batch in batches for name in batch.columns.names))
    at = {name: place for place, name in enumerate(names)}
    shape = len(names), sum(map(len, batches))
    same = all(batch.columns.names == names for batch in batches)
    cells, codes = np.zeros(shape), None
    if not (same and all(batch.columns.only_numbers for batch in batches)):
        codes = np.zeros(shape, np.uint8)
    texts: dict[str, dict[str, int]] = {}
    end = 0
    for batch in batches:
        columns, begin, end = batch.columns, end, end + len(batch)
        rows = slice(None) if columns.names == names else [at[name] for name in columns.names]
        cells[rows, begin:end] = columns.cells
        if codes is not None:
            codes[rows, begin:end] = columns.codes
            for name in names if not same else ():
                if name not in columns:
                    codes[at[name], begin:end] = cell_of_absence(name, batch.roles)
        for name, own in columns.texts.items():
            known = texts.setdefault(name, {})
            place = np.array([known.setdefault(text, len(known)) for text in own], np.float64)
            is_text = columns[name].codes == Cell.TEXT
            cells[at[name], begin:end][is_text] = place[columns[name].values[is_text].astype(np.intp)]
    return Columns(names, cells, codes, {name: tuple(known) for name, known in texts.items()})


def _merge_dictionaries(
    parts: Sequence[tuple[tuple[Entry, ...], NDArray[np.uint16]]],
) -> tuple[tuple[Entry, ...], NDArray[np.uint16]]:
    merged: dict[Entry, int] = {}
    moved = []
    for entries, at in parts:
        place = np.array([merged.setdefault(entry, len(merged)) for entry in entries], np.uint16)
        moved.append(place[at])
    return tuple(merged), np.concatenate(moved)
