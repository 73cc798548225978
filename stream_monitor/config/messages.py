"""Validation errors of pydantic in the words of a person: what is wrong; what to write instead. Shows no secret."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from stream_monitor.config.fields import kind, shown
from stream_monitor.config.later import NOT_YET, promised
from stream_monitor.config.problems import Finding, Path, name_instead
from stream_monitor.config.secrets import is_secret_key

_HINTS = {
    "name": "name: and the name of the model as its events give it",
    "topic": "topic: and the name of the topic",
    "kafka": "kafka: {topic: NAME}",
    "max_rejects": "max_rejects: and a number of events",
    "per": "per: and a duration such as 1m",
}


def findings(errors: list[ErrorDetails], section: type[BaseModel]) -> list[Finding]:
    """One finding per error; the consequences of a key of a later release are left out."""
    found = []
    later = {
        error["loc"][:-1] for error in errors if error["type"] == "extra_forbidden" and promised(error["loc"])
    }
    for error in errors:
        if error["loc"][:-1] in later and error["type"] == "missing":
            continue
        found.append(_finding(error, section))
    return found


def _finding(error: ErrorDetails, section: type[BaseModel]) -> Finding:
    path = tuple(error["loc"])
    if path and path[-1] == "[key]":  # what pydantic calls the name of a mapping's entry
        path = path[:-1]
        return Finding(path, *_words(error), on_key=True)
    match error["type"]:
        case "extra_forbidden":
            return _unknown(path, section)
        case "missing":
            return Finding(path, "missing", f"write {_HINTS.get(str(path[-1]), f'{path[-1]}:')}", on_key=True)
    return Finding(path, *_words(error))


def _unknown(path: Path, section: type[BaseModel]) -> Finding:
    what = promised(path)
    if what:
        return Finding(path, f"{NOT_YET}: {what}", "remove it", on_key=True)
    write = name_instead(str(path[-1]), _keys(section, path[:-1]))
    return Finding(path, "unknown key", write, on_key=True)


def _keys(section: type[BaseModel], path: Path) -> list[str]:
    """The keys allowed in the mapping at `path`, from the JSON Schema: it has been through every annotation."""
    schema = section.model_json_schema()
    definitions = schema.get("$defs", {})
    for part in path:
        schema = _below(schema, part, definitions)
    return list(_flat(schema, definitions).get("properties", {}))


def _below(schema: Mapping[str, Any], part: str | int, definitions: Mapping[str, Any]) -> dict[str, Any]:
    flat = _flat(schema, definitions)
    inner = flat.get("items") if isinstance(part, int) else flat.get("properties", {}).get(part)
    return dict(inner or flat.get("additionalProperties") or {})


def _flat(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """A schema with its reference followed, and of alternatives the one with the most structure."""
    if "$ref" in schema:
        return _flat(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        flat = [_flat(option, definitions) for option in schema["anyOf"]]
        return next(
            (option for option in flat if option.keys() & {"properties", "items", "additionalProperties"}),
            flat[0],
        )
    return dict(schema)


def _words(error: ErrorDetails) -> tuple[str, str]:
    """What is wrong and what to write, for an error about a value."""
    if error["type"] == "refused":
        return error["ctx"]["what"], error["ctx"]["write"]
    if error["type"] not in _WORDS:
        return error["msg"].lower(), "see docs/configuration.md"
    what, write = _WORDS[error["type"]]
    value = error["input"]
    secret = any(is_secret_key(str(part)) for part in error["loc"])
    words = {"value": "this value" if secret else shown(value), "kind": kind(value), **error.get("ctx", {})}
    if error["type"] == "string_type" and isinstance(value, bool | int | float) and not secret:
        write = "write it in quotes: {quoted}"
        words["quoted"] = f'"{str(value).lower() if isinstance(value, bool) else value}"'
    return what.format_map(words), write.format_map(words).replace("'", "")


_WHOLE = ("must be a whole number, not {value}", "write a number without a point or unit")
_NUMBER = ("must be a number, not {value}", "write a number such as 0.2")
_BOOLEAN = ("must be true or false, not {value}", "write true or false")
_MAPPING = ("must be a mapping of keys, not {kind}", "write key: value lines below it")
_WORDS = {
    "string_type": ("must be text, not {kind}", "write text"),
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "bool_type": _BOOLEAN,
    "bool_parsing": _BOOLEAN,
    "greater_than_equal": ("{value} is too small", "write {ge:.15g} or more"),
    "less_than_equal": ("{value} is too large", "write {le:.15g} or less"),
    "literal_error": ("{value} is not allowed here", "write {expected}"),
    "list_type": ("must be a list, not {kind}", "write [a, b], or one line with a dash for each"),
    "too_short": ("is empty", "write at least one entry, or remove it"),
    "model_type": _MAPPING,
    "dict_type": _MAPPING,
}
