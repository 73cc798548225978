"""Schemas of several documents on one level."""

import pytest

from stream_monitor.app.asyncapi.components import lifted
from stream_monitor.formats.schema_parts import Schema


def root(definitions: Schema, uses: str) -> Schema:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:of",
        "type": "object",
        "properties": {"one": {"$ref": f"#/$defs/{uses}"}},
        "$defs": definitions,
    }


def test_a_definition_that_documents_agree_on_is_one_component() -> None:
    shared: Schema = {"Point": {"type": "number"}}
    found = lifted({"A": root(shared, "Point"), "B": root(shared, "Point")})
    assert list(found) == ["A", "B", "Point"]
    assert found["A"] == {
        "x-schema-id": "urn:of",
        "type": "object",
        "properties": {"one": {"$ref": "#/components/schemas/Point"}},
    }


def test_one_that_they_do_not_agree_on_is_each_one_s_own_and_so_is_what_uses_it() -> None:
    line: Schema = {"type": "array", "items": {"$ref": "#/$defs/Point"}}
    numbers: Schema = {"Line": line, "Point": {"type": "number"}, "Same": {"type": "null"}}
    texts: Schema = {"Line": line, "Point": {"type": "string"}, "Same": {"type": "null"}}
    found = lifted({"A": root(numbers, "Line"), "B": root(texts, "Line")})
    assert list(found) == ["A", "A.Line", "A.Point", "B", "B.Line", "B.Point", "Same"]
    assert found["A.Line"]["items"] == {"$ref": "#/components/schemas/A.Point"}
    assert found["B"]["properties"]["one"] == {"$ref": "#/components/schemas/B.Line"}


def test_what_draft_07_would_ignore_is_said_in_its_words() -> None:
    described: Schema = {"$ref": "#/$defs/Point", "description": "Where."}
    pair: Schema = {"type": "array", "prefixItems": [{"type": "string"}, described], "minItems": 2}
    found = lifted({"A": root({"Point": {"type": "number"}, "Pair": pair}, "Pair")})
    assert found["Pair"] == {
        "type": "array",
        "minItems": 2,
        "items": [
            {"type": "string"},
            {"allOf": [{"$ref": "#/components/schemas/Point"}], "description": "Where."},
        ],
    }


def test_fields_and_values_that_look_like_keywords_are_left_alone() -> None:
    fields: Schema = {"prefixItems": {"type": "null"}, "$id": {"const": {"$ref": "#/$defs/x"}}}
    found = lifted({"A": root({"Odd": {"type": "object", "properties": fields}}, "Odd")})
    assert found["Odd"]["properties"] == fields


def test_a_definition_with_the_name_of_a_document_is_refused() -> None:
    with pytest.raises(ValueError, match="B is a definition of A and the name of a document"):
        lifted({"A": root({"B": {"type": "null"}}, "B"), "B": root({}, "B")})
