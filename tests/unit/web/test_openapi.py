"""The OpenAPI document: valid by the specification's own schema, complete, and the reviewed one."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from jsonschema import Draft202012Validator

from stream_monitor.web.dashboard import openapi
from tests.golden_files import golden

DOCUMENT: dict[str, Any] = orjson.loads(orjson.dumps(openapi()))
# As published at https://spec.openapis.org/oas/3.1/schema (Apache-2.0); what it leaves open is checked below.
SPECIFICATION = json.loads((Path(__file__).parent / "openapi_3.1_schema.json").read_text(encoding="utf-8"))


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for operation in methods.values():
            yield path, operation


def every(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for inner in node.values():
            yield from every(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from every(inner)


def test_it_is_valid_by_the_specification() -> None:
    problems = [
        f"{error.json_path}: {error.message}"
        for error in Draft202012Validator(SPECIFICATION).iter_errors(DOCUMENT)
    ]
    assert problems == []
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_reference_leads_somewhere_and_every_schema_is_used() -> None:
    referred = {node["$ref"] for node in every(DOCUMENT) if "$ref" in node}
    there = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    assert referred - there == set()
    assert there - referred == {"#/components/schemas/Changed"}  # the events of the stream


def test_operations_have_names_of_their_own_and_say_what_they_take() -> None:
    names = [operation["operationId"] for _, operation in operations()]
    assert len(set(names)) == len(names)
    for path, operation in operations():
        told = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
        assert told == set(re.findall(r"\{(\w+)\}", path))
        assert all(one["description"] for one in operation.get("parameters", []))


def test_what_changes_something_needs_the_token_and_nothing_else_does() -> None:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            secured = operation.get("security") == [{"token": []}]
            assert secured == (method != "get"), (path, method)
            assert ("401" in operation["responses"]) == secured


def test_an_answer_holds_all_of_its_fields_always() -> None:
    overview = DOCUMENT["components"]["schemas"]["Overview"]
    assert overview["required"] == list(overview["properties"])
    assert overview["description"].startswith("Everything at a glance")
    assert "required" in DOCUMENT["components"]["schemas"]["MuteBody"]
    assert "until" not in DOCUMENT["components"]["schemas"]["MuteBody"]["required"]


def test_it_is_the_reviewed_one() -> None:
    document = {**DOCUMENT, "info": {**DOCUMENT["info"], "version": "0"}}
    current = json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"
    assert current == golden("schema/openapi.v1.json", current)
