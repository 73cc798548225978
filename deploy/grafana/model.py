# ruff: noqa: INP001 (a script's module beside what it writes)
"""One model: its series, its alerts, its labels and how well it predicts, its segments."""

from collections.abc import Iterator
from typing import Final

from panels import GREEN, RED, STATUS, WIDTH, YELLOW, Dashboard, Panel, Variable, link_to, number, of, rate

from stream_monitor.telemetry import metrics

_ONE: Final = "max by (series, version, segment)"
_LEGEND: Final = "{{series}} {{version}} {{segment}}"
_WITHIN: Final = '{job=~"$job", instance=~"$instance", model=~"$model"}'
_WHOLE: Final = 'class=""'
_CHOSEN: Final = ("model", "version", "figure")
_TO_SERIES: Final = link_to("feature", "series", "version", "segment")
_TO_SERIES_OF_MODEL: Final = (_TO_SERIES[0], _TO_SERIES[1] + "&${model:queryparam}")


def _at_a_glance() -> Iterator[Panel]:
    yield number(
        "Events per second",
        "Rows of the model shown to its detectors.",
        "short",
        f"sum({rate(metrics.ROWS_OBSERVED)})",
    )
    yield number(
        "Open alerts",
        "Alerts of the model that are not resolved.",
        "short",
        f"sum({of(metrics.MODEL_OPEN_ALERTS)})",
        steps=[(None, GREEN), (1, RED)],
    )
    yield number(
        "Evidence",
        "Largest evidence of any series over its threshold; 1 is an alarm.",
        "percentunit",
        f"max({of(metrics.MODEL_EVIDENCE)})",
        steps=[(None, GREEN), (0.5, YELLOW), (1, RED)],
    )
    yield number(
        "Alarm budget",
        "Alarms that could be raised at once; below 1 the next one waits.",
        "short",
        f"min({of(metrics.MODEL_BUDGET)})",
        steps=[(None, YELLOW), (1, GREEN)],
    )
    yield number(
        "Labels come",
        "Share of the predictions whose labels are due that have one.",
        "percentunit",
        f"max({of(metrics.COVERAGE)})",
        steps=[(None, RED), (0.5, YELLOW), (0.75, GREEN)],
    )
    yield number(
        "Last event",
        "Time since the latest event time observed.",
        "s",
        f"time() - max({of(metrics.MODEL_LAST_EVENT)})",
        lowest=None,
    )


def _series() -> Iterator[Panel]:
    most = f"topk(30, {_ONE} (abs({of(metrics.SERIES_EFFECT)})))"
    yield Panel(
        type="state-timeline",
        width=WIDTH,
        height=12,
        title="Status of series",
        description="Where the thirty series with most effect stand, over time.",
        unit="short",
        queries=[(f"{_ONE} ({of(metrics.SERIES_STATUS)}) and on (series, version, segment) {most}", _LEGEND)],
        mappings=STATUS,
        link=_TO_SERIES_OF_MODEL,
    )
    yield Panel(
        title="Evidence by series",
        description="Evidence over its threshold, of the ten series that are closest to it; 1 is an alarm.",
        unit="percentunit",
        queries=[(f"topk(10, {_ONE} ({of(metrics.SERIES_EVIDENCE)}))", _LEGEND)],
        steps=[(None, GREEN), (1, RED)],
        link=_TO_SERIES_OF_MODEL,
    )
    yield Panel(
        title="Effect by series",
        description="Size of the change against the reference in its standard deviations, of the ten largest.",
        unit="none",
        queries=[(f"topk(10, {_ONE} (abs({of(metrics.SERIES_EFFECT)})))", _LEGEND)],
        link=_TO_SERIES_OF_MODEL,
    )
    yield Panel(
        title="Missing values",
        description="Share of values that are missing, of the ten series where most are.",
        unit="percentunit",
        queries=[(f"topk(10, {_ONE} ({of(metrics.SERIES_MISSING)}))", _LEGEND)],
        link=_TO_SERIES_OF_MODEL,
    )
    yield Panel(
        title="Not watched as meant",
        description="Series that are blind, wait for the alarm budget, were dropped at the cap, or are not in the metrics.",
        unit="short",
        queries=[
            (f"sum({of(metrics.MODEL_BLIND)})", "blind"),
            (f"sum({of(metrics.MODEL_WAITING)})", "waiting for the budget"),
            (f"sum({of(metrics.MODEL_SERIES_DROPPED)})", "dropped"),
            (f"sum({of(metrics.MODEL_SERIES_HIDDEN)})", "hidden"),
        ],
    )


