"""Column batches: rows of one model as arrays, the unit in which data crosses the program and the columns topic.

Stage 1 does not know kinds, so a column keeps for every cell a code (what was there) beside a float (the number, or the
place of a text in the column's own dictionary).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.events import Source

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """The cells of one series source over the rows of a batch.

    values: (n,) float64: the number, or for TEXT the position in `texts`, else 0. codes: (n,) uint8 of `Cell`.
    """

    values: FloatArray
    codes: NDArray[np.uint8]
    texts: tuple[str, ...] = ()

    def slice(self, begin: int, end: int) -> "Column":
        """The cells from `begin` to before `end`: views, nothing is copied."""
        return Column(values=self.values[begin:end], codes=self.codes[begin:end], texts=self.texts)

    def take(self, at: NDArray[np.intp]) -> "Column":
        """The cells at the positions `at`: (k,)."""
        return Column(values=self.values[at], codes=self.codes[at], texts=self.texts)


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
    ids: tuple[str | None, ...]
    roles: NDArray[np.uint8]
    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(self.times)

    def slice(self, begin: int, end: int) -> "ColumnBatch":
        """The rows from `begin` to before `end`: views, nothing is copied but the ids. Cost: ~1 µs a column."""
        return replace(
            self,
            times=self.times[begin:end],
            source_at=self.source_at[begin:end],
            offsets=self.offsets[begin:end],
            items=self.items[begin:end],
            version_at=self.version_at[begin:end],
            ids=self.ids[begin:end],
            roles=self.roles[begin:end],
            columns={name: column.slice(begin, end) for name, column in self.columns.items()},
        )

    def take(self, at: NDArray[np.intp]) -> "ColumnBatch":
        """The rows at the positions `at`: (k,), in that order."""
        return replace(
            self,
            times=self.times[at],
            source_at=self.source_at[at],
            offsets=self.offsets[at],
            items=self.items[at],
            version_at=self.version_at[at],
            ids=tuple([self.ids[i] for i in at.tolist()]),
            roles=self.roles[at],
            columns={name: column.take(at) for name, column in self.columns.items()},
        )


def concatenate(batches: Sequence[ColumnBatch]) -> ColumnBatch:
    """All rows of `batches` (one model, at least one batch) in the given order. Cost: one copy of every array."""
    if len(batches) == 1:
        return batches[0]
    sources, source_at = _merge_dictionaries([(b.sources, b.source_at) for b in batches])
    versions, version_at = _merge_dictionaries([(b.versions, b.version_at) for b in batches])
    names = dict.fromkeys(name for batch in batches for name in batch.columns)
    return ColumnBatch(
        model=batches[0].model,
        times=np.concatenate([b.times for b in batches]),
        sources=sources,
        source_at=source_at,
        offsets=np.concatenate([b.offsets for b in batches]),
        items=np.concatenate([b.items for b in batches]),
        versions=versions,
        version_at=version_at,
        ids=tuple([i for b in batches for i in b.ids]),
        roles=np.concatenate([b.roles for b in batches]),
        columns={name: _concatenate_column(name, batches) for name in names},
    )


def cell_of_absence(name: str, roles: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Codes (n,) of a column that a batch does not have: a feature is ABSENT where the row carries features."""
    if not name.startswith(FEATURE):
        return np.zeros(len(roles), np.uint8)
    return np.where(roles & 1, Cell.ABSENT, Cell.NONE).astype(np.uint8)


def _concatenate_column(name: str, batches: Sequence[ColumnBatch]) -> Column:
    texts: dict[str, int] = {}
    values, codes = [], []
    for batch in batches:
        column = batch.columns.get(name)
        if column is None:
            values.append(np.zeros(len(batch)))
            codes.append(cell_of_absence(name, batch.roles))
            continue
        codes.append(column.codes)
        values.append(column.values)
        if column.texts:
            place = np.array([texts.setdefault(t, len(texts)) for t in column.texts], np.float64)
            is_text = column.codes == Cell.TEXT
            moved = column.values.copy()
            moved[is_text] = place[column.values[is_text].astype(np.intp)]
            values[-1] = moved
    return Column(values=np.concatenate(values), codes=np.concatenate(codes), texts=tuple(texts))


def _merge_dictionaries(
    parts: Sequence[tuple[tuple[Entry, ...], NDArray[np.uint16]]],
) -> tuple[tuple[Entry, ...], NDArray[np.uint16]]:
    merged: dict[Entry, int] = {}
    moved = []
    for entries, at in parts:
        place = np.array([merged.setdefault(entry, len(merged)) for entry in entries], np.uint16)
        moved.append(place[at])
    return tuple(merged), np.concatenate(moved)
