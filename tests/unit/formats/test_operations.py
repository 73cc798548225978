from dataclasses import replace
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from stream_monitor.core.errors import CorruptState, NewerState
from stream_monitor.formats.operations import (
    LONGEST_MUTE_MS,
    Acknowledgement,
    Mute,
    Operation,
    RefusedOperation,
    TakenBack,
    decode,
    encode,
    taken_back,
)
from stream_monitor.formats.schemas import SCHEMAS
from tests.golden_files import golden
from tests.unit.formats.core_values import NOON

KNOWN = Acknowledgement(alert_id="9a1c0c4de2f85b37", by="ann", reason="a campaign began", at=NOON)
MUTED = Mute(
    mute_id="0b1c2d3e",
    model="fraud",
    series="feature:*",
    by="ben",
    reason="migration",
    at=NOON,
    until=NOON + 7_200_000,
)


@pytest.mark.parametrize(("operation", "file"), [(KNOWN, "acknowledge_v1"), (MUTED, "mute_v1")])
def test_an_operation_comes_back_and_its_format_changes_only_on_purpose(
    operation: Operation, file: str
) -> None:
    key, value, headers = encode(operation)
    assert decode(key, value) == operation
    assert value == golden(f"operations/{file}.json", value or b"")
    assert headers == (("content-type", b"application/json"),)


def test_the_key_says_what_it_is_and_a_record_without_value_takes_it_back() -> None:
    assert [encode(one).key for one in (KNOWN, MUTED)] == [b"acknowledge/9a1c0c4de2f85b37", b"mute/0b1c2d3e"]
    key, value, _ = taken_back("mute", "0b1c2d3e")
    assert (key, value) == (b"mute/0b1c2d3e", None)
    assert decode(key, value) == TakenBack(action="mute", id="0b1c2d3e")


@pytest.mark.parametrize("operation", [KNOWN, MUTED])
def test_it_keeps_to_its_schema(operation: Operation) -> None:
    validator = Draft202012Validator(SCHEMAS["operation"]())
    body = orjson.loads(encode(operation).value or b"")
    assert [error.message for error in validator.iter_errors(body)] == []
    assert list(validator.iter_errors(body | {"at": "noon"}))
    assert list(validator.iter_errors({"action": body["action"]}))


@pytest.mark.parametrize(
    ("series", "model", "seconds", "covered"),
    [
        ("feature:amount", "fraud", 0, True),
        ("prediction", "fraud", 0, False),
        ("feature:amount", "churn", 0, False),
        ("feature:amount", "fraud", 7_199, True),
        ("feature:amount", "fraud", 7_200, False),
        ("FEATURE:amount", "fraud", 0, False),
    ],
)
def test_a_mute_covers_series_of_its_model_until_it_ends(
    series: str, model: str, seconds: int, covered: bool
) -> None:
    assert MUTED.covers(model, series, NOON + 1000 * seconds) is covered


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        (replace(MUTED, until=NOON), "must end after now"),
        (replace(MUTED, until=NOON + LONGEST_MUTE_MS + 1), "90 days at most"),
        (replace(MUTED, by=" "), "by must not be empty"),
        (replace(KNOWN, alert_id=""), "alert_id must not be empty"),
        (replace(KNOWN, reason="x" * 1001), "reason has 1001 characters"),
    ],
)
def test_what_breaks_a_rule_is_refused_in_words(operation: Operation, said: str) -> None:
    with pytest.raises(RefusedOperation, match=said):
        encode(operation)


def test_a_mute_of_90_days_and_an_empty_reason_are_fine() -> None:
    longest = replace(MUTED, until=NOON + LONGEST_MUTE_MS, reason="")
    assert decode(*encode(longest)[:2]) == longest


def changed(operation: Operation, **fields: Any) -> bytes:
    return orjson.dumps(orjson.loads(encode(operation).value or b"") | fields)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (None, b"{}"),
        (b"\xff", b"{}"),
        (b"mute", b"{}"),
        (b"mute/", b"{}"),
        (b"resolve/1", b"{}"),
        (b"mute/1", b"nonsense"),
        (b"mute/1", b"[]"),
        (b"mute/1", b'{"format": 1, "action": "mute"}'),
        (b"mute/another", changed(MUTED)),
        (b"mute/0b1c2d3e", changed(MUTED, until=NOON - 1)),
        (b"mute/0b1c2d3e", changed(MUTED, at="noon")),
        (b"mute/0b1c2d3e", changed(MUTED, action="acknowledge")),
    ],
)
def test_what_is_no_operation_is_refused(key: bytes | None, value: bytes) -> None:
    with pytest.raises(CorruptState, match="not a known operation"):
        decode(key, value)


def test_a_later_format_is_left_alone_and_unknown_fields_are_ignored() -> None:
    with pytest.raises(NewerState, match="format 2"):
        decode(b"mute/0b1c2d3e", changed(MUTED, format=2))
    assert decode(b"mute/0b1c2d3e", changed(MUTED, ticket="OPS-1")) == MUTED
