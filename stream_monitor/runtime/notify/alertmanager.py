"""Prometheus Alertmanager: it forgets an alert that is not said again, so all that are open are repeated.

Grouping, routing, silences and everybody's chat are its business.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stream_monitor.core.drift_event import DriftEvent, Status
from stream_monitor.formats.alertmanager import PATH, Told, encode, labels_of
from stream_monitor.formats.alerts_topic import Published
from stream_monitor.runtime.notify.message import Message, Moment, Outcome


@dataclass(slots=True, kw_only=True)
class AlertmanagerSink:
    """Implements `Sink`. group: of the monitor. dashboard: its address, for links. headers: of every request."""

    url: str
    group: str
    dashboard: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    _told: dict[str, DriftEvent] = field(default_factory=dict)  # firing there, by alert

    def message(self, event: Published, raw: bytes, at: Moment) -> Message | Outcome:  # noqa: ARG002 (the protocol's)
        """See the protocol."""
        if not isinstance(event, DriftEvent):
            return Outcome.LEFT_OUT  # a request to train anew is no alert
        if at.muted(event) and event.alert_id not in self._told:
            return Outcome.MUTED
        return self._message(self._changes(event, at), at)

    def delivered(self, event: Published, at: Moment) -> None:
        """It fires there from now on, or no longer."""
        if not isinstance(event, DriftEvent):
            return
        if event.status is Status.RESOLVED or at.muted(event):
            self._told.pop(event.alert_id, None)
        else:
            self._told[event.alert_id] = event

    def repeat(self, open_alerts: Sequence[DriftEvent], at: Moment) -> Message | None:
        """All that are open and not muted; what fires there and should no longer is ended."""
        firing = _wanted(open_alerts, at)
        over = [event for alert_id, event in self._told.items() if alert_id not in firing]
        told = [Told(event=event, ends=at.now) for event in over]
        told += [one for event in firing.values() for one in self._changes(event, at)]
        return self._message(told, at) if told else None

    def repeated(self, open_alerts: Sequence[DriftEvent], at: Moment) -> None:
        """These fire there, and nothing else."""
        self._told = _wanted(open_alerts, at)

    def _changes(self, event: DriftEvent, at: Moment) -> list[Told]:
        """The alert as it is now; first its end under other labels, where the severity has changed."""
        before = self._told.get(event.alert_id)
        told = []
        if before is not None and labels_of(before) != labels_of(event):
            told.append(Told(event=before, ends=at.now))
        ended = event.status is Status.RESOLVED or at.muted(event)
        known = at.operations.acknowledged(event.alert_id)
        acknowledged = None if known is None else known.by
        return [*told, Told(event=event, ends=at.now if ended else None, acknowledged=acknowledged)]

    def _message(self, told: Sequence[Told], at: Moment) -> Message:
        return Message(
            url=self.url.rstrip("/") + PATH,
            body=encode(told, self.group, at.now, self.dashboard),
            headers={"content-type": "application/json", "user-agent": "stream-monitor", **self.headers},
        )


def _wanted(open_alerts: Sequence[DriftEvent], at: Moment) -> dict[str, DriftEvent]:
    return {event.alert_id: event for event in open_alerts if not at.muted(event)}
