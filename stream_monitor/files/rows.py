"""Files as rows: the one door through which replay and references read data.

Owns nothing but the choice of the reader; knows no model, no detector and no topic.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from stream_monitor.core.columnise import Arrived, Gathered
from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Decoded, Source
from stream_monitor.files.columns import FileColumns
from stream_monitor.files.csv_rows import csv_chunks, csv_layout
from stream_monitor.files.flat import FlatRules
from stream_monitor.files.json_rows import flat_chunks, gather_native, json_layout, native_chunks
from stream_monitor.files.opening import FileKind, kind_of, stem_of
from stream_monitor.files.parquet_rows import parquet_chunks, parquet_names
from stream_monitor.formats.native_json import Rules

CHUNK_ROWS = 1000
NO_COLUMNS = FileColumns()
NATIVE_RULES = Rules()


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRows:
    """The rows of one file, in file order, in chunks. Can be read again from the start.

    Their source is (file name, 0). Offsets are 0-based rows of the file, bad ones counted; items are places in an array.
    model: of flat rows; None where events name theirs. timed: rows carry event time (else it is the row number, in ms).
    lookalikes: roles nobody named a column for → the column that could be it. straight: the same rows from a source
    on the way to columns, where there is a faster way than one by one.
    """

    model: str | None
    timed: bool
    lookalikes: Mapping[str, str]
    chunks: Callable[[], Iterator[Decoded]]
    straight: Callable[[Source, Gathered], Iterator[Arrived]] | None = None

    def __iter__(self) -> Iterator[Decoded]:
        """Read the file. Raises StreamMonitorError where it ends early or is damaged, after the rows before that."""
        return self.chunks()

    def gather(self, source: Source, gathered: Gathered) -> Iterator[Arrived]:
        """The same rows into `gathered`, as those of `source`: what came of each part of the file."""
        if self.straight is not None:
            return self.straight(source, gathered)
        return (gathered.take(source, decoded) for decoded in self.chunks())


def read(
    path: Path,
    columns: FileColumns = NO_COLUMNS,
    *,
    rules: Rules = NATIVE_RULES,
    chunk_rows: int = CHUNK_ROWS,
) -> FileRows:
    """Open a file of rows: CSV, JSON lines (both also .gz) or Parquet, told apart by its extension.

    JSON lines hold native events if the first object is one (or `rules` has a mapping), else flat rows, as the other
    kinds do: the columns named in `columns` become time, id, version and outputs, and every other column is a feature.
    A bad row is a reject and never ends the reading. Memory: one chunk of rows.

    Raises StreamMonitorError: no such file, unknown extension, not readable as what it says, no header, a column
    that is named in `columns` and not there.
    """
    kind = kind_of(path)
    if kind is FileKind.CSV:
        layout = csv_layout(path)
        names = tuple(name for name in layout.names if name)
        return _flat(path, names, columns, lambda flat: csv_chunks(path, layout, flat, chunk_rows))
    if kind is FileKind.PARQUET:
        names = parquet_names(path)
        return _flat(path, names, columns, lambda flat: parquet_chunks(path, flat, chunk_rows))
    json = json_layout(path)
    if not json.native and rules.mapping is None:
        return _flat(path, json.names, columns, lambda flat: flat_chunks(path, flat, chunk_rows))
    if columns.named:
        role, column = next(iter(columns.named.items()))
        raise StreamMonitorError(
            f"{path}: holds native events, which name their parts themselves; {role} column {column!r} cannot be chosen"
        )
    timed = "time" in json.names if rules.mapping is None else rules.mapping.time is not None
    source = Source(path.name, 0)
    return FileRows(
        model=None,
        timed=timed,
        lookalikes={},
        chunks=partial(native_chunks, path, source, rules, chunk_rows, timed=timed),
        straight=partial(gather_native, path, rules, timed=timed),
    )


def _flat(
    path: Path,
    names: tuple[str, ...],
    columns: FileColumns,
    chunks: Callable[[FlatRules], Iterator[Decoded]],
) -> FileRows:
    if names:  # none: a file of JSON lines without any valid one
        columns.check(names, str(path))
    model = columns.model or stem_of(path)
    flat = FlatRules(source=Source(path.name, 0), model=model, named=columns.named)
    return FileRows(
        model=model,
        timed=columns.time is not None,
        lookalikes=columns.lookalikes(names),
        chunks=partial(chunks, flat),
    )
