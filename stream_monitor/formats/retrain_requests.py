"""Retrain requests on the alerts topic: CloudEvents 1.0, structured JSON, beside the drift events. Also read back."""

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from stream_monitor.core.retrain_request import RetrainEvidence, RetrainRequest
from stream_monitor.formats.cloud_events import HEADERS, Attributes, Form, opened, parsed, to_json, written
from stream_monitor.formats.drift_events import ENVELOPE_ONLY, attribution_data, attribution_from
from stream_monitor.formats.encoded import EncodedRecord
from stream_monitor.formats.timestamps import format_rfc3339, parse_rfc3339

FORM = Form(
    what="retrain request",
    prefix="io.stream-monitor.retrain.",
    ending="requested.v1",
    schema="urn:stream-monitor:schema:retrain-request:v1",
)
_TIMES = ("change_point", "opened_at")


def encode(request: RetrainRequest, group: str) -> EncodedRecord:
    """The record of `request` as published by the consumer group `group`; the same request gives the same bytes."""
    return EncodedRecord(request.model.encode(), to_json(cloud_event(request, group)), HEADERS)


def cloud_event(request: RetrainRequest, group: str) -> dict[str, object]:
    """The CloudEvent of `request` as an object for orjson, attributes first, in fixed order."""
    version = () if request.version is None else ("versions", request.version)
    subject = ("models", request.model, *version)
    return written(
        FORM, Attributes("", request.id, request.time, request.model, subject), group, _data(request)
    )


def decode(value: bytes) -> RetrainRequest:
    """The request in the value of a record; fields that this release does not know are ignored.

    Raises NewerState for a later version of it, CorruptState for anything else that is no retrain request.
    """
    return from_cloud_event(parsed(value, "not a retrain request"))


def from_cloud_event(event: object) -> RetrainRequest:
    """The request in a parsed CloudEvent. Raises as `decode`."""
    return opened(FORM, event, _request)


def _request(data: Mapping[str, Any], said: dict[str, Any]) -> RetrainRequest:
    plain = {**data, **said}
    plain["change_point"] = parse_rfc3339(data["change_point"])
    plain["evidence"] = [_evidence_from(one) for one in data["evidence"]]
    return _adapter().validate_python(plain)


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
