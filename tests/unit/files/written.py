"""What the tests of this folder share: files with a given content, and everything a reading gives."""

import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from stream_monitor.core.batch import FEATURE, Column
from stream_monitor.core.events import Rejected, Row
from stream_monitor.files.columns import FileColumns
from stream_monitor.files.reference import MAX_ROWS, RowSample, feature_rows
from stream_monitor.files.rows import NO_COLUMNS, FileRows, read


class Everything(NamedTuple):
    """All chunks of a file put together."""

    rows: list[Row]
    offsets: list[int]
    items: list[int]
    rejected: list[Rejected]


def written(folder: Path, name: str, content: str | bytes) -> Path:
    raw = content.encode() if isinstance(content, str) else content
    path = folder / name
    path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    return path


def everything(rows: FileRows) -> Everything:
    chunks = list(rows)
    return Everything(
        rows=[row for chunk in chunks for row in chunk.rows],
        offsets=[offset for chunk in chunks for offset in chunk.offsets],
        items=[item for chunk in chunks for item in chunk.items],
        rejected=[reject for chunk in chunks for reject in chunk.rejected],
    )


def read_text(folder: Path, name: str, content: str | bytes, columns: FileColumns = NO_COLUMNS) -> Everything:
    return everything(read(written(folder, name, content), columns))


def read_columns(
    path: Path, *, exclude: Sequence[str] = (), max_rows: int = MAX_ROWS
) -> Mapping[str, Column]:
    """The features of a file by name, sampled if they are too many."""
    sample = RowSample(max_rows)
    for decoded in read(path):
        batch = feature_rows(decoded, exclude)
        if batch is not None:
            sample.add(batch)
    return {name.removeprefix(FEATURE): column for name, column in sample.kept().columns.items()}
