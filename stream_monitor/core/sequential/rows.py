"""State of many streams side by side: arrays whose first axis is the stream, with rows that are claimed and given back."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

import numpy as np

from stream_monitor.core.detector import Plain
from stream_monitor.core.fields import Fields, arrays, as_bytes

_FIRST = 8


class Store(Protocol):
    """Has arrays, each (rows, ...)."""

    ARRAYS: ClassVar[Mapping[str, str]]
    """What is written: name → kind, little endian."""

    STILL: ClassVar[frozenset[str]]
    """What of it stands still while blocks pass."""

    MADE: ClassVar[tuple[str, ...]]
    """What follows from it."""

    free: list[int]
    """Rows that nobody has; they are as they begin."""

    def fresh(self, rows: int) -> "Store":
        """So many rows as they begin."""
        ...


def claim(store: Store) -> int:
    """A row as it begins."""
    if not store.free:
        rows = len(getattr(store, next(iter(store.ARRAYS))))
        more = store.fresh(max(_FIRST, rows))
        for name in (*store.ARRAYS, *store.MADE):
            setattr(store, name, np.concatenate([getattr(store, name), getattr(more, name)]))
        store.free.extend(range(rows + max(_FIRST, rows) - 1, rows - 1, -1))
    return store.free.pop()


def give_back(store: Store, row: int) -> None:
    """Nobody has this row any more."""
    begin(store, row)
    store.free.append(row)


def begin(store: Store, row: int) -> None:
    """Put a row back to how it began."""
    one = store.fresh(1)
    for name in store.ARRAYS:
        getattr(store, name)[row] = getattr(one, name)[0]


def dump(store: Store, row: int) -> dict[str, Plain]:
    """Explicit fields of one stream."""
    return {name: as_bytes(getattr(store, name)[row], kind) for name, kind in store.ARRAYS.items()}


def load(store: Store, rows: np.ndarray[Any, np.dtype[np.intp]], many: Sequence[Fields]) -> None:
    """The inverse of `dump`, for many streams at once. Raises CorruptState."""
    for name, kind in store.ARRAYS.items():
        array: np.ndarray[Any, Any] = getattr(store, name)
        array[rows] = arrays(many, name, kind, array.shape[1:])


def saved(store: Store, rows: np.ndarray[Any, np.dtype[np.intp]]) -> dict[str, np.ndarray[Any, Any]]:
    """What passing blocks move in these rows, (n,)."""
    return {name: getattr(store, name).take(rows, axis=0) for name in store.ARRAYS if name not in store.STILL}


def restore(store: Store, row: int, copy: Mapping[str, np.ndarray[Any, Any]], at: int) -> None:
    """Put one row back to what it was, which is at this place of the copy; what follows from it is still to be made."""
    for name, values in copy.items():
        getattr(store, name)[row] = values[at]
