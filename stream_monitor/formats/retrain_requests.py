"""Retrain requests on the alerts topic: CloudEvents 1.0, structured JSON, beside the drift events. Also read back."""

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from stream_monitor.core.errors import CorruptState, NewerState
from stream_monitor.core.retrain_request import RetrainEvidence, RetrainRequest
from stream_monitor.formats.drift_events import (
    ENVELOPE_ONLY,
    HEADERS,
    attribution_data,
    attribution_from,
    segment,
    to_json,
    wrong_fields,
)
from stream_monitor.formats.encoded import EncodedRecord
from stream_monitor.formats.timestamps import format_rfc3339, parse_rfc3339

TYPE_PREFIX = "io.stream-monitor.retrain."
TYPE = f"{TYPE_PREFIX}requested.v1"
DATASCHEMA = "urn:stream-monitor:schema:retrain-request:v1"
_TIMES = ("change_point", "opened_at")


def encode(request: RetrainRequest, group: str) -> EncodedRecord:
    """The record of `request` as published by the consumer group `group`; the same request gives the same bytes."""
    return EncodedRecord(request.model.encode(), to_json(cloud_event(request, group)), HEADERS)


def cloud_event(request: RetrainRequest, group: str) -> dict[str, object]:
    """The CloudEvent of `request` as an object for orjson, attributes first, in fixed order."""
    version = "" if request.version is None else f"/versions/{segment(request.version)}"
    return {
        "specversion": "1.0",
        "id": request.id,
        "source": f"/stream-monitor/{segment(group)}",
        "type": TYPE,
        "subject": f"models/{segment(request.model)}{version}",
        "time": format_rfc3339(request.time),
        "datacontenttype": "application/json",
        "dataschema": DATASCHEMA,
        "partitionkey": request.model,
        "data": _data(request),
    }


def decode(value: bytes) -> RetrainRequest:
    """The request in the value of a record; fields that this release does not know are ignored.

    Raises NewerState for a later version of it, CorruptState for anything else that is no retrain request.
    """
    try:
        parsed = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise CorruptState("not a retrain request: not JSON") from error
    return from_cloud_event(parsed)


def from_cloud_event(parsed: object) -> RetrainRequest:
    """The request in a parsed CloudEvent. Raises as `decode`."""
    attributes: Mapping[str, Any] = parsed if isinstance(parsed, dict) else {}
    kind, data = attributes.get("type"), attributes.get("data")
    if not isinstance(kind, str) or not kind.startswith(TYPE_PREFIX) or not isinstance(data, dict):
        raise CorruptState(
            f"not a retrain request: its type does not begin with {TYPE_PREFIX}, or it has no data"
        )
    if kind != TYPE:
        raise NewerState(f"a retrain request of another version than {TYPE}: read it with a newer release")
    try:
        plain = {**data, "id": attributes["id"], "time": parse_rfc3339(attributes["time"])}
        plain["change_point"] = parse_rfc3339(data["change_point"])
        plain["evidence"] = [_evidence_from(one) for one in data["evidence"]]
        return _adapter().validate_python(plain)
    except ValidationError as error:
        raise CorruptState(f"not a retrain request: wrong or missing: {wrong_fields(error)}") from error
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise CorruptState(f"not a retrain request: {type(error).__name__}") from error


@cache
def _adapter() -> TypeAdapter[RetrainRequest]:
    return TypeAdapter(RetrainRequest)


def _data(request: RetrainRequest) -> dict[str, object]:
    """Fields in the order of the dataclass, so that a new one cannot be forgotten; times as text."""
    data: dict[str, object] = {}
    for name in [field.name for field in fields(request)]:
        if name == "change_point":
            data["requested_at"] = format_rfc3339(request.time)
            data[name] = format_rfc3339(request.change_point)
        elif name == "evidence":
            data[name] = [_evidence(one) for one in request.evidence]
        elif name not in ENVELOPE_ONLY:
            data[name] = getattr(request, name)
    return data


def _evidence(one: RetrainEvidence) -> dict[str, object]:
    data = {field.name: getattr(one, field.name) for field in fields(one)}
    data |= {name: format_rfc3339(data[name]) for name in _TIMES}
    return data | {"attribution": attribution_data(one.attribution)}


def _evidence_from(data: Mapping[str, Any]) -> dict[str, Any]:
    plain = {**data, **{name: parse_rfc3339(data[name]) for name in _TIMES}}
    return plain | {"attribution": attribution_from(data["attribution"])}
