"""Drift events on the alerts topic: CloudEvents 1.0, structured JSON. Also read back, by subscribers and for recovery.

The data holds statistics only, never a raw value of a feature (bins of categories carry the category's name: exclude or
hash a feature whose categories are personal).
"""

import math
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any
from urllib.parse import quote

import orjson
from pydantic import TypeAdapter, ValidationError

from stream_monitor.core.drift_event import Attribution, DriftEvent
from stream_monitor.core.errors import CorruptState, NewerState
from stream_monitor.formats.encoded import EncodedRecord
from stream_monitor.formats.timestamps import format_rfc3339, parse_rfc3339

TYPE_PREFIX = "io.stream-monitor.drift."
TYPE_SUFFIX = ".v1"
CONTENT_TYPE = "application/cloudevents+json; charset=UTF-8"
DATASCHEMA = "urn:stream-monitor:schema:drift-event:v1"
HEADERS: tuple[tuple[str, bytes], ...] = (("content-type", CONTENT_TYPE.encode()),)
ENVELOPE_ONLY = frozenset({"id", "time"})  # said by the envelope's attributes of the same name

# what a path segment may hold besides letters and digits, RFC 3986 section 3.3
_SEGMENT_SAFE = "!$&'()*+,;=:@"
_FLOATS = ("statistic", "threshold", "effect")
_EFFECT_SIZE_FLOATS = ("value", "threshold")
_MOVED_FLOATS = ("effect", "importance", "score")


def encode(event: DriftEvent, group: str) -> EncodedRecord:
    """The record of `event` as published by the consumer group `group`; the same event gives the same bytes.

    A number that is not finite becomes null.
    """
    return EncodedRecord(event.model.encode(), to_json(cloud_event(event, group)), HEADERS)


def cloud_event(event: DriftEvent, group: str) -> dict[str, object]:
    """The CloudEvent of `event` as an object for orjson, attributes first, in fixed order."""
    return {
        "specversion": "1.0",
        "id": event.id,
        "source": f"/stream-monitor/{segment(group)}",
        "type": f"{TYPE_PREFIX}{event.status}{TYPE_SUFFIX}",
        "subject": f"models/{segment(event.model)}/series/{segment(event.series)}",
        "time": format_rfc3339(event.time),
        "datacontenttype": "application/json",
        "dataschema": DATASCHEMA,
        "partitionkey": event.model,
        "data": _data(event),
    }


def decode(value: bytes) -> DriftEvent:
    """The drift event in the value of a record; fields that this release does not know are ignored.

    Raises NewerState for a later version of the event, CorruptState for anything else that is no drift event.
    """
    try:
        parsed = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise CorruptState("not a drift event: not JSON") from error
    return from_cloud_event(parsed)


def from_cloud_event(parsed: object) -> DriftEvent:
    """The drift event in a parsed CloudEvent. Raises as `decode`."""
    attributes: Mapping[str, Any] = parsed if isinstance(parsed, dict) else {}
    kind, data = attributes.get("type"), attributes.get("data")
    if not isinstance(kind, str) or not kind.startswith(TYPE_PREFIX) or not isinstance(data, dict):
        raise CorruptState(
            f"not a drift event: its type does not begin with {TYPE_PREFIX}, or it has no data"
        )
    if not kind.endswith(TYPE_SUFFIX):
        raise NewerState(f"a drift event of another version than {TYPE_SUFFIX}: read it with a newer release")
    try:
        plain = _with_numbers(data)
        plain["id"] = attributes["id"]
        plain["time"] = parse_rfc3339(attributes["time"])
        plain["change_point"] = parse_rfc3339(data["change_point"])
        plain["attribution"] = attribution_from(data.get("attribution"))
        return _adapter().validate_python(plain)
    except ValidationError as error:
        raise CorruptState(f"not a drift event: wrong or missing: {wrong_fields(error)}") from error
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise CorruptState(f"not a drift event: {type(error).__name__}") from error


def to_json(value: object) -> bytes:
    """Dataclasses, enums, mappings of any class and NumPy scalars as JSON, keys in the order given."""
    return orjson.dumps(value, default=_as_dict, option=orjson.OPT_SERIALIZE_NUMPY)


def _as_dict(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no place in an event")


@cache
def _adapter() -> TypeAdapter[DriftEvent]:
    return TypeAdapter(DriftEvent)


def segment(text: str) -> str:
    """`text` as one segment of a path."""
    return quote(text, safe=_SEGMENT_SAFE)


def _data(event: DriftEvent) -> dict[str, object]:
    """Fields in the order of the dataclass, so that a new one cannot be forgotten; times as text."""
    data: dict[str, object] = {}
    for name in [field.name for field in fields(event)]:
        if name == "change_point":
            data["detected_at"] = format_rfc3339(event.time)
            data["change_point"] = format_rfc3339(event.change_point)
        elif name == "attribution":
            data[name] = attribution_data(event.attribution)
        elif name not in ENVELOPE_ONLY:
            data[name] = getattr(event, name)
    return data


def attribution_data(attribution: Attribution | None) -> dict[str, object] | None:
    """An attribution as an object for orjson; times as text."""
    if attribution is None:
        return None
    ranked = [
        {**_shallow(one), "since": None if one.since is None else format_rfc3339(one.since)}
        for one in attribution.ranked
    ]
    return {**_shallow(attribution), "ranked": ranked}


def attribution_from(data: Any) -> dict[str, Any] | None:
    """The inverse, for pydantic. Raises LookupError, TypeError or ValueError for what is no attribution."""
    if data is None:
        return None
    ranked = [
        {
            **numbers(one, _MOVED_FLOATS),
            "since": None if one["since"] is None else parse_rfc3339(one["since"]),
        }
        for one in data["ranked"]
    ]
    return {**numbers(data, ("visible",)), "ranked": ranked}


def _shallow(value: Any) -> dict[str, object]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _with_numbers(data: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has no NaN and no infinity: where null stands for one and the core has a number, it is NaN again."""
    plain = dict(data)
    plain["evidence"] = [numbers(found, _FLOATS) for found in data["evidence"]]
    plain["effect_sizes"] = {
        name: size and numbers(size, _EFFECT_SIZE_FLOATS) for name, size in data["effect_sizes"].items()
    }
    for name in ("reference", "current"):
        summary = numbers(data[name], ("missing",))
        summary["shares"] = [math.nan if share is None else share for share in summary["shares"]]
        plain[name] = summary
    return plain


def wrong_fields(error: ValidationError) -> str:
    """The first three fields that `error` complains of, as dotted paths; no values."""
    return ", ".join(".".join(map(str, problem["loc"])) for problem in error.errors()[:3])


def numbers(data: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """`data` with NaN for null under `names`."""
    return {name: math.nan if value is None and name in names else value for name, value in data.items()}
