# ruff: noqa: INP001 (a script beside what it writes)
"""Writes the Grafana dashboards: `python deploy/grafana/generate.py`. Names of metrics come from their catalogue.

Conventions of grafana/dashboard-linter: variables for data source, job and instance, used by every query; title,
description and unit on every panel; `rate` over `$__rate_interval`; a fixed uid.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from stream_monitor.telemetry import metrics
from stream_monitor.telemetry.metric import Metric
from stream_monitor.telemetry.metrics import PHASES

DIRECTORY: Final = Path(__file__).parent / "dashboards"
DATASOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
WIDTH: Final = 24  # columns of Grafana's grid
RED, YELLOW, GREEN, BLUE, GREY = "red", "yellow", "green", "blue", "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel. queries: (PromQL, legend). steps: (from this value on, colour), the first from minus infinity."""

    title: str
    description: str
    unit: str
    queries: Sequence[tuple[str, str]]
    type: str = "timeseries"
    width: int = 12
    height: int = 8
    stacked: bool = False
    steps: Sequence[tuple[float | None, str]] = ((None, GREEN),)
    mappings: Sequence[tuple[int, str, str]] = field(default_factory=tuple)


def of(metric: Metric, *matchers: str, suffix: str = "") -> str:
    """Selector of the metric within the chosen jobs and workers."""
    chosen = ['job=~"$job"', 'instance=~"$instance"', *matchers]
    if "model" in metric.labels:
        chosen.append('model=~"$model"')
    return f"{metric.full_name}{suffix}{{{', '.join(chosen)}}}"


def rate(metric: Metric, *matchers: str, suffix: str = "") -> str:
    """Its increase per second."""
    return f"rate({of(metric, *matchers, suffix=suffix)}[$__rate_interval])"


def at_a_glance() -> Iterator[Panel]:
    """The first row: one number each."""
    critical = of(metrics.MODEL_OPEN_ALERTS, 'severity="critical"')
    drifting = f"count({of(metrics.SERIES_STATUS)} == {max(PHASES.values())}) or vector(0)"
    age = f"max(time() - {of(metrics.LAST_CHECKPOINT)})"
    yield Panel(
        type="stat",
        width=4,
        height=4,
        title="Events per second",
        description="Rows shown to the detectors, over all models and workers.",
        unit="short",
        queries=[(f"sum({rate(metrics.ROWS_OBSERVED)})", "events/s")],
    )
    yield Panel(
        type="stat",
        width=4,
        height=4,
        title="Lag",
        description="Records not processed yet, input and columns topics together.",
        unit="short",
        queries=[(f"sum({of(metrics.LAG)})", "records")],
        steps=[(None, GREEN), (100_000, YELLOW), (1_000_000, RED)],
    )
    yield Panel(
        type="stat",
        width=4,
        height=4,
        title="Series drifting",
        description="Series with an open alert.",
        unit="short",
        queries=[(drifting, "series")],
        steps=[(None, GREEN), (1, YELLOW)],
    )
    yield Panel(
        type="stat",
        width=4,
        height=4,
        title="Open critical alerts",
        description="Alerts of severity critical that are not resolved.",
        unit="short",
        queries=[(f"sum({critical})", "alerts")],
        steps=[(None, GREEN), (1, RED)],
    )
    yield Panel(
        type="stat",
        width=4,
        height=4,
        title="Checkpoint age",
        description="Time since the last checkpoint, of the worker where it is longest ago.",
        unit="s",
        queries=[(age, "age")],
        steps=[(None, GREEN), (30, YELLOW), (120, RED)],
    )
    yield Panel(
        type="stat",
        width=4,
        height=4,
        title="Workers ready",
        description="Workers that have joined the group and restored their state.",
        unit="short",
        queries=[(f"sum({of(metrics.WORKER_READY)})", "workers")],
        steps=[(None, RED), (1, GREEN)],
    )


