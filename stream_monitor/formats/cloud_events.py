"""The envelope of what is on the alerts topic: CloudEvents 1.0, structured JSON. Knows no kind of event; each has its own module.

A kind of event gives its attributes and its data; how they are written, opened and refused is the same for all.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import quote

import orjson
from pydantic import ValidationError

from stream_monitor.core.errors import CorruptState, NewerState
from stream_monitor.formats.timestamps import format_rfc3339, parse_rfc3339

Read = TypeVar("Read")

CONTENT_TYPE: Final = "application/cloudevents+json; charset=UTF-8"
HEADERS: Final[tuple[tuple[str, bytes], ...]] = (("content-type", CONTENT_TYPE.encode()),)

# what a path segment may hold besides letters and digits, RFC 3986 section 3.3
_SEGMENT_SAFE: Final = "!$&'()*+,;=:@"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One kind of event. what: it in words. prefix, ending: of the types that are read. schema: of its data."""

    what: str
    prefix: str
    ending: str
    schema: str

    def type(self, kind: str = "") -> str:
        """The `type` attribute of an event."""
        return f"{self.prefix}{kind}{self.ending}"


class Attributes(NamedTuple):
    """What the envelope says of one event. kind: between prefix and ending of its type. subject: segments of a path."""

    kind: str
    id: str
    time: int
    model: str
    subject: tuple[str, ...]


def written(form: Form, of: Attributes, group: str, data: Mapping[str, object]) -> dict[str, object]:
    """A CloudEvent as an object for orjson, attributes first, in fixed order. group: the consumer group that publishes it."""
    return {
        "specversion": "1.0",
        "id": of.id,
        "source": f"/stream-monitor/{_segment(group)}",
        "type": form.type(of.kind),
        "subject": "/".join(map(_segment, of.subject)),
        "time": format_rfc3339(of.time),
        "datacontenttype": "application/json",
        "dataschema": form.schema,
        "partitionkey": of.model,
        "data": data,
    }


def parsed(value: bytes, what: str) -> object:
    """The JSON in the value of a record. Raises CorruptState."""
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise CorruptState(f"{what}: not JSON") from error


def opened(form: Form, event: object, made: Callable[[Mapping[str, Any], dict[str, Any]], Read]) -> Read:
    """What `made` makes of the data of a parsed CloudEvent, and of its fields as far as the envelope says them: id and time.

    Raises NewerState for a later version of the event; CorruptState for one of another kind, and where `made` raises what
    reading a field that is missing or wrong does.
    """
    attributes: Mapping[str, Any] = event if isinstance(event, dict) else {}
    kind, data = attributes.get("type"), attributes.get("data")
    if not isinstance(kind, str) or not kind.startswith(form.prefix) or not isinstance(data, dict):
        raise CorruptState(
            f"not a {form.what}: its type does not begin with {form.prefix}, or it has no data"
        )
    if not kind.endswith(form.ending):
        raise NewerState(
            f"a {form.what} of another version than {form.prefix}*{form.ending}: read it with a newer release"
        )
    try:
        return made(data, {"id": attributes["id"], "time": parse_rfc3339(attributes["time"])})
    except ValidationError as error:
        raise CorruptState(f"not a {form.what}: wrong or missing: {wrong_fields(error)}") from error
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise CorruptState(f"not a {form.what}: {type(error).__name__}") from error


def to_json(value: object) -> bytes:
    """Dataclasses, enums, mappings of any class and NumPy scalars as JSON, keys in the order given."""
    return orjson.dumps(value, default=_as_dict, option=orjson.OPT_SERIALIZE_NUMPY)


def _as_dict(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no place in an event")


def _segment(text: str) -> str:
    """`text` as one segment of a path."""
    return quote(text, safe=_SEGMENT_SAFE)


def wrong_fields(error: ValidationError) -> str:
    """The first three fields that `error` complains of, as dotted paths; no values."""
    return ", ".join(".".join(map(str, problem["loc"])) for problem in error.errors()[:3])
