"""The series of faults: whether an event is at fault in any of its features, a truth value an event and kind of fault.

A series is born at the first fault of its kind. What went before had none, so it begins with as many events without a fault as
a warm-up takes: a fault that comes late is a change from the first event on, one that was always there is the normal.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import Cell, Column, ColumnBatch
from stream_monitor.core.derived.duplicates import Duplicates
from stream_monitor.core.derived.names import FAULTS, Fault
from stream_monitor.core.derived.recent import Recent
from stream_monitor.core.derived.screen import Found
from stream_monitor.core.detector import Plain
from stream_monitor.core.drift_event import FeatureFaults
from stream_monitor.core.events import Role
from stream_monitor.core.fields import Fields
from stream_monitor.core.series import Finding, SeriesKey, SeriesSlice

_OF_FEATURES: Final = tuple(fault for fault in Fault if fault is not Fault.DUPLICATE)
_FEATURES: Final = np.uint8(Role.FEATURES)


class FaultSeries:
    """Which kinds of fault there have been, and the latest of each. Nothing is done for one that never occurred.

    warm_up: events without a fault that a series begins with, at most. learning: events before which values were not held
    against a reference, because there was none. duplicates: whether they are looked for.
    """

    def __init__(self, *, warm_up: int, learning: int, duplicates: bool) -> None:
        self._warm_up = warm_up
        self._learning = learning
        self._duplicates = Duplicates() if duplicates else None
        self._before: dict[Fault, int] = {}  # events that could have been at fault before the first that was
        self._seen = {"features": 0, "ids": 0}
        self._recent: dict[Fault, Recent] = {}
        self._noted: dict[Fault, dict[str, NDArray[np.int64]]] = {}

    def begin(self, fault: Fault) -> None:
        """From here on every event counts for the series of `fault`, though none was at fault so far."""
        self._before.setdefault(fault, self._seen["features"])

    def note(self, feature: str, found: Found, rows: NDArray[np.int64]) -> None:
        """Cells of `feature` are at fault: their positions among cells that stand in these rows (n,)."""
        for fault, at in found.items():
            self._noted.setdefault(fault, {})[feature] = rows[at]

    def observe(self, batch: ColumnBatch, first_row: int) -> Sequence[SeriesSlice]:
        """The faults noted in the rows of `batch` (n >= 1) are all there are. Returns the cells of the series of faults."""
        noted, self._noted = self._noted, {}
        rows = first_row + np.arange(len(batch))
        applies = np.flatnonzero(batch.roles & _FEATURES)
        slices = []
        for fault in _OF_FEATURES:
            found = noted.get(fault)
            if found is None and fault not in self._before:
                continue
            if found is not None:
                self._recent.setdefault(fault, Recent()).add(found)
            at_fault = np.unique(np.concatenate(list(found.values()))) - first_row if found else None
            slices += self._slice(fault, "features", batch, rows, (applies, at_fault))
        if self._duplicates is not None:
            named, repeated = self._duplicates.find(batch, first_row)
            slices += self._slice(Fault.DUPLICATE, "ids", batch, rows, (named, repeated))
            self._seen["ids"] += len(named)
        self._seen["features"] += len(applies)
        return sorted(slices, key=lambda one: (int(one.rows[0]), one.key.name))

    def _slice(
        self,
        fault: Fault,
        what: str,
        batch: ColumnBatch,
        rows: NDArray[np.int64],
        at: tuple[NDArray[np.intp], NDArray[np.intp] | None],
    ) -> list[SeriesSlice]:
        """at: rows (k,) that can be at fault, and those of them that are."""
        applies, wrong = at
        begin, past = 0, 0
        if fault not in self._before:
            if wrong is None or len(wrong) == 0:
                return []
            begin = int(np.searchsorted(applies, wrong[0]))
            self._before[fault] = self._seen[what] + begin
            blind = 0 if fault in (Fault.DUPLICATE, Fault.REQUIRED) else self._learning
            past = min(max(0, self._before[fault] - blind), self._warm_up)
        mine = applies[begin:]
        if len(mine) == 0:
            return []
        codes = np.full(len(rows), Cell.FALSE, np.uint8)
        if wrong is not None:
            codes[wrong] = Cell.TRUE
        place = np.concatenate([np.repeat(mine[:1], past), mine])
        codes = codes[place]
        codes[:past] = Cell.FALSE
        column = Column(values=np.zeros(len(place)), codes=codes)
        return [SeriesSlice(SeriesKey(str(fault), None), column, rows[place], batch.times[place])]

    def at_fault(self, finding: Finding) -> tuple[FeatureFaults, ...]:
        """The features at fault since the change of `finding`, by the number of events."""
        if finding.series.name not in FAULTS or finding.series.segment is not None:
            return ()
        recent = self._recent.get(Fault(finding.series.name))
        return () if recent is None else recent.ranked(finding.change_row, finding.row)

    def retire(self, version: str) -> None:
        """Faults are those of all versions."""

    def dump(self) -> dict[str, Plain]:
        """Explicit fields."""
        return {
            "before": {str(fault): self._before[fault] for fault in sorted(self._before)},
            "seen": dict(self._seen),
            "recent": {str(fault): self._recent[fault].dump() for fault in sorted(self._recent)},
            "duplicates": None if self._duplicates is None else self._duplicates.dump(),
        }

    def load(self, plain: Plain) -> None:
        """The inverse of `dump`. Raises CorruptState."""
        fields = Fields(plain, "faults")
        before, seen, recent = fields.inside("before"), fields.inside("seen"), fields.inside("recent")
        self._before = {_fault(name, fields): before.integer(name, least=0) for name in before.names()}
        self._seen = {name: seen.integer(name, least=0) for name in ("features", "ids")}
        self._recent = {_fault(name, fields): Recent.load(recent.plain(name)) for name in recent.names()}
        if self._duplicates is not None and fields.plain("duplicates") is not None:
            self._duplicates = Duplicates.load(fields.plain("duplicates"))


def _fault(name: str, fields: Fields) -> Fault:
    if name not in FAULTS:
        raise fields.wrong("before", "no such fault")
    return Fault(name)