def drift() -> Iterator[Panel]:
    """What has changed."""
    series = "max by (model, series, version, segment)"
    status = f"{series} ({of(metrics.SERIES_STATUS)})"
    most = f"topk(20, {series} (abs({of(metrics.SERIES_EFFECT)})))"
    names = {0: ("not watched", GREY), 1: ("warming up", BLUE), 2: ("watching", GREEN), 3: ("drifting", RED)}
    yield Panel(
        type="state-timeline",
        width=WIDTH,
        height=10,
        title="Series",
        description="Where the twenty series with most effect stand, over time.",
        unit="short",
        queries=[
            (
                f"{status} and on (model, series, version, segment) {most}",
                "{{model}} {{series}} {{version}} {{segment}}",
            )
        ],
        mappings=[(number, *names[number]) for number in sorted(PHASES.values())],
    )
    yield Panel(
        title="Series by status",
        description="Series that warm up, are watched, drift or are not watched.",
        unit="short",
        queries=[(f"sum by (status) ({of(metrics.MODEL_SERIES)})", "{{status}}")],
        stacked=True,
    )
    yield Panel(
        title="Open alerts",
        description="Alerts that are not resolved, by model, severity and what they claim.",
        unit="short",
        queries=[
            (
                f"sum by (model, severity, claim) ({of(metrics.MODEL_OPEN_ALERTS)}) > 0",
                "{{model}} {{severity}} {{claim}}",
            )
        ],
        stacked=True,
    )
    yield Panel(
        title="Drift events",
        description="Drift events published: alerts opened, updated and resolved.",
        unit="short",
        queries=[
            (
                f"sum by (model, status) (increase({of(metrics.DRIFT_EVENTS)}[$__rate_interval])) > 0",
                "{{model}} {{status}}",
            )
        ],
    )
    yield Panel(
        title="Evidence",
        description="Largest evidence over its threshold, of the ten series that are closest to it; 1 is an alarm.",
        unit="percentunit",
        queries=[
            (f"topk(10, {of(metrics.SERIES_EVIDENCE)})", "{{model}} {{series}} {{version}} {{segment}}")
        ],
        steps=[(None, GREEN), (1, RED)],
    )


def performance() -> Iterator[Panel]:
    """Whether models are right, as far as labels say so."""
    whole = 'class=""'
    yield Panel(
        title="Performance",
        description="Figures of the last labelled predictions of every version; absent while labels are too few.",
        unit="short",
        queries=[(of(metrics.PERFORMANCE, whole), "{{model}} {{version}} {{figure}}")],
    )
    yield Panel(
        title="Below what was expected",
        description="How far figures that are better high are below what was promised, or was at first. Chance is in it.",
        unit="short",
        queries=[
            (
                f"{of(metrics.PERFORMANCE_EXPECTED, whole, _HIGH)} - {of(metrics.PERFORMANCE, whole, _HIGH)}",
                "{{model}} {{version}} {{figure}}",
            )
        ],
    )
    yield Panel(
        title="Estimated without labels",
        description="What figures should be if probabilities mean what they meant; concept drift is not seen.",
        unit="short",
        queries=[(of(metrics.PERFORMANCE_ESTIMATE, whole), "{{model}} {{version}} {{figure}}")],
    )
    yield Panel(
        title="Label coverage",
        description="Share of the predictions whose labels are due that have one.",
        unit="percentunit",
        queries=[(f"max by (model) ({of(metrics.COVERAGE)})", "{{model}}")],
    )


_HIGH: Final = 'figure=~"accuracy|precision|recall|f1|roc_auc|pr_auc|r2"'


