"""What the tests of this folder share: files with a given content, and everything a reading gives."""

import gzip
from pathlib import Path
from typing import NamedTuple

from stream_monitor.core.events import Rejected, Row
from stream_monitor.files.columns import FileColumns
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
