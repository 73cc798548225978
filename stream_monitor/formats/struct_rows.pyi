from collections.abc import Mapping, Sequence
from typing import Any

from stream_monitor.core.events import Record
from stream_monitor.core.row_buffer import RowBuffer

class StructRows:
    def __init__(
        self, rows: RowBuffer, parts: tuple[str, ...], features: Sequence[str], classes: Sequence[str]
    ) -> None: ...

def write(
    by_type: Mapping[type, StructRows],
    structs: list[Any],
    begin: int,
    records: list[Record],
    source_at: int,
    skew: int,
) -> tuple[int, int]: ...
