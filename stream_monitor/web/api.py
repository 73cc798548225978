"""The JSON of `/api/v1/status`: the view, field by field, so that nothing is published by accident.

No raw feature values: statistics, counts and the sentences of drift events only. Knows no HTTP.
"""

from dataclasses import asdict
from typing import TypeAlias

from stream_monitor.core.drift_event import DriftEvent
from stream_monitor.core.events import Source
from stream_monitor.core.status import ModelStatus, SeriesStatus
from stream_monitor.telemetry.view import View

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


def status(view: View) -> dict[str, Json]:
    """The worker, its partitions and its models. Times are epoch milliseconds, UTC; what is not known is null."""
    return {
        "worker": view.worker,
        "group": view.group,
        "columns_topic": view.columns_topic,
        "started": view.started,
        "running": view.running,
        "joined": view.joined,
        "restored": view.restored,
        "ready": view.ready,
        "last_checkpoint": view.last_checkpoint,
        "partitions": [_partition(view, source) for source in sorted(view.assigned)],
        "models": [_model(model) for model in view.models],
    }


def _partition(view: View, source: Source) -> Json:
    return {
        "topic": source.topic,
        "partition": source.partition,
        "lag": view.lag.get(source),
        "paused": source in view.paused,
    }


def _model(model: ModelStatus) -> Json:
    return {
        "model": model.model,
        "time": model.time,
        "rows": model.rows,
        "late_rows": model.late_rows,
        "held_rows": model.held_rows,
        "series_dropped": model.series_dropped,
        "budget_credit": model.budget_credit,
        "drift_events": model.drift_events,
        "suppressed": model.suppressed,
        "open_alerts": [_alert(event) for event in model.open_alerts],
        "series": [_series(series) for series in model.series],
    }


def _series(series: SeriesStatus) -> Json:
    return {
        "series": series.series,
        "version": series.version,
        "segment": series.segment,
        "kind": None if series.kind is None else series.kind.value,
        "status": series.phase.value,
        "warm_up": series.warm_up,
        "values": series.values,
        "missing": series.missing,
        "effect": series.effect,
        "gauges": dict(series.gauges),
        "quality": dict(series.quality),
        "waiting": series.waiting,
        "blind": series.blind,
        "test": None if series.test is None else asdict(series.test),
    }


def _alert(event: DriftEvent) -> Json:
    return {
        "alert_id": event.alert_id,
        "incident_id": event.incident_id,
        "status": event.status.value,
        "severity": event.severity.value,
        "summary": event.summary,
        "version": event.version,
        "segment": event.segment,
        "series": event.series,
        "time": event.time,
        "change_point": event.change_point,
        "labels": dict(event.labels),
    }
