import json
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from stream_monitor.core.errors import CorruptState, NewerState
from stream_monitor.core.history import ModelHistory
from stream_monitor.formats.history import MAX_HISTORY_BYTES, decode, encode
from stream_monitor.formats.schemas import SCHEMAS
from tests.golden_files import golden
from tests.unit.formats.topic_values import AMOUNT, HISTORY


def values_of(history: ModelHistory) -> list[bytes]:
    return [record.value or b"" for record in encode(history)]


def test_a_history_comes_back() -> None:
    (value,) = values_of(HISTORY)
    assert decode(value) == HISTORY


def test_the_format_changes_only_on_purpose() -> None:
    (value,) = values_of(HISTORY)
    reviewed = golden("history/model_v1.json", value)
    assert value == reviewed
    assert decode(reviewed) == HISTORY


def test_key_and_headers() -> None:
    ((key, _, headers),) = encode(replace(HISTORY, model="fraud/ü"))
    assert key == "model/fraud/ü".encode()
    assert headers == (("content-type", b"application/json"),)


def test_it_keeps_to_its_schema() -> None:
    validator = Draft202012Validator(SCHEMAS["history"]())
    for history in (HISTORY, replace(HISTORY, series=(), performance=(), labels=None)):
        (value,) = values_of(history)
        assert [error.message for error in validator.iter_errors(json.loads(value))] == []


def test_what_is_too_large_for_a_record_is_split_and_nothing_is_said_twice() -> None:
    series = tuple([replace(AMOUNT, series=f"feature:{'x' * 200}{at}") for at in range(5_000)])
    wide = replace(HISTORY, series=series)
    values = values_of(wide)
    assert max(map(len, values)) <= MAX_HISTORY_BYTES
    assert min(map(len, values[:-1])) > MAX_HISTORY_BYTES * 0.9
    parts = [decode(value) for value in values]
    assert [(one.part, one.parts) for one in parts] == [(at, len(parts)) for at in range(len(parts))]
    assert tuple(one for part in parts for one in part.series) == series
    assert {part.starts for part in parts} == {HISTORY.starts}
    assert replace(parts[0], series=(), parts=1) == replace(HISTORY, series=())
    assert all((part.rows, part.performance, part.labels) == ((), (), None) for part in parts[1:])


@pytest.mark.parametrize("value", [b"", b"[]", b"{}", b'{"format": true}', b'{"format": 1, "model": "m"}'])
def test_what_is_no_history_is_refused(value: bytes) -> None:
    with pytest.raises(CorruptState, match="not a history"):
        decode(value)


def test_a_later_format_is_told_apart_and_unknown_fields_are_ignored() -> None:
    (value,) = values_of(HISTORY)
    with pytest.raises(NewerState, match="format 2"):
        decode(value.replace(b'"format":1', b'"format":2'))
    assert decode(value.replace(b'"format":1', b'"format":1,"news":[1]')) == HISTORY
