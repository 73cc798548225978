"""Rows of CSV files (also tab or semicolon separated), in chunks. Knows nothing of models.

The first line names the columns; a column without a name is not read (it is the row index that pandas writes). Every
cell is taken by itself: empty is null, a number a number, true and false truth values, anything else text. Blank lines
do not count as rows. Text that is not UTF-8 is kept with U+FFFD in place of what cannot be read.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BufferedIOBase
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Decoded, Reason
from stream_monitor.files.cells import values_of
from stream_monitor.files.columns import check_distinct
from stream_monitor.files.flat import Chunk, FlatRules
from stream_monitor.files.opening import MAX_LINE, bounded_lines, opened

_RAW_TEXT = frozenset({"id", "version", "time"})  # read from the text itself: version 7 is not 7.0
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvLayout:
    """The header of a CSV file. `names`: every column, an empty text where it has no name."""

    names: tuple[str, ...]
    delimiter: str


def csv_layout(path: Path) -> CsvLayout:
    """Read the header. Raises StreamMonitorError if there is none, or a name occurs twice."""
    with opened(path) as stream:
        first = stream.readline(MAX_LINE)
        if first.startswith(_UTF_16):
            raise StreamMonitorError(f"{path}: is UTF-16; save it as UTF-8")
        header = first.decode("utf-8-sig", "replace")
        delimiter = "\t" if ".tsv" in path.suffixes else max(",;\t", key=header.count)
        stream.seek(0)
        names = next(_cells(stream, delimiter), None)
    if not isinstance(names, list) or not any(names):
        raise StreamMonitorError(
            f"{path}: has no header line; the first line of a CSV file names its columns"
        )
    check_distinct([name for name in names if name], str(path))
    return CsvLayout(names=tuple(names), delimiter=delimiter)


def csv_chunks(path: Path, layout: CsvLayout, rules: FlatRules, size: int) -> Iterator[Decoded]:
    """The rows of the file, up to `size` a chunk. Cost: about 14 µs a row of 20 numbers."""
    with opened(path) as stream:
        records = _cells(stream, layout.delimiter)
        next(records)
        offset = 0
        while taken := list(islice(records, size)):
            yield _chunk(taken, offset, layout, rules)
            offset += len(taken)


class _Bad(NamedTuple):
    """A line that could not be cut into cells."""

    reason: Reason
    detail: str


class _Lines:
    """The lines of a file as text. `too_long`: one since the last reset was over the limit, and was cut there."""

    __slots__ = ("_lines", "too_long")

    def __init__(self, stream: BufferedIOBase) -> None:
        self._lines = bounded_lines(stream)
        self.too_long = False

    def __iter__(self) -> Iterator[str]:
        encoding = "utf-8-sig"  # a byte order mark may open the file
        for line in self._lines:
            self.too_long |= len(line) > MAX_LINE
            yield line.decode(encoding, "replace")
            encoding = "utf-8"


def _cells(stream: BufferedIOBase, delimiter: str) -> Iterator[list[str] | _Bad]:
    """The records of the file without blank lines. A record that is no CSV does not end the reading."""
    lines = _Lines(stream)
    records = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        record: list[str] | _Bad
        try:
            record = next(records)
        except StopIteration:
            return
        except csv.Error as error:
            # csv.field_size_limit (128 KiB) also ends a quote that nobody closed
            huge = "field limit" in str(error)
            record = _Bad(
                Reason.TOO_LARGE if huge else Reason.NOT_AN_EVENT, f"{error} (line {records.line_num})"
            )
        if lines.too_long:
            lines.too_long = False
            record = _Bad(Reason.TOO_LARGE, f"line {records.line_num} is longer than {MAX_LINE} bytes")
        if record:
            yield record


def _chunk(taken: Sequence[list[str] | _Bad], first: int, layout: CsvLayout, rules: FlatRules) -> Decoded:
    chunk, width = Chunk(rules), len(layout.names)
    offsets, good = [], []
    for offset, record in enumerate(taken, first):
        if isinstance(record, _Bad):
            chunk.reject(offset, record.reason, record.detail)
        elif len(record) != width:
            raw = layout.delimiter.join(record).encode()
            chunk.reject(offset, Reason.NOT_AN_EVENT, f"{len(record)} cells, the header has {width}", raw=raw)
        else:
            offsets.append(offset)
            good.append(record)
    columns = dict(zip(layout.names, zip(*good, strict=True), strict=True)) if good else {}
    columns.pop("", None)
    roles = {column: role for role, column in rules.named.items()}
    named = {
        roles[name]: cells if roles[name] in _RAW_TEXT else values_of(cells)
        for name, cells in columns.items()
        if name in roles
    }
    features = {name: values_of(cells) for name, cells in columns.items() if name not in roles}
    chunk.add_columns(offsets, features, named)
    return chunk.decoded()
