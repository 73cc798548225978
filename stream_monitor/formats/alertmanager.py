"""Alerts as Prometheus Alertmanager takes them: `POST /api/v2/alerts` of its OpenAPI document, version 2.

Labels identify an alert there, so they hold nothing that changes while it is open but the severity, by which alerts are routed.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from stream_monitor.core.drift_event import DriftEvent
from stream_monitor.formats.timestamps import format_rfc3339

PATH: Final = "/api/v2/alerts"
ALERT_NAME: Final = "StreamMonitorDrift"
_OTHER: Final = re.compile(r"[^a-zA-Z0-9_]")
_RUNBOOKS: Final = ("runbook", "runbook_url")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One alert as it is said there. ends: ms UTC, None while it is open. acknowledged: by whom."""

    event: DriftEvent
    ends: int | None = None
    acknowledged: str | None = None


def labels_of(event: DriftEvent) -> Mapping[str, str]:
    """Labels of the configuration first: none of them hides one of ours."""
    labels = {_label(name): value for name, value in event.labels.items() if name not in _RUNBOOKS}
    ours = {
        "alertname": ALERT_NAME,
        "model": event.model,
        "version": event.version,
        "segment": event.segment,
        "series": event.series,
        "severity": event.severity.value,
        "alert_id": event.alert_id,
    }
    return labels | {name: value for name, value in ours.items() if value is not None}


def encode(alerts: Sequence[Told], group: str, now: int, dashboard: str | None) -> bytes:
    """The body of a request. now: ms UTC; what begins later there would wait. dashboard: address of ours, for links."""
    return orjson.dumps([_alert(told, group, now, dashboard) for told in alerts])


def _alert(told: Told, group: str, now: int, dashboard: str | None) -> dict[str, Any]:
    event = told.event
    annotations = {
        "summary": event.summary,
        "group": group,
        "claim": event.claim.value,
        "incident_id": event.incident_id,
        "since": format_rfc3339(event.change_point),
    }
    for name in _RUNBOOKS:
        if name in event.labels:
            annotations["runbook_url"] = event.labels[name]
    if told.acknowledged is not None:
        annotations["acknowledged_by"] = told.acknowledged
    starts = min(event.time, now if told.ends is None else told.ends)
    body: dict[str, Any] = {
        "labels": labels_of(event),
        "annotations": annotations,
        "startsAt": format_rfc3339(starts),
    }
    if told.ends is not None:
        body["endsAt"] = format_rfc3339(told.ends)
    if dashboard is not None:
        body["generatorURL"] = f"{dashboard.rstrip('/')}/#/alerts/{event.alert_id}"
    return body


def _label(name: str) -> str:
    """A name that Prometheus allows for a label."""
    plain = _OTHER.sub("_", name)
    return f"_{plain}" if plain[:1].isdigit() else plain
