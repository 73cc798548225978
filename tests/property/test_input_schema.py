"""The schema of the input and the decoder draw the same line, as far as a schema can draw it."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from stream_monitor.core.events import Reason, Record
from stream_monitor.formats.native_json import MAX_NAME, Rules, decode
from stream_monitor.formats.schemas import input_event
from stream_monitor.formats.timestamps import EARLIEST_MS, LATEST_MS
from tests.unit.formats.core_values import NOON, SOURCE

VALIDATOR = Draft202012Validator(input_event())
RULES = Rules(max_clock_skew_ms=2 * LATEST_MS)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(
    ["x" * MAX_NAME, "x" * (MAX_NAME + 1)]
)
# To a schema 1e18 is a whole number; the decoder takes it for one only while a float holds every digit (2**53).
numbers = (
    st.integers()
    | st.floats(-(2.0**53), 2.0**53)
    | st.integers(-3, 3).map(float)
    | st.sampled_from([2**64 - 1, 2**64, -(2**63), -(2**63) - 1, EARLIEST_MS - 1, LATEST_MS + 1])
)
scalars = st.none() | st.booleans() | numbers | texts
anything = st.recursive(
    scalars, lambda part: st.lists(part, max_size=2) | st.dictionaries(texts, part, max_size=2), max_leaves=4
)
times = (
    st.integers(EARLIEST_MS, LATEST_MS)
    | st.sampled_from(
        [
            "2026-11-21T10:00:00.123Z",
            "2026-11-21t10:00:00z",
            "2026-11-21 10:00:00.123456+05:30",
            "2026-11-21T10:00:00",
            "2026-11-21T10:00:00+0100",
            "2026-11-21T10:00:00,5Z",
            "2026-11-21",
        ]
    )
    | anything
)
PARTS: dict[str, st.SearchStrategy[Any]] = {
    "model": texts | anything,
    "version": texts | anything,
    "id": texts | anything,
    "time": times,
    "features": st.dictionaries(texts, anything, max_size=3) | anything,
    "prediction": anything,
    "probability": numbers | anything,
    "probabilities": st.dictionaries(texts, numbers | st.none(), max_size=3) | anything,
    "latency_ms": numbers | anything,
    "label": anything,
    "unknown": anything,
}
SOUND: dict[str, Any] = {"model": "fraud", "version": "7", "id": "e-1", "time": NOON, "features": {"a": 1}}


def reasons(value: object) -> list[Reason]:
    record = Record(0, NOON, None, json.dumps(value, ensure_ascii=False).encode())
    return [rejected.reason for rejected in decode(SOURCE, [record], RULES).rejected]


@st.composite
def nearly_sound(draw: st.DrawFn) -> dict[str, Any]:
    """A sound event of which a few parts were left out or drawn anew."""
    event = {name: part for name, part in SOUND.items() if draw(st.integers(0, 3))}
    for name in draw(st.lists(st.sampled_from(sorted(PARTS)), max_size=3, unique=True)):
        event[name] = draw(PARTS[name])
    return event


@given(nearly_sound())
def test_an_event_is_read_if_and_only_if_the_schema_allows_it(event: dict[str, Any]) -> None:
    assert (not reasons(event)) == VALIDATOR.is_valid(event), reasons(event)


@given(anything | st.lists(nearly_sound(), max_size=3))
def test_a_record_is_read_whole_if_and_only_if_the_schema_allows_it(value: object) -> None:
    assert (not reasons(value)) == VALIDATOR.is_valid(value), reasons(value)


@given(
    st.binary(max_size=60)
    | st.text(alphabet='{}[]":,0123456789.eE+-ntfalsuer model', max_size=60).map(str.encode)
)
def test_any_bytes_become_rows_or_rejects(value: bytes) -> None:
    decoded = decode(SOURCE, [Record(0, NOON, None, value)], Rules())
    assert decoded.rows or decoded.rejected
    assert len(decoded.rows) == len(decoded.offsets) == len(decoded.items)


@given(st.lists(nearly_sound(), max_size=6), st.integers(0, 6))
def test_an_event_reads_the_same_alone_and_among_others(events: list[dict[str, Any]], cut: int) -> None:
    """The straight path needs names met before; what it reads may not depend on it."""
    records = [
        Record(at, NOON, None, json.dumps(event, ensure_ascii=False).encode())
        for at, event in enumerate(events)
    ]
    whole = decode(SOURCE, records, RULES)
    parts = [decode(SOURCE, records[:cut], RULES), decode(SOURCE, records[cut:], RULES)]
    alone = [decode(SOURCE, [record], RULES) for record in records]
    for several in (parts, alone):
        assert [row for part in several for row in part.rows] == list(whole.rows)
        assert [offset for part in several for offset in part.offsets] == list(whole.offsets)
        assert [one for part in several for one in part.rejected] == list(whole.rejected)
