"""Files as byte streams: what kind a file is, plain or gzip, and lines of bounded length. Knows nothing of rows."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from io import BufferedIOBase, BufferedReader
from pathlib import Path

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.formats.native_json import MAX_RECORD_BYTES

MAX_LINE = MAX_RECORD_BYTES  # a file takes what a topic would
_BLOCK = 1 << 17


class FileKind(StrEnum):
    """How the rows of a file are written."""

    CSV = "csv"
    JSON_LINES = "json lines"
    PARQUET = "parquet"


_KINDS = {
    ".csv": FileKind.CSV,
    ".tsv": FileKind.CSV,
    ".jsonl": FileKind.JSON_LINES,
    ".ndjson": FileKind.JSON_LINES,
    ".json": FileKind.JSON_LINES,
    ".parquet": FileKind.PARQUET,
    ".pq": FileKind.PARQUET,
}


def kind_of(path: Path) -> FileKind:
    """The kind of a file by its extension. Raises StreamMonitorError for one that cannot be read."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = suffixes[-1:] == [".gz"]
    kind = _KINDS.get(suffixes[-2] if packed and len(suffixes) > 1 else suffixes[-1] if suffixes else "")
    if kind is None or (packed and kind is FileKind.PARQUET):
        raise StreamMonitorError(
            f"{path}: cannot tell how it is written; write CSV (.csv, .tsv), JSON lines (.jsonl, .ndjson, .json), "
            "both also as .gz, or Parquet (.parquet, compressed inside)"
        )
    return kind


def stem_of(path: Path) -> str:
    """The file's name without `.gz` and the extension before it: the default name of the model.

    >>> stem_of(Path("data/fraud.v7.csv.gz"))
    'fraud.v7'
    """
    name = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    return name.stem


@contextmanager
def opened(path: Path) -> Iterator[BufferedIOBase]:
    """The bytes of `path`, unpacked if it ends in `.gz`. Any failure, also while reading, is a StreamMonitorError."""
    try:
        with path.open("rb") as plain:
            if path.suffix.lower() != ".gz":
                yield plain
                return
            # GzipFile reads lines in Python; a buffer in front of it reads them in C
            with BufferedReader(gzip.GzipFile(fileobj=plain), 1 << 16) as unpacked:
                yield unpacked
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise StreamMonitorError(
            f"{path}: not a whole gzip file ({error}); fetch or write it again"
        ) from error
    except FileNotFoundError as error:
        raise StreamMonitorError(f"{path}: no such file") from error
    except OSError as error:
        raise StreamMonitorError(f"{path}: cannot be read: {error.strerror or error}") from error


def line_blocks(stream: BufferedIOBase, limit: int = MAX_LINE) -> Iterator[list[bytes]]:
    """The lines of `stream` without their ends, as many at a time as come at once; of a longer one `limit + 1` bytes."""
    rest = b""
    while block := stream.read1(_BLOCK):
        lines = (rest + block).split(b"\n")
        rest = lines.pop()[: limit + 1]
        yield [line[: limit + 1] for line in lines]
    if rest:
        yield [rest]


def bounded_lines(stream: BufferedIOBase, limit: int = MAX_LINE) -> Iterator[bytes]:
    """The lines of `stream` with their ends; of a line of more than `limit` bytes only the first `limit + 1`."""
    while line := stream.readline(limit + 1):
        rest = line
        while len(rest) > limit and not rest.endswith(b"\n"):
            rest = stream.readline(limit + 1)
        yield line
