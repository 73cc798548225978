"""Drift events as commands print them: a line for people, or a JSON object."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from stream_monitor.core.drift_event import DriftEvent

_FIELDS: Final = (
    "row",
    "series",
    "status",
    "alert_id",
    "severity",
    "change_point_row",
    "effect_sizes",
    "detector",
    "summary",
    "time",
    "change_point",
    "number",
    "model",
    "version",
    "incident_id",
    "resolution",
    "positions",
)


def plain(event: "DriftEvent", *, timed: bool) -> dict[str, object]:
    """As JSON. timed: its rows carry event time; without, nothing is said of time."""
    everything = asdict(event)
    everything["detector"] = max(event.evidence, key=lambda found: abs(found.effect)).detector
    if not timed:
        everything["time"] = everything["change_point"] = None
    return {name: everything[name] for name in _FIELDS}


def line(event: "DriftEvent") -> str:
    """In one line, the row first."""
    return f"row {event.row:<8} {event.status:<8} {event.severity:<8} {event.summary}"
