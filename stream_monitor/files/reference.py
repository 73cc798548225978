"""Training files → columns by feature name, for references to be learned from. Knows no reference and no series."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from stream_monitor.core.batch import FEATURE, Cell, Column, ColumnBatch, concatenate
from stream_monitor.core.columnise import PlacedRow, columnise
from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Decoded, Role, Source
from stream_monitor.files.rows import CHUNK_ROWS, read

if TYPE_CHECKING:
    from stream_monitor.core.detector import FloatArray

MAX_ROWS = 200_000
_SEED = 20_240_229


def read_columns(
    path: Path, *, exclude: Sequence[str] = (), max_rows: int = MAX_ROWS, model: str | None = None
) -> Mapping[str, Column]:
    """The features of a training file (CSV, JSON lines, Parquet; `files.rows.read`), by name, in file order.

    exclude: names or globs (`*_id`) of columns that are no features. model: read only the native events of this one.
    max_rows: a longer file is sampled: every row is equally likely to be kept, by a fixed seed, so the same file gives
    the same rows (a stride would alias with a season). Texts of a column: only those that occur in the kept rows.

    Memory: columns of twice `max_rows` rows, 9 bytes a cell beside the texts. Cost: that of reading and columnising.
    Raises StreamMonitorError as `read` does, and for a file without any usable feature row.
    """
    sample = RowSample(max_rows)
    rejected = 0
    rows = read(path)
    named = model if rows.model is None else None  # flat rows name no model: they are whose the file is
    for decoded in rows:
        rejected += len(decoded.rejected)
        batch = feature_rows(decoded, exclude, named)
        if batch is not None:
            sample.add(batch)
    if sample.rows == 0:
        of = f" of the model {named!r}" if named else ""
        raise StreamMonitorError(
            f"{path}: holds no row with features{of} ({rejected} rows could not be read)"
        )
    return {name.removeprefix(FEATURE): column for name, column in sample.kept().columns.items()}


def feature_rows(decoded: Decoded, exclude: Iterable[str], model: str | None) -> ColumnBatch | None:
    """The rows that carry features, of `model` or of any, with their features only; None if there are none."""
    placed = [
        PlacedRow(row._replace(outputs={}, roles=Role.FEATURES.value, id=None), 0, offset, item)
        for row, offset, item in zip(decoded.rows, decoded.offsets, decoded.items, strict=True)
        if row.roles & Role.FEATURES and (model is None or row.model == model)
    ]
    if not placed:
        return None
    batch = columnise("", placed, (Source("", 0),))
    kept = {
        name: column
        for name, column in batch.columns.items()
        if not any(fnmatchcase(name.removeprefix(FEATURE), pattern) for pattern in exclude)
    }
    return replace(batch, columns=kept)


class RowSample:
    """A uniform sample of the rows added so far: each gets a random key, and those with the smallest keys are kept."""

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
        columns = {name: _only_used_texts(column) for name, column in batch.columns.items()}
        self._batches, self._keys, self._held = [replace(batch, columns=columns)], [keys], len(keys)


def _only_used_texts(column: Column) -> Column:
    is_text = column.codes == Cell.TEXT
    used, places = np.unique(column.values[is_text].astype(np.intp), return_inverse=True)
    if len(used) == len(column.texts):
        return column
    values = column.values.copy()
    values[is_text] = places
    return replace(column, values=values, texts=tuple([column.texts[at] for at in used.tolist()]))
