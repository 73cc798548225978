"""The messages of an AsyncAPI document: what the records of each topic are, with key, headers, payload and real examples.

Knows no topic: which message is on which one is said in `channels`.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from stream_monitor.app.asyncapi.components import reference
from stream_monitor.core.drift_event import Status
from stream_monitor.core.events import Reason, Record, Rejected, Source
from stream_monitor.formats import (
    cloud_events,
    dead_letter,
    drift_events,
    history,
    operations,
    reference_status,
    retrain_requests,
    schemas,
    status,
    topic_schemas,
    worker_status,
)
from stream_monitor.formats.schema_parts import Schema

KAFKA_BINDING: Final = "0.5.0"
JSON: Final = "application/json"
_BYTES: Final = "application/octet-stream"
_TEXT: Final[Schema] = {"type": "string"}
_WHOLE: Final[Schema] = {"type": "string", "pattern": "^[0-9]+$"}

DOCUMENTS: Final[Mapping[str, Callable[[], Schema]]] = MappingProxyType(
    {
        "Input": schemas.input_event,
        "DriftCloudEvent": schemas.drift_event,
        "RetrainCloudEvent": schemas.retrain_request,
        "ModelStatus": schemas.model_status,
        "WorkerStatus": topic_schemas.worker,
        "SeriesReferences": topic_schemas.series_references,
        "History": topic_schemas.history,
        "Operation": topic_schemas.operation,
    }
)
"""Schemas of payloads by the name of their component."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """One kind of record. key: schema of its key. correlation: where in the value stands what belongs together."""

    title: str
    summary: str
    payload: Schema
    key: Schema | None = None
    content_type: str = JSON
    headers: Sequence[tuple[str, bytes]] = ()
    correlation: str | None = None


def messages() -> Schema:
    """`components.messages`: all that do not depend on the configuration."""
    return {name: _message(name, kind) for name, kind in _kinds().items()}


def mapped_event(where: Mapping[str, object]) -> Schema:
    """The message of a topic with anybody's JSON. where: dotted path by field of an event."""
    return {
        "name": "mapped-event",
        "title": "Event in a form of its own",
        "summary": "One event, or an array of events; x-mapping says at which dotted path each field is.",
        "contentType": JSON,
        "payload": {"type": ["object", "array"], "items": {"type": "object"}},
        "x-mapping": dict(where),
    }


@cache
def _examples() -> Mapping[str, list[Any]]:
    """Payloads by message, as they were published."""
    text = resources.files(__package__).joinpath("examples.json").read_text(encoding="utf-8")
    found: Mapping[str, list[Any]] = json.loads(text)
    return found


def _message(name: str, kind: _Kind) -> Schema:
    headers = {header: {"const": value.decode()} for header, value in kind.headers}
    message: Schema = {
        "name": name,
        "title": kind.title,
        "summary": kind.summary,
        "contentType": kind.content_type,
    }
    if headers:
        message["headers"] = {"type": "object", "properties": headers, "required": list(headers)}
    message["payload"] = kind.payload
    if kind.correlation:
        message["correlationId"] = {"location": f"$message.payload#{kind.correlation}"}
    binding = {} if kind.key is None else {"key": kind.key}
    message["bindings"] = {"kafka": {**binding, "bindingVersion": KAFKA_BINDING}}
    if examples := [{"payload": payload} for payload in _examples().get(name, [])]:
        message["examples"] = examples
    if name == "dead-letter":
        message |= _dead_letter_parts()
    return message


def _kinds() -> dict[str, _Kind]:
    return _events() | _alerts() | _statuses() | _others()


def _events() -> dict[str, _Kind]:
    told = "Features, prediction and label of a case, together or apart; or an array of such events."
    return {"event": _Kind(title="Event", summary=told, payload=reference("Input"))}


