"""JSON Schemas as components of an AsyncAPI document: definitions on one level, in the dialect that every reader knows.

A payload is in AsyncAPI's own dialect, a superset of JSON Schema draft 07: no `$defs`, no `prefixItems`, and what stands beside
a `$ref` is ignored (JSON Reference). Knows nothing of what the schemas describe.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from stream_monitor.formats.schema_parts import Schema

_LOCAL: Final = "#/$defs/"
_COMPONENT: Final = "#/components/schemas/"
_OF_A_DOCUMENT: Final = ("$schema", "$id", "$defs")
_NAMED_PARTS: Final = ("properties",)
_DATA: Final = ("const", "enum", "default", "examples", "required")


def reference(name: str) -> Schema:
    """A reference to the component `name`."""
    return {"$ref": _COMPONENT + name}


def lifted(documents: Mapping[str, Schema]) -> Schema:
    """All schemas as `components.schemas`, sorted. documents: by the name that the root gets.

    A definition that several documents have is one component where they agree on it and on all that it refers to; else each
    document's is `Root.Name`. The `$id` of a root is kept as `x-schema-id`.
    """
    contested = _contested({root: schema.get("$defs", {}) for root, schema in documents.items()})
    found: Schema = {}
    for root, schema in documents.items():

        def named(name: str, root: str = root) -> str:
            return f"{root}.{name}" if name in contested else name

        found[root] = {"x-schema-id": schema["$id"]} | _plain(schema, named)
        for name, part in schema.get("$defs", {}).items():
            if name in documents:
                raise ValueError(f"{name} is a definition of {root} and the name of a document")
            found[named(name)] = _plain(part, named)
    return dict(sorted(found.items()))


def _contested(parts: Mapping[str, Mapping[str, Schema]]) -> set[str]:
    """Names of definitions that do not mean the same everywhere."""
    texts: dict[str, set[str]] = defaultdict(set)
    users: dict[str, set[str]] = defaultdict(set)
    owners: dict[str, int] = defaultdict(int)
    for definitions in parts.values():
        for name, part in definitions.items():
            owners[name] += 1
            texts[name].add(json.dumps(part, sort_keys=True))
            for target in _targets(part):
                users[target].add(name)
    contested: set[str] = set()
    grown = {name for name, forms in texts.items() if len(forms) > 1}
    while grown:
        contested |= grown
        grown = {user for name in grown for user in users[name] if owners[user] > 1} - contested
    return contested


def _targets(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        target = part.get("$ref")
        if isinstance(target, str):
            yield target.removeprefix(_LOCAL)
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from _targets(inner)


def _plain(schema: Any, named: Callable[[str], str]) -> Any:
    """`schema` in draft 07, its references leading to components."""
    if isinstance(schema, list):
        return [_plain(inner, named) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    plain: Schema = {}
    for key, value in schema.items():
        if key in _OF_A_DOCUMENT:
            continue
        if key in _DATA:
            plain[key] = value
        elif key in _NAMED_PARTS:
            plain[key] = {name: _plain(inner, named) for name, inner in value.items()}
        elif key == "$ref":
            plain |= reference(named(value.removeprefix(_LOCAL)))
        else:
            plain[key] = _plain(value, named)
    if "prefixItems" in plain:
        plain["items"] = plain.pop("prefixItems")
    if "$ref" in plain and len(plain) > 1:
        plain = {"allOf": [{"$ref": plain.pop("$ref")}]} | plain
    return plain
