"""All that is computed from the rows of one model beside what they carry, in one place: series, and plain facts."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.alerts import Alerts
from stream_monitor.core.batch import FEATURE, Column, ColumnBatch
from stream_monitor.core.derived.absence import KEY as ABSENCE
from stream_monitor.core.derived.absence import Absence
from stream_monitor.core.derived.confidence import Confidence
from stream_monitor.core.derived.fault_series import FaultSeries
from stream_monitor.core.derived.names import Fault
from stream_monitor.core.derived.outlying import Outlying
from stream_monitor.core.derived.schema import Schema
from stream_monitor.core.derived.screen import Found, Screen
from stream_monitor.core.derived.tail import Tail, tail_of
from stream_monitor.core.derived.traffic import Traffic
from stream_monitor.core.derived.words import APPEARED
from stream_monitor.core.detector import Kind, Plain
from stream_monitor.core.drift_event import DriftEvent, FeatureFaults, Resolution
from stream_monitor.core.fields import Fields
from stream_monitor.core.parameters import ModelParameters
from stream_monitor.core.plain import plain_of, value_of
from stream_monitor.core.series import Deriver, Finding, SeriesKey, SeriesSlice
from stream_monitor.core.series_monitor import SeriesMonitor


class Derived:
    """The derived series of one model that are wanted, as a `Deriver`, and its facts."""

    def __init__(self, parameters: ModelParameters) -> None:
        wanted, default = parameters.derived, parameters.default
        self._parameters = parameters
        self.traffic = None if wanted.traffic_ms is None else Traffic(wanted.traffic_ms)
        self.absence = Absence(wanted.absent_ms) if wanted.absence else None
        self.faults = FaultSeries(
            warm_up=default.warm_up,
            learning=0 if parameters.references else default.warm_up,
            duplicates=wanted.quality,
        )
        self.confidence = Confidence() if wanted.confidence else None
        self.schema = Schema(parameters)
        self.outlying = Outlying()
        self._tails: dict[str, Tail] = {}
        self._derivers: Sequence[Deriver] = tuple(
            one for one in (self.traffic, self.faults, self.confidence) if one is not None
        )
        self._looked = (0, 0)  # row and event time at which the features were looked at last

    def screen_of(self, key: SeriesKey) -> Screen | None:
        """What to look for in the cells of a series; None: nothing."""
        if not key.name.startswith(FEATURE) or key.segment is not None:
            return None
        wanted, name = self._parameters.derived, key.name.removeprefix(FEATURE)
        chosen = self._parameters.of_feature(name)
        constraints = None if chosen is None else chosen.constraints
        if not (wanted.quality or wanted.outliers) and constraints is None:
            return None
        return Screen(constraints, self._tails.get(name), known=wanted.quality)

    def note(self, one: SeriesMonitor, found: Found, column: Column, rows: NDArray[np.int64]) -> None:
        """Cells of a feature are at fault, or outliers: their positions in `column`, whose cells stand in these rows (n,)."""
        feature = one.key.name.removeprefix(FEATURE)
        self.faults.note(feature, found, rows)
        at, tail = found.get(Fault.OUTLIER), self._tails.get(feature)
        if at is not None and tail is not None and one.lens is not None:
            self.outlying.note(feature, rows[at], tail.scores(one.lens.values(column.take(at)).numbers))

    def observe(self, batch: ColumnBatch, first_row: int) -> Sequence[SeriesSlice]:
        """Take the rows of `batch` (n >= 1) that follow those observed before. Returns the cells of its series."""
        if self.absence is not None:
            self.absence.observe(batch)
        self.outlying.observe(batch, first_row)
        slices = [one for deriver in self._derivers for one in deriver.observe(batch, first_row)]
        return sorted(slices, key=_by_first_row)

    def retire(self, version: str) -> None:
        """A version has ended: forget it."""
        for deriver in self._derivers:
            deriver.retire(version)

    def at_fault(self, finding: Finding) -> tuple[FeatureFaults, ...]:
        """The features behind a finding of the series of faults, since its change."""
        return self.faults.at_fault(finding)

    def minds(self, ms: int) -> bool:
        """Whether so long a silence may be a fact, whatever rows came before."""
        return self.absence is not None and ms >= self.absence.least_ms

    def silent(self, ms: int, alerts: Alerts, rows: int, clock: int) -> list[DriftEvent]:
        """The model has been silent for so long after so many rows; `clock`: its latest event time."""
        if self.absence is None or ABSENCE in alerts.open:
            return []
        fact = self.absence.fact(ms, rows, clock)
        return [] if fact is None else [alerts.tell(fact.finding(rows - 1, clock + ms))]

    def returned(self, alerts: Alerts, row: int, time: int) -> list[DriftEvent]:
        """A row came."""
        return alerts.lift(ABSENCE, Resolution.RECOVERED, row, time) if ABSENCE in alerts.open else []

    def look(
        self, series: Mapping[SeriesKey, SeriesMonitor], alerts: Alerts, row: int, clock: int
    ) -> list[DriftEvent]:
        """Every few thousand rows, always at the same ones: what is an outlier is fixed, and features are looked at."""
        if self._parameters.derived.outliers:
            self._fix_tails(series)
        events: list[DriftEvent] = []
        for key, fact in self.schema.look(series, self._looked).items():
            before = alerts.open.get(key)
            if fact is None and before is not None:
                appeared = before.evidence[0].view == APPEARED
                how = Resolution.ADOPTED if appeared else Resolution.RECOVERED
                events += alerts.lift(key, how, row, clock)
            elif fact is not None and (before is None or before.evidence[0].view != fact.name):
                events.append(alerts.tell(fact.finding(row, clock)))
        self._looked = (row + 1, clock)
        return events

    def _fix_tails(self, series: Mapping[SeriesKey, SeriesMonitor]) -> None:
        known = {
            key: one.lens.reference
            for key, one in series.items()
            if one.screen is not None and one.lens is not None and one.lens.kind in _WITH_TAILS
        }
        self._tails = {}
        for key, reference in known.items():
            tail = tail_of(reference, len(known))
            if tail is not None:
                self._tails[key.name.removeprefix(FEATURE)] = tail
        for key, one in series.items():
            if one.screen is not None:
                one.screen.tail = self._tails.get(key.name.removeprefix(FEATURE))
        if self._tails:
            self.faults.begin(Fault.OUTLIER)

    def dump(self) -> dict[str, Plain]:
        """Explicit fields."""
        return {
            "traffic": None if self.traffic is None else self.traffic.dump(),
            "absence": None if self.absence is None else self.absence.dump(),
            "faults": self.faults.dump(),
            "schema": self.schema.dump(),
            "outlying": self.outlying.dump(),
            "tails": {name: plain_of(self._tails[name]) for name in sorted(self._tails)},
            "looked_row": self._looked[0],
            "looked_time": self._looked[1],
        }

    def load(self, plain: Plain) -> None:
        """The inverse of `dump`; of what is wanted no more nothing is kept. Raises CorruptState."""
        fields = Fields(plain, "derived")
        for name, part in (("traffic", self.traffic), ("absence", self.absence)):
            stored = fields.plain(name)
            if part is not None and stored is not None:
                part.load(stored)
        self.faults.load(fields.plain("faults"))
        self.schema.load(fields.plain("schema"))
        tails = fields.inside("tails")
        if self._parameters.derived.outliers:
            self._tails = {name: value_of(Tail, tails.plain(name)) for name in tails.names()}
            self.outlying = Outlying.load(fields.plain("outlying"))
        self._looked = fields.integer("looked_row", least=0), fields.integer("looked_time")


_WITH_TAILS = (Kind.NUMERIC, Kind.CATEGORICAL)


def _by_first_row(one: SeriesSlice) -> tuple[int, str, str, str]:
    return int(one.rows[0]), *one.key.order
