"""Drift events as commands print them: a line for people, or a JSON object."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from stream_monitor.core.drift_event import DriftEvent
    from stream_monitor.core.retrain_request import RetrainRequest

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
    "attribution",
)
_REQUEST_FIELDS: Final = (
    "number",
    "summary",
    "model",
    "version",
    "change_point_row",
    "rows",
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


def plain_request(request: "RetrainRequest", *, timed: bool) -> dict[str, object]:
    """As `plain`, for a request to train anew."""
    everything = asdict(request)
    return {
        "row": request.row,
        "status": "retrain_requested",
        "id": request.id,
        "alert_ids": [one.alert_id for one in request.evidence],
        "time": request.time if timed else None,
        "change_point": request.change_point if timed else None,
        **{name: everything[name] for name in _REQUEST_FIELDS},
    }


def line_of_request(request: "RetrainRequest") -> str:
    """In one line, the row first."""
    return f"row {request.row:<8} retrain  {'':<8} {request.summary}"