def _alerts() -> Iterator[Panel]:
    yield Panel(
        title="Alerts not resolved",
        description="By severity and what they claim.",
        unit="short",
        queries=[(f"sum by (severity, claim) ({of(metrics.MODEL_OPEN_ALERTS)})", "{{severity}} {{claim}}")],
        stacked=True,
    )
    suppressed = f"increase({of(metrics.SUPPRESSED)}[$__rate_interval])"
    requests = f"increase({of(metrics.RETRAIN_REQUESTS)}[$__rate_interval])"
    yield Panel(
        title="Drift events of the model",
        description="Alerts opened, updated and resolved, detections for which the budget held no credit, requests to retrain.",
        unit="short",
        queries=[
            (
                f"sum by (status) (increase({of(metrics.DRIFT_EVENTS)}[$__rate_interval]))",
                "{{status}}",
            ),
            (f"sum({suppressed})", "suppressed"),
            (f"sum({requests})", "retraining requested"),
        ],
    )


def _performance() -> Iterator[Panel]:
    parts = {
        "": metrics.PERFORMANCE,
        "low": metrics.PERFORMANCE_LOW,
        "high": metrics.PERFORMANCE_HIGH,
        "expected": metrics.PERFORMANCE_EXPECTED,
    }
    yield Panel(
        title="Performance with its interval",
        description="The chosen figures of the last labelled predictions, with their 95 % and what was expected.",
        unit="short",
        queries=[
            (of(metric, _WHOLE, chosen=_CHOSEN), f"{{{{version}}}} {{{{figure}}}} {name}".rstrip())
            for name, metric in parts.items()
        ],
        lowest=None,
    )
    yield Panel(
        title="Realised and estimated",
        description="The chosen figures by labels, and as they should be if probabilities mean what they meant.",
        unit="short",
        queries=[
            (of(metrics.PERFORMANCE, _WHOLE, chosen=_CHOSEN), "{{version}} {{figure}}"),
            (of(metrics.PERFORMANCE_ESTIMATE, _WHOLE, chosen=_CHOSEN), "{{version}} {{figure}} estimated"),
        ],
        lowest=None,
    )
    yield Panel(
        title="How far estimates were off",
        description="The last estimates of the chosen figures less what labels told later, on average, with and without sign.",
        unit="short",
        queries=[
            (of(metrics.PERFORMANCE_ESTIMATE_ERROR, _WHOLE, chosen=_CHOSEN), "{{version}} {{figure}}"),
            (
                of(metrics.PERFORMANCE_ESTIMATE_ABSOLUTE_ERROR, _WHOLE, chosen=_CHOSEN),
                "{{version}} {{figure}} absolute",
            ),
        ],
        lowest=None,
    )
    yield Panel(
        title="Whether estimates can be trusted",
        description="Share of the last estimates whose interval held; 1 while too many did not; how many were tried so far.",
        unit="short",
        queries=[
            (
                of(metrics.PERFORMANCE_ESTIMATE_INSIDE, _WHOLE, chosen=_CHOSEN),
                "{{version}} {{figure}} inside",
            ),
            (
                of(metrics.PERFORMANCE_ESTIMATE_UNRELIABLE, _WHOLE, chosen=_CHOSEN),
                "{{version}} {{figure}} unreliable",
            ),
            (
                f"max by (version, outcome) ({of(metrics.PERFORMANCE_ESTIMATE_TRIALS, chosen=_CHOSEN)})",
                "{{version}} {{outcome}}",
            ),
        ],
    )
    yield Panel(
        title="Labels by outcome",
        description="Predictions and labels per second, by what became of them in the join.",
        unit="short",
        queries=[(f"sum by (outcome) ({rate(metrics.LABELS)}) > 0", "{{outcome}}")],
    )
    yield Panel(
        title="Label coverage and what waits",
        description="Share of due predictions that have a label; predictions that wait for one, labels that wait for one.",
        unit="short",
        queries=[
            (f"max({of(metrics.COVERAGE)})", "coverage"),
            (f"sum({of(metrics.PENDING)})", "predictions that wait"),
            (f"sum({of(metrics.EARLY)})", "labels that wait"),
        ],
    )
    yield Panel(
        title="Label delay",
        description="Time from a prediction to its label, of all labels so far.",
        unit="s",
        queries=[(f"max by (share) ({of(metrics.LABEL_DELAY)})", "{{share}}")],
    )
    yield Panel(
        title="Labelled predictions",
        description="Pairs that the figures of a version are made of; withheld: 1 where too few; hidden: beyond the cap..",
        unit="short",
        queries=[
            (f"max by (version) ({of(metrics.PERFORMANCE_PAIRS, chosen=_CHOSEN)})", "{{version}} pairs"),
            (
                f"max by (version) ({of(metrics.PERFORMANCE_WITHHELD, chosen=_CHOSEN)})",
                "{{version}} withheld",
            ),
            (f"max({of(metrics.PERFORMANCE_HIDDEN)})", "figures hidden"),
        ],
    )