def pipeline() -> Iterator[Panel]:
    """Whether the monitor itself is well."""
    yield Panel(
        title="Events observed",
        description="Rows shown to the detectors, per second and model.",
        unit="short",
        queries=[(f"sum by (model) ({rate(metrics.ROWS_OBSERVED)})", "{{model}}")],
    )
    yield Panel(
        title="Lag by topic",
        description="Records between the committed position and the end. In the columns topic: rows waiting for detection.",
        unit="short",
        queries=[(f"sum by (topic) ({of(metrics.LAG)})", "{{topic}}")],
    )
    yield Panel(
        title="Rejected by reason",
        description="Bad events sent to the dead-letter topic, per second.",
        unit="short",
        queries=[(f"sum by (reason) ({rate(metrics.REJECTED)}) > 0", "{{reason}}")],
        stacked=True,
    )
    yield Panel(
        title="Late rows",
        description="Rows that came after the watermark had passed them, per second and model.",
        unit="short",
        queries=[(f"sum by (model) ({rate(metrics.ROWS_LATE)})", "{{model}}")],
    )
    yield Panel(
        title="Checkpoint time",
        description="How long the transaction of a checkpoint takes, over all workers.",
        unit="s",
        queries=[
            (
                f"histogram_quantile({quantile}, sum by (le) ({rate(metrics.CHECKPOINT_SECONDS, suffix='_bucket')}))",
                f"{quantile * 100:.0f} %",
            )
            for quantile in (0.5, 0.95)
        ],
    )
    yield Panel(
        title="Checkpoint age by worker",
        description="Time since the last committed checkpoint. A steady rise means that nothing is committed any more.",
        unit="s",
        queries=[(f"time() - {of(metrics.LAST_CHECKPOINT)}", "{{instance}}")],
        steps=[(None, GREEN), (120, RED)],
    )
    yield Panel(
        title="Time by stage",
        description="Seconds spent in each step of the loop, per second, over all workers.",
        unit="s",
        queries=[(f"sum by (stage) ({rate(metrics.STAGE_SECONDS, suffix='_sum')})", "{{stage}}")],
        stacked=True,
    )
    yield Panel(
        title="Aborted checkpoints and rebalances",
        description="Checkpoints given up, and partitions assigned, revoked or lost, since the point before.",
        unit="short",
        queries=[
            (
                f"sum by (reason) (increase({of(metrics.CHECKPOINTS_ABORTED)}[$__rate_interval])) > 0",
                "aborted: {{reason}}",
            ),
            (f"sum by (kind) (increase({of(metrics.REBALANCES)}[$__rate_interval])) > 0", "{{kind}}"),
        ],
    )
    # As counted, no rate: a loss is found when a partition is taken over, often before its counter was first scraped.
    yield Panel(
        title="Lost data",
        description="Where reading went on behind lost data since the worker started, because kafka.on_lost_data says"
        " continue: how often, and how many records as far as that is known.",
        unit="short",
        width=WIDTH,
        queries=[
            (f"sum by (topic) ({of(metrics.LOSSES)}) > 0", "times: {{topic}}"),
            (f"sum by (topic) ({of(metrics.RECORDS_LOST)}) > 0", "records: {{topic}}"),
        ],
        steps=[(None, GREEN), (1, RED)],
    )


def overview() -> dict[str, Any]:
    """The overview dashboard."""
    rows = {
        "At a glance": at_a_glance(),
        "Drift": drift(),
        "Predictions and labels": performance(),
        "Pipeline": pipeline(),
    }
    return {
        "uid": "stream-monitor-overview",
        "title": "stream-monitor overview",
        "description": "What drifts, and whether the monitor itself is well.",
        "tags": ["stream-monitor"],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "10s",
        "time": {"from": "now-30m", "to": "now"},
        "timezone": "browser",
        "annotations": {"list": [_annotation()]},
        "templating": {"list": _variables()},
        "panels": list(_placed({title: list(panels) for title, panels in rows.items()})),
    }


