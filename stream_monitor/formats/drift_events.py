"""Drift events on the alerts topic: CloudEvents 1.0, structured JSON. Also read back, by subscribers and for recovery.

The data holds statistics only, never a raw value of a feature (bins of categories carry the category's name: exclude or
hash a feature whose categories are personal).
"""

import math
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from stream_monitor.core.drift_event import Attribution, DriftEvent
from stream_monitor.formats.cloud_events import HEADERS, Attributes, Form, opened, parsed, to_json, written
from stream_monitor.formats.encoded import EncodedRecord
from stream_monitor.formats.timestamps import format_rfc3339, parse_rfc3339

FORM = Form(
    what="drift event",
    prefix="io.stream-monitor.drift.",
    ending=".v1",
    schema="urn:stream-monitor:schema:drift-event:v1",
)
ENVELOPE_ONLY = frozenset({"id", "time"})  # said by the envelope's attributes of the same name

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
    subject = ("models", event.model, "series", event.series)
    of = Attributes(str(event.status), event.id, event.time, event.model, subject)
    return written(FORM, of, group, _data(event))


def decode(value: bytes) -> DriftEvent:
    """The drift event in the value of a record; fields that this release does not know are ignored.

    Raises NewerState for a later version of the event, CorruptState for anything else that is no drift event.
    """
    return from_cloud_event(parsed(value, "not a drift event"))


def from_cloud_event(event: object) -> DriftEvent:
    """The drift event in a parsed CloudEvent. Raises as `decode`."""
    return opened(FORM, event, _event)


def _event(data: Mapping[str, Any], said: dict[str, Any]) -> DriftEvent:
    plain = _with_numbers(data) | said
    plain["change_point"] = parse_rfc3339(data["change_point"])
    plain["attribution"] = attribution_from(data.get("attribution"))
    return _adapter().validate_python(plain)


@cache
def _adapter() -> TypeAdapter[DriftEvent]:
    return TypeAdapter(DriftEvent)


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


def numbers(data: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """`data` with NaN for null under `names`."""
    return {name: math.nan if value is None and name in names else value for name, value in data.items()}
