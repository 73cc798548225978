"""State of many streams side by side: arrays whose first axis is the stream."""

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

import numpy as np

from stream_monitor.core.detector import Plain
from stream_monitor.core.fields import Fields, as_bytes


class Rows(Protocol):
    """Has arrays named in ARRAYS, each (rows, ...)."""

    ARRAYS: ClassVar[Mapping[str, str]]
    """Name → kind in which the array is written, little endian."""


def append(rows: Rows, fresh: Rows) -> None:
    """The streams of `fresh` join those of `rows`, behind them."""
    for name in rows.ARRAYS:
        setattr(rows, name, np.concatenate([getattr(rows, name), getattr(fresh, name)]))


def dump(rows: Rows, at: slice) -> dict[str, Plain]:
    """Explicit fields of some streams."""
    return {name: as_bytes(getattr(rows, name)[at], kind) for name, kind in rows.ARRAYS.items()}


def load(rows: Rows, at: slice, fields: Fields) -> None:
    """The inverse of `dump`. Raises CorruptState."""
    for name, kind in rows.ARRAYS.items():
        array: np.ndarray[Any, Any] = getattr(rows, name)
        array[at] = fields.array(name, kind, array[at].shape)