def _annotation() -> dict[str, Any]:
    opened = of(metrics.DRIFT_EVENTS, 'status="opened"')
    return {
        "name": "Drift",
        "datasource": DATASOURCE,
        "enable": True,
        "iconColor": RED,
        "expr": f"sum by (model, severity) (increase({opened}[$__rate_interval])) > 0",
        "titleFormat": "Drift",
        "textFormat": "{{model}}: alert opened ({{severity}})",
        "step": "10s",
    }


def _variables() -> list[dict[str, Any]]:
    def choice(name: str, label: str, query: str) -> dict[str, Any]:
        return {
            "name": name,
            "label": label,
            "type": "query",
            "datasource": DATASOURCE,
            "query": query,
            "definition": query,
            "multi": True,
            "includeAll": True,
            "allValue": ".*" if name == "model" else ".+",
            "current": {"text": ["All"], "value": ["$__all"]},
            "refresh": 2,
            "sort": 1,
        }

    build, series = metrics.BUILD.full_name, metrics.MODEL_SERIES.full_name
    within = '{job=~"$job", instance=~"$instance"}'
    return [
        {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
        choice("job", "Job", f"label_values({build}, job)"),
        choice("instance", "Worker", f'label_values({build}{{job=~"$job"}}, instance)'),
        choice("model", "Model", f"label_values({series}{within}, model)"),
    ]


def _placed(rows: dict[str, list[Panel]]) -> Iterator[dict[str, Any]]:
    """Panels as Grafana wants them, left to right, top to bottom, numbered from 1."""
    number = y = 0
    for title, panels in rows.items():
        number += 1
        yield {
            "id": number,
            "type": "row",
            "title": title,
            "collapsed": False,
            "panels": [],
            "gridPos": {"x": 0, "y": y, "w": WIDTH, "h": 1},
        }
        y, x, height = y + 1, 0, 0
        for panel in panels:
            if x + panel.width > WIDTH:
                y, x, height = y + height, 0, 0
            number += 1
            yield _as_json(panel, number) | {"gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height}}
            x, height = x + panel.width, max(height, panel.height)
        y += height


def _as_json(panel: Panel, number: int) -> dict[str, Any]:
    return {
        "id": number,
        "type": panel.type,
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "targets": [
            {"refId": chr(ord("A") + at), "datasource": DATASOURCE, "expr": query, "legendFormat": legend}
            for at, (query, legend) in enumerate(panel.queries)
        ],
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "min": 0,
                "thresholds": {
                    "mode": "absolute",
                    "steps": [{"value": start, "color": colour} for start, colour in panel.steps],
                },
                "mappings": _mappings(panel),
                "custom": _custom(panel),
            },
            "overrides": [],
        },
        "options": _options(panel),
    }


def _mappings(panel: Panel) -> list[dict[str, Any]]:
    options = {str(value): {"text": text, "color": colour} for value, text, colour in panel.mappings}
    return [{"type": "value", "options": options}] if options else []


def _custom(panel: Panel) -> dict[str, Any]:
    if panel.type != "timeseries":
        return {}
    return {
        "fillOpacity": 25 if panel.stacked else 5,
        "lineWidth": 1,
        "showPoints": "auto",
        "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
        "thresholdsStyle": {"mode": "line" if len(panel.steps) > 1 else "off"},
    }


def _options(panel: Panel) -> dict[str, Any]:
    if panel.type == "stat":
        return {
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "colorMode": "value",
            "graphMode": "area",
        }
    if panel.type == "state-timeline":
        return {
            "mergeValues": True,
            "showValue": "never",
            "rowHeight": 0.9,
            "legend": {"displayMode": "list"},
        }
    return {
        "legend": {"displayMode": "list", "placement": "bottom"},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }


def text(dashboard: dict[str, Any]) -> str:
    """The dashboard as it is written to its file."""
    return json.dumps(dashboard, indent=2, ensure_ascii=False) + "\n"


DASHBOARDS: Final = {"overview.json": overview}


if __name__ == "__main__":
    for name, dashboard in DASHBOARDS.items():
        (DIRECTORY / name).write_text(text(dashboard()))
