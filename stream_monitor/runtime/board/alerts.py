"""Alerts as people see them: a fold of drift events, from the alerts topic and from the open ones that statuses hold."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Final

from stream_monitor.core.drift_event import DriftEvent, Severity, Status
from stream_monitor.runtime.board.alert_answers import AlertDetail, Incident, Transition
from stream_monitor.runtime.board.operations import OperationBook

MAX_RESOLVED: Final = 1_000
MAX_TRANSITIONS: Final = 50
_FORGOTTEN: Final = 10_000
_SHARED: Final = tuple({one.name for one in fields(DriftEvent)} & {one.name for one in fields(AlertDetail)})
_NAMED: Final = 3  # series in the sentence of an incident


@dataclass(slots=True, kw_only=True)
class Alert:
    """One alert. latest: its last drift event; transitions: by number of the event."""

    latest: DriftEvent
    transitions: dict[int, Transition] = field(default_factory=dict)

    @property
    def open(self) -> bool:
        """Whether it is not resolved."""
        return self.latest.status is not Status.RESOLVED

    @property
    def opened_at(self) -> int:
        """Event time of the first drift event that is known, ms UTC."""
        return self.transitions[min(self.transitions)].time


class AlertBook:
    """All open alerts and the 1,000 that were resolved last."""

    def __init__(self) -> None:
        self._open: dict[str, Alert] = {}
        self._resolved: dict[str, Alert] = {}
        self._forgotten: dict[
            str, None
        ] = {}  # resolved ones that were dropped: an older status may still call them open

    def take(self, event: DriftEvent) -> bool:
        """One drift event, in any order and any number of times; whether it was news."""
        if event.alert_id in self._forgotten:
            return False
        alert = self.find(event.alert_id)
        if alert is None:
            alert = Alert(latest=event)
        elif event.number in alert.transitions:
            return False
        alert.transitions[event.number] = Transition(
            status=event.status, severity=event.severity, time=event.time, summary=event.summary
        )
        if event.number >= alert.latest.number:
            alert.latest = event
        while len(alert.transitions) > MAX_TRANSITIONS:  # the first one stays: it says when it was opened
            del alert.transitions[sorted(alert.transitions)[1]]
        self._place(event.alert_id, alert)
        return True

    def find(self, alert_id: str) -> Alert | None:
        """The alert of that id."""
        return self._open.get(alert_id) or self._resolved.get(alert_id)

    def open_of(self, model: str | None = None) -> list[Alert]:
        """Open ones, of one model or all, the latest first."""
        found = [one for one in self._open.values() if model in (None, one.latest.model)]
        return sorted(found, key=_latest_first)

    def resolved_of(self, model: str | None = None) -> list[Alert]:
        """Resolved ones, of one model or all, the latest first."""
        found = [one for one in self._resolved.values() if model in (None, one.latest.model)]
        return sorted(found, key=_latest_first)

    def _place(self, alert_id: str, alert: Alert) -> None:
        if alert.open:
            self._open[alert_id] = alert
            return
        self._open.pop(alert_id, None)
        self._resolved.pop(alert_id, None)
        self._resolved[alert_id] = alert
        if len(self._resolved) > MAX_RESOLVED:
            first = next(iter(self._resolved))
            del self._resolved[first]
            self._forgotten[first] = None
        if len(self._forgotten) > _FORGOTTEN:
            del self._forgotten[next(iter(self._forgotten))]


def detail(alert: Alert, operations: OperationBook, now: int) -> AlertDetail:
    """The alert as an answer at `now`, ms UTC."""
    event = alert.latest
    return AlertDetail(
        **{name: getattr(event, name) for name in _SHARED},
        opened_at=alert.opened_at,
        resolved_at=None if alert.open else event.time,
        transitions=tuple(alert.transitions[number] for number in sorted(alert.transitions)),
        acknowledged=operations.acknowledged(event.alert_id),
        muted=operations.muted(event.model, event.series, now),
    )


def incidents(alerts: Iterable[Alert]) -> Iterator[Incident]:
    """What opened together, the latest first, each in one sentence."""
    together: dict[str, list[Alert]] = {}
    for alert in alerts:
        together.setdefault(alert.latest.incident_id, []).append(alert)
    found = [_incident(name, members) for name, members in together.items()]
    yield from sorted(found, key=lambda one: (-one.opened_at, one.incident_id))


def _incident(name: str, members: Sequence[Alert]) -> Incident:
    ordered = sorted(members, key=lambda one: (one.opened_at, one.latest.series, one.latest.alert_id))
    open_ones = [one for one in ordered if one.open]
    severities = {one.latest.severity for one in open_ones or ordered}
    return Incident(
        incident_id=name,
        model=ordered[0].latest.model,
        alert_ids=tuple(one.latest.alert_id for one in ordered),
        open=len(open_ones),
        severity=Severity.CRITICAL if Severity.CRITICAL in severities else Severity.WARNING,
        summary=_sentence(ordered),
        opened_at=ordered[0].opened_at,
    )


def _sentence(members: Sequence[Alert]) -> str:
    """One alert speaks for itself; of several it is said which series they are of."""
    if len(members) == 1:
        return members[0].latest.summary
    series = list(dict.fromkeys(one.latest.series for one in members))
    named, others = series[:_NAMED], len(series) - _NAMED
    rest = f" and {others} more" if others > 0 else ""
    return f"{len(members)} alerts of {members[0].latest.model} opened together: {', '.join(named)}{rest}"


def _latest_first(alert: Alert) -> tuple[int, str]:
    return (-alert.latest.time, alert.latest.alert_id)
