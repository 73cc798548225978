from collections.abc import Callable, Mapping, Sequence
from typing import Any

from stream_monitor.core.events import Record
from stream_monitor.core.row_buffer import RowBuffer

class StructRows:
    def __init__(
        self, rows: RowBuffer, parts: tuple[str, ...], features: Sequence[str], classes: Sequence[str]
    ) -> None: ...

def write(
    decode: Callable[[bytes], object],
    told_by: Callable[[Any], object],
    writers: Mapping[object, StructRows],
    records: list[Record],
    begin: int,
    limit: int,
    source_at: int,
    skew: int,
) -> tuple[int, int]: ...
