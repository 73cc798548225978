"""JSON Schemas of the monitor's own topics: status of workers, references and history. That of models is in `schemas`."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from stream_monitor.core.history import ModelHistory
from stream_monitor.core.reference_status import ReferenceStatus
from stream_monitor.formats import history as history_format
from stream_monitor.formats import operations, reference_status, worker_status
from stream_monitor.formats.operations import Acknowledgement, Mute
from stream_monitor.formats.schema_parts import DIALECT, Schema, tidied
from stream_monitor.formats.worker_status import WorkerStatus

_WORKER: Mapping[str, str] = {
    "worker": "Its instance id.",
    "group": "The consumer group.",
    "wall": "Its clock when this was written, ms UTC; older than 60 s: it is gone.",
    "started": "When it started, ms UTC.",
    "release": "Of stream-monitor.",
    "ready": "Whether it belongs to the group and has the state of what it owns.",
    "last_checkpoint": "When its last checkpoint was committed, ms UTC; null before.",
    "assigned": "The partitions it owns.",
    "rejected": "Events rejected since it started, by reason.",
    "rebalances": "Rebalances since it started, by kind.",
    "aborted": "Checkpoints that were aborted since it started.",
    "losses": "Data that was given up because kafka.on_lost_data says continue.",
}
_REFERENCES: Mapping[str, str] = {
    "model": "The model.",
    "series": "The reference of every series that is watched.",
}
_HISTORY: Mapping[str, str] = {
    "model": "The model.",
    "as_of": "Latest event time observed, ms UTC.",
    "width": "Of a bucket, ms.",
    "starts": "Of the buckets, ms UTC, ascending, multiples of the width.",
    "rows": "Rows of the model in each bucket; empty in parts after the first.",
    "series": "What each series brought, in whole blocks of 32 values.",
    "performance": "Of the versions with labels, as of the snapshot; in the first part only.",
    "labels": "Of the labels, as of the snapshot; null without labels and in parts after the first.",
    "part": "Which part this is, from 0.",
    "parts": "Into how many parts the record was split.",
}
_ACKNOWLEDGE: Mapping[str, str] = {
    "alert_id": "The alert that somebody knows of.",
    "by": "Who.",
    "reason": "Why that is enough; may be empty.",
    "at": "When, ms UTC.",
}
_MUTE: Mapping[str, str] = {
    "mute_id": "Its id, as in the key.",
    "model": "Whose series.",
    "series": "Which: a glob, * for all.",
    "by": "Who.",
    "reason": "Why; may be empty.",
    "at": "When, ms UTC.",
    "until": "Its end, ms UTC, at most 90 days after `at`.",
}


def worker() -> Schema:
    """Schema of the value of a record `worker/<id>` of the status topic."""
    return _record(WorkerStatus, "worker", "Status of a worker", worker_status.FORMAT, _WORKER)


def series_references() -> Schema:
    """Schema of the value of a record `reference/<model>` of the status topic."""
    schema = _record(
        ReferenceStatus,
        "series-references",
        "What is normal of the series of a model",
        reference_status.FORMAT,
        _REFERENCES,
    )
    schema["properties"]["omitted"] = {
        "type": "object",
        "description": "How much was left out because the record would have been too large.",
        "additionalProperties": {"type": "integer", "minimum": 0},
    }
    schema["required"].append("omitted")
    return schema


def history() -> Schema:
    """Schema of the value of a record of the history topic."""
    return _record(
        ModelHistory,
        "history",
        "What came of a model between two snapshots",
        history_format.FORMAT,
        _HISTORY,
    )


def operation() -> Schema:
    """Schema of the value of a record of the operations topic."""
    kinds = {
        "acknowledge": _record(Acknowledgement, "acknowledge", "", operations.FORMAT, _ACKNOWLEDGE),
        "mute": _record(Mute, "mute", "", operations.FORMAT, _MUTE),
    }
    return {
        "$schema": DIALECT,
        "$id": f"urn:stream-monitor:schema:operation:v{operations.FORMAT}",
        "title": "What somebody did about alerts",
        "description": "Fields may be added within a format; ignore those you do not know.",
        "oneOf": [{"$ref": f"#/$defs/{action}"} for action in kinds],
        "$defs": {
            action: {
                "type": "object",
                "properties": {"format": kind["properties"].pop("format"), "action": {"const": action}}
                | kind["properties"],
                "required": ["format", "action", *[one for one in kind["required"] if one != "format"]],
            }
            for action, kind in kinds.items()
        },
    }


def _record(value: type[Any], name: str, title: str, form: int, described: Mapping[str, str]) -> Schema:
    body = TypeAdapter(value).json_schema(mode="serialization")
    properties = {"format": {"const": form}} | tidied(body["properties"])
    for field, text in described.items():
        properties[field]["description"] = text
    return {
        "$schema": DIALECT,
        "$id": f"urn:stream-monitor:schema:{name}:v{form}",
        "title": title,
        "description": "Fields may be added within a format; ignore those you do not know.",
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "$defs": tidied(body.get("$defs", {})),
    }
