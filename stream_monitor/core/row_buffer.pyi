from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.events import Row

class Full(Exception): ...

class Drained(NamedTuple):
    times: NDArray[np.int64]
    offsets: NDArray[np.int64]
    items: NDArray[np.uint32]
    source_at: NDArray[np.uint16]
    versions: tuple[str | None, ...]
    version_at: NDArray[np.uint16]
    roles: NDArray[np.uint8]
    id_bytes: NDArray[np.int32]
    ids: bytes
    columns: tuple[str, ...]
    cells: FloatArray
    codes: NDArray[np.uint8] | None
    texts: dict[str, tuple[str, ...]]

class RowBuffer:
    def __init__(self, model: str, most_columns: int | None = None) -> None: ...
    @property
    def model(self) -> str: ...
    @property
    def rows(self) -> int: ...
    @property
    def names(self) -> list[str]: ...
    def append(self, row: Row, source_at: int, offset: int, item: int) -> None: ...
    def drain(self) -> Drained: ...
