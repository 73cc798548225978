"""What the JSON Schemas of all contracts are made with."""

from typing import Any, TypeAlias

Schema: TypeAlias = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def tidied(schema: Any) -> Any:
    """Without generated titles, and without bytes, which JSON does not have."""
    if isinstance(schema, list):
        return [tidied(part) for part in schema if part != {"type": "string", "format": "binary"}]
    if not isinstance(schema, dict):
        return schema
    return {
        name: tidied(part) for name, part in schema.items() if name != "title" or not isinstance(part, str)
    }


def or_null(schema: Schema) -> Schema:
    """`schema`, or null."""
    return schema | {"type": [schema["type"], "null"]}
