"""Joined pairs that wait until it can be told what is predicted. At most MOST; a model that shows one class only is forgotten."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import Plain
from stream_monitor.core.fields import Fields, as_bytes
from stream_monitor.core.performance.columns import (
    LABEL,
    Columns,
    Places,
    dump_columns,
    joined,
    load_columns,
    taken,
)

MOST: Final = 2_048  # pairs


class Undecided:
    """Pairs as they came, in order. rows, times: (n,) of the rows that completed them. forgotten: pairs given up."""

    __slots__ = ("columns", "forgotten", "rows", "times")

    def __init__(self, *, forgotten: int = 0) -> None:
        self.columns: Columns = {}
        self.rows: NDArray[np.int64] = np.zeros(0, np.int64)
        self.times: NDArray[np.int64] = np.zeros(0, np.int64)
        self.forgotten = forgotten

    def __len__(self) -> int:
        return len(self.rows)

    def add(self, columns: Columns, places: Places) -> None:
        """Put the pairs at `places` (k,) of `columns` aside."""
        self.columns = joined(self.columns, len(self), taken(columns, places.at), len(places.at))
        self.rows = np.concatenate([self.rows, places.rows])
        self.times = np.concatenate([self.times, places.times])

    def places(self) -> Places:
        """Of all of them, in `columns`."""
        return Places(np.arange(len(self)), self.rows, self.times)

    def forget_if_full(self) -> None:
        """Give up MOST pairs that told nothing."""
        if len(self) >= MOST:
            self.forgotten += len(self)
            self.columns, self.rows, self.times = {}, self.rows[:0], self.times[:0]

    def dump(self) -> dict[str, Plain]:
        """Explicit fields; arrays as little-endian bytes."""
        return {
            "columns": dump_columns(self.columns),
            "rows": as_bytes(self.rows, "<i8"),
            "times": as_bytes(self.times, "<i8"),
            "forgotten": self.forgotten,
        }

    @classmethod
    def load(cls, plain: Plain) -> "Undecided":
        """The inverse of `dump`. Raises CorruptState."""
        fields = Fields(plain, "undecided")
        undecided = cls(forgotten=fields.integer("forgotten", least=0))
        undecided.rows, undecided.times = fields.array("rows", "<i8"), fields.array("times", "<i8")
        n = len(undecided.rows)
        if len(undecided.times) != n or n > MOST:
            raise fields.wrong("times", "arrays do not fit")
        undecided.columns = load_columns(fields.inside("columns"), n)
        if n and LABEL not in undecided.columns:
            raise fields.wrong("columns", "no labels")
        return undecided
