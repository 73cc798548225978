"""The alerts of one model: findings of its series in, drift events out, under the alarm budget.

A drift that the sequential test vouches for opens an alert at once: its share of the budget is in the test itself. Any other
is opened when the token bucket holds a credit. Without one it waits, and is opened as soon as there is one, if the series
still drifts then: the bucket delays, it does not forget.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.attribution import Inputs, is_asked_for
from stream_monitor.core.credit import Credit
from stream_monitor.core.detector import Plain
from stream_monitor.core.drift_event import DriftEvent, Positions, Resolution, Status
from stream_monitor.core.parameters import ModelParameters
from stream_monitor.core.performance.note import PerformanceNote, Verdict
from stream_monitor.core.plain import plain_of, value_of
from stream_monitor.core.positions import together
from stream_monitor.core.sentence import summary_of
from stream_monitor.core.series import Finding, SeriesKey, Transition
from stream_monitor.core.snapshot import digest

INCIDENT_ROWS = 500  # alerts of a model that open within so many rows of the first one share its incident


Where: TypeAlias = Callable[[int, int], tuple[Positions, ...]]
"""Log positions of the rows between a change row and a row."""


@dataclass(slots=True, kw_only=True)
class Incident:
    """id of the latest incident, and the row at which it began."""

    id: str
    row: int


class Alerts:
    """Open alerts, findings that wait for a credit, and the counts that make ids."""

    def __init__(self, parameters: ModelParameters, credit: Credit, inputs: Inputs) -> None:
        self._parameters = parameters
        self._inputs = inputs
        self.credit = credit
        self.open: dict[SeriesKey, DriftEvent] = {}
        self.waiting: dict[SeriesKey, Finding] = {}
        self.ordinals: dict[SeriesKey, int] = {}
        self.incident: Incident | None = None
        self.incidents = 0
        self.raised = 0
        self.suppressed = 0

    def decide(
        self, findings: Sequence[Finding], rows: NDArray[np.int64], clock: NDArray[np.int64], where: Where
    ) -> list[DriftEvent]:
        """What the findings at some of these rows (n,) make of the alerts. clock: (n,) latest event time at each row."""
        events: list[DriftEvent] = []
        first_row = int(rows[0])
        done = 0  # rows up to here have been looked at for waiting findings
        for finding in sorted(findings, key=lambda f: (f.row, -abs(f.effect), *f.series.order)):
            at = finding.row - first_row
            events += self._open_waiting(rows[done:at], clock[done:at], where)
            done = max(done, at)
            events += self._take(finding, int(clock[at]), where)
        return events + self._open_waiting(rows[done:], clock[done:], where)

    def retire(self, version: str, row: int, time: int) -> list[DriftEvent]:
        """The series of `version` end: their open alerts are resolved."""
        for key in [k for k in self.waiting if k.version == version]:
            del self.waiting[key]
        keys = sorted((k for k in self.open if k.version == version), key=lambda k: k.order)
        return [self._resolve(self.open[key], key, Resolution.VERSION_RETIRED, row, time) for key in keys]

    def tell(self, finding: Finding) -> DriftEvent:
        """A plain fact opens its alert, or makes another one of it: no chance is in it, so it spends no budget."""
        before = self.open.get(finding.series)
        if before is not None:
            return self._update(before, finding, finding.time, _nowhere)
        return self._open(finding, finding.row, finding.time, _nowhere)

    def lift(self, key: SeriesKey, resolution: Resolution, row: int, time: int) -> list[DriftEvent]:
        """A fact that was told is none any more."""
        return [self._resolve(self.open[key], key, resolution, row, time)] if key in self.open else []

    def adopt(self, key: SeriesKey, row: int, time: int) -> list[DriftEvent]:
        """The series takes its new regime for normal: an open alert of it is resolved."""
        self.waiting.pop(key, None)
        if key not in self.open:
            return []
        return [self._resolve(self.open[key], key, Resolution.ADOPTED, row, time)]

    def judge(self, key: SeriesKey, note: PerformanceNote, row: int, time: int) -> list[DriftEvent]:
        """What the drift of an open alert did to performance is known by now, or is another than was told."""
        before = self.open[key]
        told = None if before.performance is None else before.performance.verdict
        if note.verdict in (told, Verdict.UNKNOWN):
            return []
        event = replace(
            before,
            number=before.number + 1,
            status=Status.UPDATED,
            row=row,
            time=time,
            performance=note,
        )
        return [self._keep(self._attributed(event), key)]

    def _take(self, finding: Finding, now: int, where: Where) -> list[DriftEvent]:
        key = finding.series
        if finding.transition is Transition.ENDED:
            self.waiting.pop(key, None)
            if key not in self.open:
                return []
            before = self.open[key]
            current = replace(
                before,
                current=finding.current,
                effect_sizes=finding.effect_sizes,
                performance=finding.performance,
                positions=together(before.positions, where(finding.change_row, finding.row)),
            )
            return [self._resolve(current, key, Resolution.RECOVERED, finding.row, now)]
        if key in self.open:
            return [self._update(self.open[key], finding, now, where)]
        if finding.bounded:
            self.waiting.pop(key, None)
            return [self._open(finding, finding.row, now, where)]
        if key not in self.waiting and not self.credit.available(finding.row, now):
            self.suppressed += 1
        self.waiting[key] = finding
        return self._open_one(finding.row, now, where)

    def _open_waiting(
        self, rows: NDArray[np.int64], clock: NDArray[np.int64], where: Where
    ) -> list[DriftEvent]:
        """Open what waits as soon as a row brings a credit; one credit opens one alert, the largest effect first."""
        events = []
        while self.waiting and (at := self.credit.first_available(rows, clock)) is not None:
            events += self._open_one(int(rows[at]), int(clock[at]), where)
        return events

    def _open_one(self, row: int, now: int, where: Where) -> list[DriftEvent]:
        if not self.credit.available(row, now):
            return []
        key = min(self.waiting, key=lambda k: (-abs(self.waiting[k].effect), *k.order))
        self.credit.spend(row, now)
        return [self._open(self.waiting.pop(key), row, now, where)]

    def _open(self, finding: Finding, row: int, now: int, where: Where) -> DriftEvent:
        key = finding.series
        ordinal = self.ordinals.get(key, 0)
        self.ordinals[key] = ordinal + 1
        parameters = self._parameters
        alert_id = digest([parameters.group, parameters.name, key.version, key.segment, key.name, ordinal])
        event = _event(finding, parameters, alert_id=alert_id, incident_id=self._incident_at(row))
        event = replace(event, row=row, time=now, positions=where(finding.change_row, row))
        return self._keep(self._attributed(event), key)

    def _attributed(self, event: DriftEvent) -> DriftEvent:
        """With what moved together with an output."""
        if not is_asked_for(event.series):
            return event
        return replace(event, attribution=self._inputs.moved(event.change_point_row, event.row, self.open))

    def _incident_at(self, row: int) -> str:
        if self.incident is None or row - self.incident.row > INCIDENT_ROWS:
            name = digest([self._parameters.group, self._parameters.name, "incident", self.incidents])
            self.incident = Incident(id=name, row=row)
            self.incidents += 1
        return self.incident.id

    def _update(self, before: DriftEvent, finding: Finding, now: int, where: Where) -> DriftEvent:
        event = _event(finding, self._parameters, alert_id=before.alert_id, incident_id=before.incident_id)
        event = replace(
            event,
            number=before.number + 1,
            status=Status.UPDATED,
            time=now,
            positions=together(before.positions, where(finding.change_row, finding.row)),
        )
        return self._keep(self._attributed(event), finding.series)

    def _resolve(
        self, before: DriftEvent, key: SeriesKey, resolution: Resolution, row: int, time: int
    ) -> DriftEvent:
        event = replace(
            before,
            number=before.number + 1,
            status=Status.RESOLVED,
            resolution=resolution,
            row=row,
            time=time,
        )
        event = self._keep(event, key)
        del self.open[key]
        return event

    def _keep(self, event: DriftEvent, key: SeriesKey) -> DriftEvent:
        """Give the event its id and its sentence, and remember it as the latest of its alert."""
        event = replace(event, id=digest([event.alert_id, event.number]), summary=summary_of(event))
        self.open[key] = event
        self.raised += 1
        return event

    def dump(self) -> dict[str, Plain]:
        """Explicit fields."""
        state = _State(
            open=tuple(Opened(key, event) for key, event in self.open.items()),
            waiting=tuple(self.waiting.values()),
            ordinals=tuple(Ordinal(key, n) for key, n in self.ordinals.items()),
            incident=self.incident,
            incidents=self.incidents,
            raised=self.raised,
            suppressed=self.suppressed,
            credit_spent_at=self.credit.spent_at,
        )
        plain = plain_of(state)
        assert isinstance(plain, dict)
        return plain

    def load(self, plain: Plain) -> None:
        """The inverse of `dump`. Raises CorruptState."""
        state = value_of(_State, plain)
        self.open = {opened.key: opened.event for opened in state.open}
        self.waiting = {finding.series: finding for finding in state.waiting}
        self.ordinals = {ordinal.key: ordinal.next for ordinal in state.ordinals}
        self.incident, self.incidents = state.incident, state.incidents
        self.raised, self.suppressed = state.raised, state.suppressed
        self.credit.spent_at = state.credit_spent_at


class Opened(NamedTuple):
    """An open alert of a series, as its latest drift event."""

    key: SeriesKey
    event: DriftEvent


class Ordinal(NamedTuple):
    """How many alerts a series has had."""

    key: SeriesKey
    next: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    open: tuple[Opened, ...]
    waiting: tuple[Finding, ...]
    ordinals: tuple[Ordinal, ...]
    incident: Incident | None
    incidents: int
    raised: int
    suppressed: int
    credit_spent_at: int | None


def _nowhere(_: int, __: int) -> tuple[Positions, ...]:
    """A fact has no data of a new regime that could be read again."""
    return ()


def _event(finding: Finding, parameters: ModelParameters, *, alert_id: str, incident_id: str) -> DriftEvent:
    return DriftEvent(
        id="",
        alert_id=alert_id,
        incident_id=incident_id,
        number=0,
        status=Status.OPENED,
        claim=finding.claim,
        severity=finding.severity,
        resolution=None,
        summary="",
        model=parameters.name,
        version=finding.series.version,
        segment=finding.series.segment,
        series=finding.series.name,
        kind=finding.kind,
        time=finding.time,
        row=finding.row,
        change_point=finding.change_time,
        change_point_row=finding.change_row,
        evidence=finding.evidence,
        effect_sizes=finding.effect_sizes,
        reference=finding.reference,
        current=finding.current,
        performance=finding.performance,
        positions=(),
        labels=dict(parameters.labels),
        at_fault=finding.at_fault,
    )
