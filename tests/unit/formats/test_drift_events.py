import json
import math
import re
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import orjson
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_structured_event
from jsonschema import Draft202012Validator, FormatChecker

from stream_monitor.core.drift_event import DriftEvent, EffectSize
from stream_monitor.core.errors import CorruptState, NewerState
from stream_monitor.formats.drift_events import decode, encode
from stream_monitor.formats.schemas import drift_event
from tests.golden_files import golden
from tests.unit.formats.core_values import FELL, OPENED, RESOLVED, UPDATED

GROUP = "stream-monitor-prod"
EVENTS = {"opened": OPENED, "updated": UPDATED, "resolved": RESOLVED}
GOLDEN = {**EVENTS, "performance": FELL}
NAN = replace(
    OPENED,
    evidence=(replace(OPENED.evidence[0], statistic=math.nan, threshold=math.inf),),
    effect_sizes=replace(OPENED.effect_sizes, psi=EffectSize.of(math.inf, 0.1)),
    current=replace(OPENED.current, mean=math.nan, shares=(math.nan, 1.0, 0.0, 0.0)),
)


def schema() -> Draft202012Validator:
    return Draft202012Validator(drift_event(), format_checker=FormatChecker())


@pytest.mark.parametrize("name", GOLDEN)
def test_events_change_only_on_purpose_and_are_read_for_ever(name: str) -> None:
    value = encode(GOLDEN[name], GROUP).value
    assert value is not None
    reviewed = golden(f"drift_events/{name}.json", value)
    assert value == reviewed
    assert decode(reviewed) == GOLDEN[name]


@pytest.mark.parametrize("name", EVENTS)
def test_the_cloudevents_library_reads_them(name: str) -> None:
    event, (key, value, headers) = EVENTS[name], encode(EVENTS[name], GROUP)
    assert value is not None
    read = from_structured_event(KafkaMessage(headers=dict(headers), key=key, value=value))
    assert read.get_specversion() == "1.0"
    assert read.get_id() == event.id
    assert read.get_type() == f"io.stream-monitor.drift.{name}.v1"
    assert read.get_source() == "/stream-monitor/stream-monitor-prod"
    assert read.get_time() is not None
    assert round(read.get_time().timestamp() * 1000) == event.time  # type: ignore[union-attr]  # checked above
    assert read.get_extension("partitionkey") == event.model
    data = read.get_data()
    assert isinstance(data, dict)
    assert data["alert_id"] == event.alert_id


@pytest.mark.parametrize("event", [OPENED, UPDATED, RESOLVED, NAN])
def test_they_keep_to_their_schema(event: DriftEvent) -> None:
    value = encode(event, GROUP).value
    assert value is not None
    assert [error.message for error in schema().iter_errors(json.loads(value))] == []


def test_key_and_headers() -> None:
    key, _, headers = encode(replace(OPENED, model="frä/ud"), GROUP)
    assert key == "frä/ud".encode()
    assert headers == (("content-type", b"application/cloudevents+json; charset=UTF-8"),)


def test_source_and_subject_are_percent_encoded() -> None:
    event = replace(OPENED, model="a/b ü", series="feature:50%?#")
    parsed = orjson.loads(encode(event, "my group/1").value or b"")
    assert parsed["source"] == "/stream-monitor/my%20group%2F1"
    assert parsed["subject"] == "models/a%2Fb%20%C3%BC/series/feature:50%25%3F%23"
    assert parsed["data"]["series"] == "feature:50%?#"
    # pchar and "/", RFC 3986
    assert re.fullmatch(r"[A-Za-z0-9\-._~!$&'()*+,;=:@%/]+", parsed["source"] + parsed["subject"])


def test_a_number_that_is_not_finite_is_null_and_comes_back_as_nan() -> None:
    value = encode(NAN, GROUP).value
    assert value is not None
    parsed = orjson.loads(value)["data"]
    assert parsed["evidence"][0]["statistic"] is None
    assert parsed["effect_sizes"]["psi"] == {"value": None, "threshold": 0.1, "exceeded": True}
    back = decode(value)
    assert math.isnan(back.evidence[0].threshold)
    assert back.effect_sizes.psi is not None
    assert math.isnan(back.effect_sizes.psi.value)
    assert math.isnan(back.current.shares[0])
    assert back.current.mean is None
    assert encode(back, GROUP).value == value


def test_any_mapping_and_numpy_scalar_is_written_as_plain_json() -> None:
    evidence = replace(OPENED.evidence[0], parameters=MappingProxyType({"delta": 0.002}))
    odd = replace(
        OPENED,
        evidence=(replace(evidence, statistic=np.float64(0.52)),),
        labels=MappingProxyType({"owner": "risk-ml"}),
    )
    plain = replace(
        OPENED,
        evidence=(replace(OPENED.evidence[0], parameters={"delta": 0.002}),),
        labels={"owner": "risk-ml"},
    )
    assert encode(odd, GROUP) == encode(plain, GROUP)
    with pytest.raises(TypeError, match="not JSON serializable"):
        encode(replace(OPENED, labels={"owner": b"bytes"}), GROUP)  # type: ignore[dict-item]  # on purpose


def test_fields_of_later_releases_are_ignored() -> None:
    parsed = orjson.loads(encode(OPENED, GROUP).value or b"")
    parsed["traceparent"] = "00-0-0-00"
    parsed["data"]["links"] = {"ui": "https://example.org"}
    parsed["data"]["evidence"][0]["p_value"] = 0.01
    assert decode(orjson.dumps(parsed)) == OPENED


def _set(parsed: dict[str, Any], path: str, value: object) -> None:
    *parents, last = path.split("/")
    for parent in parents:
        parsed = parsed[parent]
    if value is ...:
        del parsed[last]
    else:
        parsed[last] = value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("type", "io.stream-monitor.retrain.requested.v1"),
        ("type", 3),
        ("type", ...),
        ("id", ...),
        ("time", "now"),
        ("time", 3),
        ("data", None),
        ("data/status", "escalated"),
        ("data/evidence", None),
        ("data/evidence", [1]),
        ("data/reference", []),
        ("data/change_point", ...),
        ("data/change_point", 12),
        ("data/row", "a"),
        ("data/labels", {"a": {}}),
    ],
)
def test_what_is_no_drift_event_is_said_to_be_corrupt(path: str, value: object) -> None:
    parsed = orjson.loads(encode(OPENED, GROUP).value or b"")
    _set(parsed, path, value)
    with pytest.raises(CorruptState, match="not a drift event"):
        decode(orjson.dumps(parsed))
    assert not schema().is_valid(parsed) or (path, value) == ("time", "now")  # a format is not structure


@pytest.mark.parametrize("value", [b"", b"{", b"[]", b"3", b"{}", b"\xff"])
def test_bytes_that_are_no_event_are_said_to_be_corrupt(value: bytes) -> None:
    with pytest.raises(CorruptState, match="not a drift event"):
        decode(value)


def test_a_later_version_asks_for_a_newer_release() -> None:
    value = (encode(OPENED, GROUP).value or b"").replace(b".opened.v1", b".opened.v2")
    with pytest.raises(NewerState, match="newer release"):
        decode(value)