def _alerts() -> dict[str, _Kind]:
    summaries = {
        Status.OPENED: "A series has drifted.",
        Status.UPDATED: "Something about an open alert has changed: how bad it is, or what is known of it.",
        Status.RESOLVED: "An alert is over; `data.resolution` says why.",
    }
    of_model: Schema = {"type": "string", "minLength": 1, "description": "The model."}
    kinds = {
        f"drift-{one}": _Kind(
            title=f"Alert {one}",
            summary=summaries[one],
            payload={
                "allOf": [
                    reference("DriftCloudEvent"),
                    {"properties": {"type": {"const": drift_events.FORM.type(one)}}},
                ]
            },
            key=of_model,
            content_type=cloud_events.CONTENT_TYPE,
            headers=cloud_events.HEADERS,
            correlation="/data/alert_id",
        )
        for one in Status
    }
    kinds["retrain-requested"] = _Kind(
        title="Retrain request",
        summary=f"A model should be trained anew (`{retrain_requests.FORM.type()}`).",
        payload=reference("RetrainCloudEvent"),
        key=of_model,
        content_type=cloud_events.CONTENT_TYPE,
        headers=cloud_events.HEADERS,
    )
    return kinds


def _statuses() -> dict[str, _Kind]:
    return {
        "model-status": _Kind(
            title="Status of a model",
            summary="The latest state of a model, with all of its open alerts.",
            payload=reference("ModelStatus"),
            key=_prefixed(status.KEY_PREFIX, "the model"),
            headers=status.HEADERS,
        ),
        "worker-status": _Kind(
            title="Status of a worker",
            summary="What a worker owns and has done; older than 60 s: it is gone.",
            payload=reference("WorkerStatus"),
            key=_prefixed(worker_status.KEY_PREFIX, "the instance id"),
            headers=worker_status.HEADERS,
        ),
        "worker-left": _Kind(
            title="End of a worker",
            summary="A worker that stopped takes its status back: a record without value.",
            payload={"type": "null"},
            key=_prefixed(worker_status.KEY_PREFIX, "the instance id"),
        ),
        "series-references": _Kind(
            title="References of a model",
            summary="What is normal of every series of a model.",
            payload=reference("SeriesReferences"),
            key=_prefixed(reference_status.KEY_PREFIX, "the model"),
            headers=reference_status.HEADERS,
        ),
    }


def _others() -> dict[str, _Kind]:
    return {
        "history": _Kind(
            title="History of a model",
            summary="What came between two snapshots: increments, to be added up.",
            payload=reference("History"),
            key=_prefixed(history.KEY_PREFIX, "the model"),
            headers=history.HEADERS,
        ),
        "acknowledge": _Kind(
            title="Acknowledgement",
            summary="Somebody knows of an alert.",
            payload=reference("acknowledge"),
            key=_prefixed("acknowledge/", "the alert_id"),
            headers=operations.HEADERS,
        ),
        "mute": _Kind(
            title="Mute",
            summary="Nobody wants to be told of these series for a while.",
            payload=reference("mute"),
            key=_prefixed("mute/", "the mute_id"),
            headers=operations.HEADERS,
        ),
        "taken-back": _Kind(
            title="Operation taken back",
            summary="What was written under this key no longer holds: a record without value.",
            payload={"type": "null"},
            key={"type": "string", "pattern": "^(acknowledge|mute)/."},
            headers=operations.HEADERS,
        ),
        "dead-letter": _Kind(
            title="Dead letter",
            summary="A rejected event: where it is and what was wrong with it, in headers named as Kafka Connect names them.",
            payload={
                "description": "Null; with ingest.dead_letter_payload key, value and headers as they came."
            },
            content_type=_BYTES,
        ),
    }


def _prefixed(prefix: str, what: str) -> Schema:
    return {"type": "string", "pattern": f"^{prefix}.", "description": f"{prefix} and {what}."}


def _dead_letter_parts() -> Schema:
    """Headers and example of a dead letter, as the format writes it."""
    record = Record(41, 1795255200123, b"user-7", b'{"model":3}')
    rejected = Rejected(
        Source("fraud.events", 3), record, 0, Reason.MISSING_MODEL, "model is a number, not text"
    )
    headers = dead_letter.encode(rejected, "stream-monitor", payload=False).headers
    example = {name: value.decode() for name, value in headers}
    closed: dict[str, Schema] = {
        dead_letter.REASON_HEADER: {"enum": [str(reason) for reason in Reason]},
        dead_letter.PAYLOAD_HEADER: {"enum": ["withheld", "copied", "too_large"]},
        dead_letter.ITEM_HEADER: _WHOLE,
        dead_letter.CONNECT + "partition": _WHOLE,
        dead_letter.CONNECT + "offset": _WHOLE,
    }
    properties = {name: closed.get(name, _TEXT) for name in example}
    return {
        "headers": {"type": "object", "properties": properties, "required": list(properties)},
        "examples": [{"headers": example}],
    }
