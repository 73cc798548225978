"""Reads the monitor's own JSON records: which format, which value, and what is wrong if it is none."""

from collections.abc import Mapping
from typing import Any, TypeVar

import orjson
from pydantic import TypeAdapter, ValidationError

from stream_monitor.core.errors import CorruptState, NewerState
from stream_monitor.formats.cloud_events import wrong_fields

T = TypeVar("T")


def parsed_record(value: bytes, known: int, what: str) -> Mapping[str, Any]:
    """The JSON object in `value`, a `what` of format 1 to `known`. Raises NewerState for a later format, CorruptState."""
    try:
        parsed: Any = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise CorruptState(f"not a {what}: not JSON") from error
    form = parsed.get("format") if isinstance(parsed, dict) else None
    if type(form) is not int or form < 1:
        raise CorruptState(f"not a {what}: it has no format")
    if form > known:
        raise NewerState(f"the {what} has format {form}; this release reads format {known}")
    return parsed  # type: ignore[no-any-return]  # a dict: it has a format


def validated(adapter: TypeAdapter[T], parsed: Mapping[str, Any], what: str) -> T:
    """`parsed` as a value. Raises CorruptState with the fields that are wrong."""
    try:
        return adapter.validate_python(parsed)
    except ValidationError as error:
        raise CorruptState(f"not a {what}: wrong or missing: {wrong_fields(error)}") from error
