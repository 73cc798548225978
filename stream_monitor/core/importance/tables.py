"""The tables of counts of one feature: its groups by those of the output, and what those that are full came to."""

from math import pi, sqrt
from statistics import median
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import Plain
from stream_monitor.core.fields import Fields, as_bytes
from stream_monitor.core.importance.coding import OUTPUTS, VALUES, FeatureCoding

LEAST: Final = 500  # pairs in the first table
CLOSED: Final = 8  # tables that count
CELLS: Final = VALUES * OUTPUTS
_TWICE: Final = 2  # the second takes twice as many pairs, and those after it four times
_OF_MEDIAN: Final = sqrt(pi / 2)  # standard error of a median, in that of a mean


class Closed(NamedTuple):
    """information: of one table, or of some, beyond chance, in nats. error: its standard error under independence."""

    information: float
    error: float


class Tables:
    """The tables of one feature, of which one is open. coding: what the open one is made by, None while there is no reference.

    stamp: of that coding. It is known when a snapshot is read, before the coding is.
    """

    __slots__ = ("closed", "coding", "counts", "stamp")

    def __init__(self) -> None:
        self.coding: FeatureCoding | None = None
        self.stamp: str | None = None
        self.counts: NDArray[np.int64] = np.zeros(CELLS, np.int64)
        self.closed: list[Closed] = []

    def begin(self, coding: FeatureCoding | None) -> None:
        """Another reference: counts by the old one say nothing any more, what was learned from them stays."""
        self.coding = coding
        self.stamp = None if coding is None else coding.stamp
        self.counts = np.zeros(CELLS, np.int64)

    @property
    def known(self) -> Closed:
        """What the closed tables come to, of which there must be one."""
        information, errors = zip(*self.closed, strict=True)
        return Closed(median(information), _OF_MEDIAN * median(errors) / sqrt(len(errors)))

    @property
    def is_due(self) -> bool:
        """Whether the open table has pairs enough to be closed."""
        return int(self.counts.sum()) >= LEAST << min(len(self.closed), _TWICE)

    def close(self, closed: Closed) -> None:
        """Keep what the open table came to, and open another one."""
        self.closed = [*self.closed, closed][-CLOSED:]
        self.counts = np.zeros(CELLS, np.int64)

    def dump(self, name: str) -> dict[str, Plain]:
        """Explicit fields, with the name of the feature; arrays as little-endian bytes."""
        return {
            "name": name,
            "stamp": self.stamp,
            "counts": as_bytes(self.counts, "<u2"),
            "closed": as_bytes(np.array(self.closed, np.float64), "<f8"),
        }

    @classmethod
    def load(cls, plain: Plain) -> tuple[str, "Tables"]:
        """The inverse of `dump`; the coding is to be found by its stamp. Raises CorruptState."""
        fields = Fields(plain, "feature")
        tables = cls()
        tables.stamp = fields.optional_text("stamp")
        tables.counts = fields.array("counts", "<u2", (CELLS,)).astype(np.int64)
        closed = fields.array("closed", "<f8", (-1, 2))
        if len(closed) > CLOSED or (closed[:, 1] < 0).any():
            raise fields.wrong("closed", "too many tables, or an error below 0")
        tables.closed = [Closed(*figures) for figures in closed.tolist()]
        return fields.text("name"), tables
