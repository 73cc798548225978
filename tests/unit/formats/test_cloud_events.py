"""The envelope alone, with a kind of event of its own."""

from collections.abc import Mapping
from typing import Any

import pytest

from stream_monitor.core.errors import CorruptState, NewerState
from stream_monitor.formats.cloud_events import Attributes, Form, opened, parsed, to_json, written

FORM = Form(what="greeting", prefix="io.example.", ending=".v1", schema="urn:greeting")
OF = Attributes("said", "id-1", 1_000, "fraud", ("models", "fraud/β", "x"))


def made(data: Mapping[str, Any], said: dict[str, Any]) -> tuple[str, str, int]:
    return data["word"], said["id"], said["time"]


def test_what_is_written_is_opened_with_what_the_envelope_says() -> None:
    event = written(FORM, OF, "g 1", {"word": "hello"})
    assert (event["type"], event["source"]) == ("io.example.said.v1", "/stream-monitor/g%201")
    assert event["subject"] == "models/fraud%2F%CE%B2/x"
    assert opened(FORM, parsed(to_json(event), "not a greeting"), made) == ("hello", "id-1", 1_000)


@pytest.mark.parametrize(
    "event", [[], {}, {"type": "io.other.said.v1", "data": {}}, {"type": "io.example.said.v1"}]
)
def test_another_event_is_no_such_event(event: object) -> None:
    with pytest.raises(CorruptState, match=r"not a greeting: its type does not begin with io\.example\."):
        opened(FORM, event, made)


def test_a_later_version_asks_for_a_newer_release_and_a_field_that_is_missing_is_corrupt() -> None:
    event = written(FORM, OF, "g", {"word": "hello"})
    with pytest.raises(NewerState, match="newer release"):
        opened(FORM, event | {"type": "io.example.said.v2"}, made)
    with pytest.raises(CorruptState, match="not a greeting: KeyError"):
        opened(FORM, event | {"data": {}}, made)
    with pytest.raises(CorruptState, match="not a greeting: not JSON"):
        parsed(b"{", "not a greeting")
