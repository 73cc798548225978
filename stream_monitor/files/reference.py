"""Decoded rows → batches of features, and a uniform sample of them. Knows no file, no reference and no series."""

from collections.abc import Iterable
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import numpy as np

from stream_monitor.core.batch import FEATURE, Cell, Column, ColumnBatch, Columns, concatenate
from stream_monitor.core.columnise import PlacedRow, columnise
from stream_monitor.core.events import Decoded, Role, Source
from stream_monitor.files.rows import CHUNK_ROWS

if TYPE_CHECKING:
    from stream_monitor.core.detector import FloatArray

MAX_ROWS = 200_000
_SEED = 20_240_229


def feature_rows(decoded: Decoded, exclude: Iterable[str]) -> ColumnBatch | None:
    """The rows that carry features, with their features only; None if there are none.

    exclude: names or globs (`*_id`) of columns that are no features.
    """
    placed = [
        PlacedRow(row._replace(outputs={}, roles=Role.FEATURES.value, id=None), 0, offset, item)
        for row, offset, item in zip(decoded.rows, decoded.offsets, decoded.items, strict=True)
        if row.roles & Role.FEATURES
    ]
    if not placed:
        return None
    batch = columnise("", placed, (Source("", 0),))
    kept = [
        name
        for name in batch.columns
        if not any(fnmatchcase(name.removeprefix(FEATURE), pattern) for pattern in exclude)
    ]
    return replace(batch, columns=batch.columns.only(kept))


class RowSample:
    """A uniform sample of the rows added so far: each gets a random key, and those with the smallest keys are kept.

    By a fixed seed, so the same rows give the same sample (a stride would alias with a season). Texts of a column: only those
    that occur in the kept rows. Memory: columns of twice `size` rows, 9 bytes a cell beside the texts.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._random = np.random.default_rng(_SEED)
        self._batches: list[ColumnBatch] = []
        self._keys: list[FloatArray] = []
        self._highest = 1.0
        self._held = 0
        self.rows = 0

    def add(self, batch: ColumnBatch) -> None:
        """Draw from these rows, too."""
        keys = self._random.random(len(batch))
        self.rows += len(batch)
        at = np.flatnonzero(keys < self._highest)
        if len(at) < len(batch):
            batch, keys = batch.take(at), keys[at]
        self._batches.append(batch)
        self._keys.append(keys)
        self._held += len(at)
        if self._held >= 2 * self._size + CHUNK_ROWS:
            self._shrink()

    def kept(self) -> ColumnBatch:
        """At most `size` rows, in the order they came."""
        self._shrink()
        return self._batches[0]

    def _shrink(self) -> None:
        batch, keys = concatenate(self._batches), np.concatenate(self._keys)
        if len(keys) > self._size:
            at = np.sort(np.argpartition(keys, self._size)[: self._size])
            batch, keys = batch.take(at), keys[at]
            self._highest = float(keys.max())
        if batch.columns.texts:
            columns = {name: _only_used_texts(column) for name, column in batch.columns.items()}
            batch = replace(batch, columns=Columns.of(columns, len(batch)))
        self._batches, self._keys, self._held = [batch], [keys], len(keys)


def _only_used_texts(column: Column) -> Column:
    is_text = column.codes == Cell.TEXT
    used, places = np.unique(column.values[is_text].astype(np.intp), return_inverse=True)
    if len(used) == len(column.texts):
        return column
    values = column.values.copy()
    values[is_text] = places
    return replace(column, values=values, texts=tuple([column.texts[at] for at in used.tolist()]))
