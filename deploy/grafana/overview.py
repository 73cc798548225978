# ruff: noqa: INP001 (a script's module beside what it writes)
"""The overview: what drifts, and whether the monitor itself is well."""

from collections.abc import Iterator
from typing import Final

from panels import GREEN, RED, STATUS, WIDTH, YELLOW, Dashboard, Panel, Variable, link_to, number, of, rate

from stream_monitor.telemetry import metrics
from stream_monitor.telemetry.metrics import PHASES

_ONE: Final = "max by (model, series, version, segment)"
_LEGEND: Final = "{{model}} {{series}} {{version}} {{segment}}"


def _at_a_glance() -> Iterator[Panel]:
    """The first row: one number each."""
    yield number(
        "Events per second",
        "Rows shown to the detectors, over all models and workers.",
        "short",
        f"sum({rate(metrics.ROWS_OBSERVED)})",
    )
    yield number(
        "Lag",
        "Records not processed yet, input and columns topics together.",
        "short",
        f"sum({of(metrics.LAG)})",
        steps=[(None, GREEN), (100_000, YELLOW), (1_000_000, RED)],
    )
    yield number(
        "Series drifting",
        "Series with an open alert.",
        "short",
        f"sum({of(metrics.MODEL_SERIES, _drifting())}) or vector(0)",
        steps=[(None, GREEN), (1, YELLOW)],
    )
    critical = of(metrics.MODEL_OPEN_ALERTS, 'severity="critical"')
    yield number(
        "Open critical alerts",
        "Alerts of severity critical that are not resolved.",
        "short",
        f"sum({critical})",
        steps=[(None, GREEN), (1, RED)],
    )
    yield number(
        "Checkpoint age",
        "Time since the last checkpoint, of the worker where it is longest ago.",
        "s",
        f"max(time() - {of(metrics.LAST_CHECKPOINT)})",
        steps=[(None, GREEN), (30, YELLOW), (120, RED)],
    )
    yield number(
        "Workers ready",
        "Workers that have joined the group and restored their state.",
        "short",
        f"sum({of(metrics.WORKER_READY)})",
        steps=[(None, RED), (1, GREEN)],
    )


def _drifting() -> str:
    phase = max(PHASES, key=PHASES.__getitem__)
    return f'status="{phase.value}"'


def _models() -> Iterator[Panel]:
    """Every model in one line, and how they went."""
    columns = {
        "Open alerts": (f"sum by (model) ({of(metrics.MODEL_OPEN_ALERTS)})", "short"),
        "Drifting": (f"sum by (model) ({of(metrics.MODEL_SERIES, _drifting())})", "short"),
        "Evidence": (f"max by (model) ({of(metrics.MODEL_EVIDENCE)})", "percentunit"),
        "Waiting for the budget": (f"sum by (model) ({of(metrics.MODEL_WAITING)})", "short"),
        "Blind": (f"sum by (model) ({of(metrics.MODEL_BLIND)})", "short"),
        "Events per second": (f"sum by (model) ({rate(metrics.ROWS_OBSERVED)})", "short"),
        "Last event": (f"time() - max by (model) ({of(metrics.MODEL_LAST_EVENT)})", "s"),
    }
    yield Panel(
        type="table",
        width=WIDTH,
        title="Models",
        description="Every model in one line: alerts, series that drift, largest evidence (1 is an alarm), traffic.",
        unit="short",
        queries=[(query, "{{model}}") for query, _ in columns.values()],
        columns={title: unit for title, (_, unit) in columns.items()},
        link=link_to("model", "model", source="__data.fields"),
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
        link=link_to("model", "model"),
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
        link=link_to("model", "model"),
    )


def _series() -> Iterator[Panel]:
    """What has changed."""
    most = f"topk(20, {_ONE} (abs({of(metrics.SERIES_EFFECT)})))"
    yield Panel(
        type="state-timeline",
        width=WIDTH,
        height=10,
        title="Series",
        description="Where the twenty series with most effect stand, over time.",
        unit="short",
        queries=[
            (
                f"{_ONE} ({of(metrics.SERIES_STATUS)}) and on (model, series, version, segment) {most}",
                _LEGEND,
            )
        ],
        mappings=STATUS,
        link=link_to("feature", "model", "series", "version", "segment"),
    )
    yield Panel(
        title="Series by status",
        description="Series that warm up, are watched, drift or are not watched.",
        unit="short",
        queries=[(f"sum by (status) ({of(metrics.MODEL_SERIES)})", "{{status}}")],
        stacked=True,
    )
    yield Panel(
        title="Evidence",
        description="Largest evidence over its threshold, of the ten series that are closest to it; 1 is an alarm.",
        unit="percentunit",
        queries=[(f"topk(10, {_ONE} ({of(metrics.SERIES_EVIDENCE)}))", _LEGEND)],
        steps=[(None, GREEN), (1, RED)],
        link=link_to("feature", "model", "series", "version", "segment"),
    )


def _monitor() -> Iterator[Panel]:
    """Whether the monitor itself is well; more on the dashboard of the pipeline."""
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
        link=link_to("pipeline", "topic"),
    )
    yield Panel(
        title="Rejected by reason",
        description="Bad events sent to the dead-letter topic, per second.",
        unit="short",
        queries=[(f"sum by (reason) ({rate(metrics.REJECTED)}) > 0", "{{reason}}")],
        stacked=True,
    )
    yield Panel(
        title="Label coverage",
        description="Share of the predictions whose labels are due that have one.",
        unit="percentunit",
        queries=[(f"max by (model) ({of(metrics.COVERAGE)})", "{{model}}")],
        link=link_to("model", "model"),
    )


DASHBOARD: Final = Dashboard(
    name="overview",
    title="stream-monitor overview",
    description="What drifts, and whether the monitor itself is well.",
    variables=[
        Variable("model", "Model", f'{metrics.MODEL_SERIES.full_name}{{job=~"$job", instance=~"$instance"}}')
    ],
    rows={
        "At a glance": _at_a_glance(),
        "All models": _models(),
        "What has changed": _series(),
        "Monitor": _monitor(),
    },
)
