import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from stream_monitor.formats.schemas import SCHEMAS
from tests.golden_files import golden

FILES = {
    "event": "input_event.v1",
    "drift-event": "drift_event.v1",
    "retrain-request": "retrain_request.v1",
    "status": "model_status.v1",
    "worker": "worker_status.v1",
    "series-references": "reference_status.v1",
    "history": "history.v1",
    "operation": "operation.v1",
    "reference": "reference_profile.v1",
}


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from objects(part)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_changes_only_on_purpose(name: str) -> None:
    text = json.dumps(SCHEMAS[name](), indent=2, ensure_ascii=False) + "\n"
    assert text.encode() == golden(f"schema/{FILES[name]}.json", text.encode())


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_valid_and_every_reference_leads_somewhere(name: str) -> None:
    schema = SCHEMAS[name]()
    Draft202012Validator.check_schema(schema)
    for part in objects(schema):
        if isinstance(reference := part.get("$ref"), str):
            assert reference.removeprefix("#/$defs/") in schema["$defs"]


def test_each_call_gives_a_schema_of_one_s_own() -> None:
    for make in SCHEMAS.values():
        first = make()
        first["$defs"].clear()
        assert make()["$defs"]


def test_every_field_of_input_and_drift_events_is_described() -> None:
    event = SCHEMAS["event"]()["$defs"]["event"]["properties"]
    drift = SCHEMAS["drift-event"]()["$defs"]["DriftEvent"]["properties"]
    request = SCHEMAS["retrain-request"]()["$defs"]["RetrainRequest"]["properties"]
    assert [
        name for name, field in {**event, **drift, **request}.items() if not field.get("description")
    ] == []
