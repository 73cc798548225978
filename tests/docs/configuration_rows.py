"""The rows that tables of keys must have, from the JSON Schema."""

from collections.abc import Iterator
from typing import Any

from stream_monitor.config import json_schema

Schema = dict[str, Any]


def rows() -> dict[str, str]:
    """Dotted key of the configuration → the line of the table that documents it."""
    schema = json_schema()
    return {key: _row(key, field, schema["$defs"]) for key, field in _walk(schema, "", schema["$defs"])}


def rows_by_section(schema: Schema) -> dict[str, list[str]]:
    """Name of a section, "" for the whole → the lines of the table that documents its keys."""
    return {
        name: [_row(key, field, schema["$defs"]) for key, field in section["properties"].items()]
        for name, section in {"": schema, **schema["$defs"]}.items()
    }


def _walk(schema: Schema, prefix: str, definitions: Schema) -> Iterator[tuple[str, Schema]]:
    for name, field in schema["properties"].items():
        key = f"{prefix}{name}"
        yield key, field
        for below, inner in _below(field, key, definitions):
            yield from _walk(inner, f"{below}.", definitions)


def _below(field: Schema, key: str, definitions: Schema) -> Iterator[tuple[str, Schema]]:
    """The sections directly under a key: itself, each item, or each entry."""
    for form in _forms(field, definitions):
        if "properties" in form:
            yield key, form
        elif form.get("type") == "array":
            yield from _below(form["items"], f"{key}[]", definitions)
        elif isinstance(form.get("additionalProperties"), dict):
            yield from _below(form["additionalProperties"], f"{key}.<name>", definitions)


def _forms(field: Schema, definitions: Schema) -> Iterator[Schema]:
    """Every way to write a value, references followed, null left out."""
    if "$ref" in field:
        yield from _forms(definitions[field["$ref"].rpartition("/")[2]], definitions)
    elif "anyOf" in field:
        for form in field["anyOf"]:
            yield from _forms(form, definitions)
    elif field.get("type") != "null":
        yield field


def _row(key: str, field: Schema, definitions: Schema) -> str:
    forms = list(_forms(field, definitions))
    types = " or ".join(dict.fromkeys(_type(form, definitions) for form in forms))
    default = field.get("default", "–")
    text = default if isinstance(default, str) else str(default).lower()
    shown = "–" if text == "–" else f"`{text}`"
    description = field.get("description") or forms[0].get("description", "")
    return f"| `{key}` | {types} | {shown} | {description.replace('|', chr(92) + '|')} |"


def _type(form: Schema, definitions: Schema) -> str:
    if "const" in form:
        return f"`{form['const']}`"
    if "enum" in form:
        return ", ".join(f"`{value}`" for value in form["enum"])
    if "pattern" in form:
        names = {
            "500ms": "duration",
            "1 per week": "budget",
            "1 per day": "rate",
            "1h": "duration or events",
            "1m": "duration or `off`",
            "64 KiB": "size",
            "127.0.0.1:8080": "address",
        }
        return names[form["examples"][0]]
    if form["type"] == "array":
        return "list of " + " or ".join(
            _type(item, definitions) for item in _forms(form["items"], definitions)
        )
    if isinstance(form["type"], list):
        return "one value"
    names = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
    return names.get(form["type"], "section" if "properties" in form else "mapping")