def _segments() -> Iterator[Panel]:
    yield Panel(
        title="Performance by segment",
        description="The chosen figures of the last labelled predictions in each segment.",
        unit="short",
        queries=[(of(metrics.SEGMENT_PERFORMANCE, chosen=_CHOSEN), "{{segment}} {{version}} {{figure}}")],
        lowest=None,
    )
    yield Panel(
        title="Predictions by segment",
        description="Predictions that each segment has got so far.",
        unit="short",
        queries=[(f"sum by (segment) ({of(metrics.SEGMENT_PREDICTIONS)})", "{{segment}}")],
    )
    chosen = ("model", "version")
    yield Panel(
        title="Fairness",
        description="How differently a version treats the groups of a feature, with its 95 %; only where groups are declared.",
        unit="none",
        queries=[
            (of(metrics.FAIRNESS, chosen=chosen), "{{version}} {{figure}}"),
            (of(metrics.FAIRNESS_LOW, chosen=chosen), "{{version}} {{figure}} low"),
            (of(metrics.FAIRNESS_HIGH, chosen=chosen), "{{version}} {{figure}} high"),
        ],
        lowest=None,
    )
    yield Panel(
        title="Fairness beyond its tolerance",
        description="1 while a figure is beyond what is accepted.",
        unit="short",
        queries=[(of(metrics.FAIRNESS_BEYOND, chosen=chosen), "{{version}} {{figure}}")],
        steps=[(None, GREEN), (1, RED)],
    )


DASHBOARD: Final = Dashboard(
    name="model",
    title="stream-monitor model",
    description="One model: its series, its alerts, its labels and how well it predicts.",
    variables=[
        Variable(
            "model",
            "Model",
            f'{metrics.MODEL_SERIES.full_name}{{job=~"$job", instance=~"$instance"}}',
            many=False,
        ),
        Variable("version", "Version", f"{metrics.PERFORMANCE_PAIRS.full_name}{_WITHIN}"),
        Variable("figure", "Figure", f"{metrics.PERFORMANCE.full_name}{_WITHIN}"),
    ],
    rows={
        "At a glance": _at_a_glance(),
        "Series": _series(),
        "Alerts": _alerts(),
        "Labels and performance": _performance(),
        "Segments and fairness": _segments(),
    },
)
