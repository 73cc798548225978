"""The data that a retrain request of the demo names, as `export` writes them: read back from the log in memory.

Knows the log and the request; what is in the file is decided where `export` decides it.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from pyarrow.parquet import read_schema

from stream_monitor.core.events import Row, Source
from stream_monitor.core.retrain_request import RetrainRequest
from stream_monitor.files.cases import Cases
from stream_monitor.files.tables import columns_of, table
from stream_monitor.formats.native_json import Rules, decode
from stream_monitor.memory.log import MemoryLog

FILE: Final = "data.parquet"
_CHUNK: Final = 1_000


class Training(NamedTuple):
    """What the file of a request holds: cases, how many of them with a label; its columns; its size."""

    cases: int
    labels: int
    columns: tuple[str, ...]
    bytes: int


def training_data(
    request: RetrainRequest, write: Callable[[RetrainRequest, Path], tuple[int, int]]
) -> Training:
    """Let `write` make the file of the request, which is gone afterwards; it returns cases, and how many with a label."""
    with TemporaryDirectory(prefix="stream-monitor-demo-") as folder:
        path = Path(folder) / FILE
        cases, labels = write(request, path)
        columns = tuple(read_schema(path).names)
        return Training(cases, labels, columns, path.stat().st_size)


def from_memory(log: MemoryLog, request: RetrainRequest, path: Path) -> tuple[int, int]:
    """Write the cases of the request to `path`; returns how many there are, and how many with a label."""
    with Cases(path.parent) as cases:
        for rows in _rows(log, request):
            cases.add(rows)
        for rows in _rows(log, request):
            cases.label(rows, None)
        with table(path, columns_of(cases.chunks()), request.id) as write:
            for chunk in cases.chunks():
                write(chunk)
        found, _, _, labels = cases.counts()
    return found, labels


def _rows(log: MemoryLog, request: RetrainRequest) -> Iterator[Sequence[Row]]:
    """From where the new regime begins up to where it ends, or to the end of the log."""
    for place in request.positions:
        source, at = Source(place.topic, place.partition), place.first_offset
        while True:
            records, at = log.read(source, at, _CHUNK)
            mine = [one for one in records if request.ongoing or one.offset <= place.last_offset]
            if not mine:
                break
            yield decode(source, mine, Rules()).rows
