"""The state of a model on the status topic, key `model/<model>`: a compacted topic whose latest record says what is open.

`open_alerts` holds, for every alert that is not resolved, its latest CloudEvent exactly as on the alerts topic. A subscriber
that starts late reads the status topic to its end and then the alerts.
"""

import math
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from stream_monitor.core.drift_event import DriftEvent
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.status import ModelStatus, PerformanceStatus, Phase
from stream_monitor.formats.cloud_events import to_json, wrong_fields
from stream_monitor.formats.drift_events import cloud_event, from_cloud_event, numbers
from stream_monitor.formats.encoded import EncodedRecord
from stream_monitor.formats.reading import parsed_record

FORMAT = 1
KEY_PREFIX = "model/"
HEADERS: tuple[tuple[str, bytes], ...] = (("content-type", b"application/json"),)
MAX_STATUS_BYTES = 900_000

_FLOATS = ("warm_up", "missing", "effect")


def encode(status: ModelStatus, group: str) -> EncodedRecord:
    """The record of `status`; the same status gives the same bytes.

    What does not fit into 900,000 bytes is left out and counted under `omitted`, the least needed first: histograms of open
    alerts and figures of single classes, series without an alert, performance of versions, then alerts from the oldest on.
    """
    body = _body(status)
    body["open_alerts"] = [cloud_event(event, group) for event in status.open_alerts]
    value = to_json(body)
    if len(value) > MAX_STATUS_BYTES:
        value = _fitting(status, group)
    return EncodedRecord((KEY_PREFIX + status.model).encode(), value, HEADERS)


def decode(value: bytes) -> ModelStatus:
    """The status in the value of a record; fields that this release does not know are ignored.

    Raises NewerState for a later format, CorruptState for anything else that is no status.
    """
    parsed = parsed_record(value, FORMAT, "status")
    try:
        alerts = tuple([from_cloud_event(event) for event in parsed["open_alerts"]])
        series = [_series(one) for one in parsed["series"]]
        plain = numbers(parsed, ("budget_credit",)) | {"series": series, "open_alerts": ()}
        return replace(_adapter().validate_python(plain), open_alerts=alerts)
    except ValidationError as error:
        raise CorruptState(f"not a status: wrong or missing: {wrong_fields(error)}") from error
    except (LookupError, TypeError, AttributeError) as error:
        raise CorruptState(f"not a status: {type(error).__name__}") from error


@cache
def _adapter() -> TypeAdapter[ModelStatus]:
    return TypeAdapter(ModelStatus)


def _body(status: ModelStatus) -> dict[str, object]:
    body: dict[str, object] = {"format": FORMAT}
    body.update({field.name: getattr(status, field.name) for field in fields(status)})
    body["omitted"] = {"histograms": 0, "class_figures": 0, "series": 0, "performance": 0, "open_alerts": 0}
    return body


def _fitting(status: ModelStatus, group: str) -> bytes:
    """A status too large for a record, cut down: whole parts go, in an order that hangs on the status alone."""
    body = _body(status)
    needed = [one for one in status.series if one.phase is Phase.DRIFTING]
    alerts = [cloud_event(_without_histograms(event), group) for event in status.open_alerts]
    versions = [_without_classes(one) for one in status.performance]
    empty: dict[str, object] = {"series": [], "open_alerts": [], "performance": []}
    room = MAX_STATUS_BYTES - len(to_json(body | empty)) - 96
    kept_alerts = _that_fit(alerts[::-1], room)[::-1]
    room -= len(to_json(kept_alerts))
    kept_versions = _that_fit(versions, room)
    room -= len(to_json(kept_versions))
    kept = _that_fit(needed + [one for one in status.series if one.phase is not Phase.DRIFTING], room)
    names = {(one.series, one.version, one.segment) for one in kept}
    body["series"] = [one for one in status.series if (one.series, one.version, one.segment) in names]
    body["open_alerts"] = kept_alerts
    body["performance"] = kept_versions
    body["omitted"] = {
        "histograms": len(kept_alerts),
        "class_figures": sum(len(one.figures) for one in status.performance)
        - sum(len(one.figures) for one in versions),
        "series": len(status.series) - len(kept),
        "performance": len(versions) - len(kept_versions),
        "open_alerts": len(alerts) - len(kept_alerts),
    }
    return to_json(body)


def _that_fit(parts: list[Any], room: int) -> list[Any]:
    """The longest beginning of `parts` that takes at most `room` bytes."""
    kept = []
    for part in parts:
        room -= len(to_json(part)) + 1
        if room < 0:
            break
        kept.append(part)
    return kept


def _without_classes(one: PerformanceStatus) -> PerformanceStatus:
    return replace(one, figures={name: figure for name, figure in one.figures.items() if ":" not in name})


def _without_histograms(event: DriftEvent) -> DriftEvent:
    return replace(
        event,
        reference=replace(event.reference, bins=(), shares=()),
        current=replace(event.current, bins=(), shares=()),
    )


def _series(data: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has no NaN: where null stands for one it is NaN again."""
    series = numbers(data, _FLOATS)
    series["gauges"] = {name: math.nan if value is None else value for name, value in data["gauges"].items()}
    return series
