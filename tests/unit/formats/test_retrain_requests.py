import json
from dataclasses import replace
from typing import Any

import orjson
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_structured_event
from jsonschema import Draft202012Validator, FormatChecker

from stream_monitor.core.errors import CorruptState, NewerState
from stream_monitor.core.retrain_request import RetrainRequest
from stream_monitor.formats.retrain_requests import decode, encode
from stream_monitor.formats.schemas import retrain_request
from tests.golden_files import golden
from tests.unit.formats.core_values import REQUEST

GROUP = "stream-monitor-prod"
OF_FEATURES = replace(REQUEST, version=None, evidence=(replace(REQUEST.evidence[0], attribution=None),))


def parsed(request: RetrainRequest = REQUEST) -> dict[str, Any]:
    read: dict[str, Any] = orjson.loads(encode(request, GROUP).value or b"")
    return read


def test_requests_change_only_on_purpose_and_are_read_for_ever() -> None:
    value = encode(REQUEST, GROUP).value
    assert value is not None
    reviewed = golden("drift_events/retrain_requested.json", value)
    assert value == reviewed
    assert decode(reviewed) == REQUEST


@pytest.mark.parametrize("request_", [REQUEST, OF_FEATURES])
def test_they_keep_to_their_schema_and_come_back(request_: RetrainRequest) -> None:
    validator = Draft202012Validator(retrain_request(), format_checker=FormatChecker())
    read = json.loads(encode(request_, GROUP).value or b"")
    assert [error.message for error in validator.iter_errors(read)] == []
    assert decode(encode(request_, GROUP).value or b"") == request_


def test_the_cloudevents_library_reads_them() -> None:
    key, value, headers = encode(REQUEST, GROUP)
    read = from_structured_event(KafkaMessage(headers=dict(headers), key=key, value=value or b""))
    assert (read.get_id(), read.get_type()) == (REQUEST.id, "io.stream-monitor.retrain.requested.v1")
    assert read.get_subject() == "models/fraud/versions/7%2F%CE%B2%201"
    assert parsed(OF_FEATURES)["subject"] == "models/fraud"


@pytest.mark.parametrize(
    "value", [b"", b"{", b"[]", b"{}", b"\xff", b'{"type": "io.stream-monitor.drift.opened.v1"}']
)
def test_bytes_that_are_no_request_are_said_to_be_corrupt(value: bytes) -> None:
    with pytest.raises(CorruptState, match="not a retrain request"):
        decode(value)


@pytest.mark.parametrize("name", ["model", "positions", "evidence", "change_point", "rows"])
def test_a_field_that_is_missing_is_said_to_be_corrupt(name: str) -> None:
    broken = parsed()
    del broken["data"][name]
    with pytest.raises(CorruptState, match="not a retrain request"):
        decode(orjson.dumps(broken))


def test_fields_of_later_releases_are_ignored_and_later_versions_ask_for_one() -> None:
    later = parsed()
    later["data"]["priority"] = 1
    later["data"]["evidence"][0]["weight"] = 2
    assert decode(orjson.dumps(later)) == REQUEST
    with pytest.raises(NewerState, match="newer release"):
        decode(orjson.dumps({**later, "type": "io.stream-monitor.retrain.requested.v2"}))
