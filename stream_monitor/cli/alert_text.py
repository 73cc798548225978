"""Alerts, mutes and drift events as text. Owns the words, not the numbers."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from stream_monitor.cli.status_text import STYLES, Line, alert_line, clock
from stream_monitor.cli.tables import aligned

if TYPE_CHECKING:
    from stream_monitor.core.drift_event import Evidence
    from stream_monitor.formats.alerts_topic import Published
    from stream_monitor.formats.operations import Mute
    from stream_monitor.runtime.board.alert_answers import AlertDetail, Alerts

_HEAD: Final = "bold"


def incident_lines(found: "Alerts") -> Iterator[Line]:
    """Alerts by incident, so that one broken upstream reads as one thing."""
    by_id = {alert.alert_id: alert for alert in found.alerts}
    for incident in found.incidents:
        members = [by_id[one] for one in incident.alert_ids if one in by_id]
        if len(members) > 1:
            yield incident.summary, _HEAD
        for alert in members:
            yield f"{'  ' if len(members) > 1 else ''}{alert_line(alert)}", STYLES[alert.severity]
    if not found.alerts:
        yield "no such alert", None
    if found.more:
        yield f"and {found.more:,} more: raise --limit", "dim"


def mute_lines(mutes: "Sequence[Mute]") -> Iterator[Line]:
    """Mutes, the one that ends first at the front."""
    if mutes:
        yield "", None
        yield "Muted", _HEAD
    rows = [
        (mute.mute_id, mute.model, mute.series, f"until {clock(mute.until)}", f"by {mute.by}", mute.reason)
        for mute in mutes
    ]
    for line in aligned(rows) if rows else ():
        yield f"  {line}", None


def detail_lines(alert: "AlertDetail") -> Iterator[Line]:
    """Everything about one alert that people ask for."""
    yield alert.summary, STYLES[alert.severity]
    where = " ".join([alert.model, alert.version or "", alert.series, alert.segment or ""]).split()
    facts = [
        ("alert", f"{alert.alert_id}, of incident {alert.incident_id}"),
        ("of", " ".join(where)),
        ("status", f"{alert.status}, {alert.severity}, {alert.claim}"),
        ("change point", f"{clock(alert.change_point)} UTC, row {alert.change_point_row:,}"),
        ("opened", f"{clock(alert.opened_at)} UTC"),
    ]
    if alert.resolved_at is not None:
        facts.append(("resolved", f"{clock(alert.resolved_at)} UTC, {alert.resolution}"))
    if alert.acknowledged is not None:
        known = alert.acknowledged
        facts.append(
            ("acknowledged", f"by {known.by} {clock(known.at)} UTC: {known.reason or 'no reason given'}")
        )
    if alert.muted is not None:
        muted = alert.muted
        facts.append(
            ("muted", f"by {muted.by} until {clock(muted.until)} UTC: {muted.reason or 'no reason given'}")
        )
    facts += [("evidence", _evidence(one)) for one in alert.evidence]
    facts += [(name, text) for name, text in alert.labels.items()]
    facts += [
        ("data", f"{one.topic} partition {one.partition}, offsets {one.first_offset} to {one.last_offset}")
        for one in alert.positions
    ]
    for line in aligned(facts):
        yield f"  {line}", None
    yield "", None
    yield "What was said", _HEAD
    for transition in alert.transitions:
        line = f"  {clock(transition.time)}  {transition.status:<8}  {transition.severity:<8}  {transition.summary}"
        yield line, None


def _evidence(one: "Evidence") -> str:
    seen = f"{one.detector}/{one.view} {one.statistic:.4g} over {one.threshold:.4g}"
    return f"{seen}, effect {one.effect:+.3g}"


def event_line(event: "Published") -> str:
    """A drift event or a retrain request in one line, its time first."""
    from stream_monitor.core.retrain_request import RetrainRequest

    if isinstance(event, RetrainRequest):
        return f"{clock(event.time)}  retrain   {'':<8}  {event.summary}"
    return f"{clock(event.time)}  {event.status:<8}  {event.severity:<8}  {event.alert_id}  {event.summary}"
