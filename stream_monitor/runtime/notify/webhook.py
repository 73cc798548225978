"""A webhook: every CloudEvent of the alerts topic as it is, signed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from stream_monitor.core.drift_event import DriftEvent, Severity, Status
from stream_monitor.formats.alerts_topic import Published
from stream_monitor.formats.webhooks import signed_headers
from stream_monitor.runtime.notify.message import Message, Moment, Outcome

CONTENT_TYPE: Final = "application/cloudevents+json; charset=UTF-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSink:
    """Implements `Sink`. secret: to sign with, None: unsigned. least: drift events below that severity are left out.

    updates: whether updates of alerts are sent, too. Those of acknowledged alerts never are.
    """

    url: str
    secret: bytes | None
    least: Severity = Severity.WARNING
    updates: bool = True

    def message(self, event: Published, raw: bytes, at: Moment) -> Message | Outcome:
        """See the protocol. Its id is that of the event: who gets it twice can tell."""
        if isinstance(event, DriftEvent):
            if at.muted(event):
                return Outcome.MUTED
            if self._unwanted(event, at):
                return Outcome.LEFT_OUT
        headers = {"content-type": CONTENT_TYPE, "user-agent": "stream-monitor"}
        return Message(
            url=self.url,
            body=raw,
            headers=headers | dict(signed_headers(event.id, at.now // 1000, raw, self.secret)),
        )

    def delivered(self, event: Published, at: Moment) -> None:
        """Nothing is remembered."""

    def repeat(self, open_alerts: Sequence[DriftEvent], at: Moment) -> Message | None:  # noqa: ARG002 (the protocol's)
        """Nothing is said twice."""
        return None

    def repeated(self, open_alerts: Sequence[DriftEvent], at: Moment) -> None:
        """Nothing is remembered."""

    def _unwanted(self, event: DriftEvent, at: Moment) -> bool:
        if self.least is Severity.CRITICAL and event.severity is not Severity.CRITICAL:
            return event.status is not Status.RESOLVED  # it may have been critical before
        if event.status is not Status.UPDATED:
            return False
        return not self.updates or at.operations.acknowledged(event.alert_id) is not None
