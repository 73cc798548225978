import json
from dataclasses import replace

import orjson
import pytest
from jsonschema import Draft202012Validator

from stream_monitor.core.errors import CorruptState, NewerState
from stream_monitor.core.reference_status import ReferenceStatus
from stream_monitor.formats.reference_status import MAX_REFERENCE_BYTES, decode, encode
from stream_monitor.formats.schemas import SCHEMAS
from tests.golden_files import golden
from tests.unit.formats.topic_values import REFERENCES


def value_of(status: ReferenceStatus) -> bytes:
    return encode(status).value or b""


def test_references_come_back_and_keep_to_their_schema() -> None:
    assert encode(REFERENCES).key == b"reference/fraud"
    assert decode(value_of(REFERENCES)) == REFERENCES
    errors = Draft202012Validator(SCHEMAS["series-references"]()).iter_errors(
        json.loads(value_of(REFERENCES))
    )
    assert [error.message for error in errors] == []


def test_the_format_changes_only_on_purpose() -> None:
    reviewed = golden("status/reference_v1.json", value_of(REFERENCES))
    assert value_of(REFERENCES) == reviewed
    assert decode(reviewed) == REFERENCES


def test_where_there_is_no_room_segments_are_left_out_first_and_counted() -> None:
    amount, country = REFERENCES.series
    labels = tuple(["x" * 250] * 20)
    segments = [replace(country, segment=f"tier={at}", groups=labels) for at in range(700)]
    whole = [replace(amount, series=f"feature:f{at}", groups=labels) for at in range(500)]
    wide = replace(REFERENCES, series=(*segments, *whole))
    value = value_of(wide)
    assert MAX_REFERENCE_BYTES * 0.9 < len(value) <= MAX_REFERENCE_BYTES
    kept = decode(value).series
    assert orjson.loads(value)["omitted"] == {"series": 1_200 - len(kept)}
    assert kept[-500:] == tuple(whole)
    assert kept[:-500] == tuple(segments[: len(kept) - 500])


def test_what_is_none_is_refused_and_a_later_format_told_apart() -> None:
    with pytest.raises(CorruptState, match="not a reference status: not JSON"):
        decode(b"SM")
    with pytest.raises(NewerState, match="format 2"):
        decode(value_of(REFERENCES).replace(b'"format":1', b'"format":2'))
