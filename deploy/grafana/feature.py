# ruff: noqa: INP001 (a script's module beside what it writes)
"""One series of a model, usually a feature: where it stands, what its detectors see, what is wrong with its values."""

from collections.abc import Iterator
from typing import Final

from panels import GREEN, RED, STATUS, WIDTH, YELLOW, Dashboard, Panel, Variable, number, of

from stream_monitor.telemetry import metrics
from stream_monitor.telemetry.metric import Metric

_CHOSEN: Final = ("model", "series", "version", "segment")
_WITHIN: Final = '{job=~"$job", instance=~"$instance", model=~"$model"'
_LEGEND: Final = "{{version}} {{segment}}"


def _of(metric: Metric, *matchers: str) -> str:
    return of(metric, *matchers, chosen=_CHOSEN)


def _one(metric: Metric) -> str:
    return f"max by (version, segment) ({_of(metric)})"


def _at_a_glance() -> Iterator[Panel]:
    yield number(
        "Status",
        "Where the series stands.",
        "short",
        f"max({_of(metrics.SERIES_STATUS)})",
        mappings=STATUS,
        steps=[(None, GREEN), (3, RED)],
    )
    yield number(
        "Warm-up",
        "How much of it is done.",
        "percentunit",
        f"min({_of(metrics.SERIES_WARM_UP)})",
        steps=[(None, YELLOW), (1, GREEN)],
    )
    yield number(
        "Evidence",
        "Largest evidence of its detectors over their threshold; 1 is an alarm.",
        "percentunit",
        f"max({_of(metrics.SERIES_EVIDENCE)})",
        steps=[(None, GREEN), (0.5, YELLOW), (1, RED)],
    )
    yield number(
        "Effect",
        "Size of the change against the reference, in its standard deviations.",
        "none",
        f"max(abs({_of(metrics.SERIES_EFFECT)}))",
    )
    yield number(
        "Blind",
        "1 if nothing can be detected in it at present.",
        "short",
        f"max({_of(metrics.SERIES_BLIND)})",
        steps=[(None, GREEN), (1, YELLOW)],
    )
    yield number(
        "Waits for the budget",
        "1 if it drifts, but no alert could be opened yet.",
        "short",
        f"max({_of(metrics.SERIES_WAITING)})",
        steps=[(None, GREEN), (1, YELLOW)],
    )


def _course() -> Iterator[Panel]:
    yield Panel(
        type="state-timeline",
        width=WIDTH,
        height=5,
        title="Status over time",
        description="Warming up, watching, drifting; by version and segment where there are some.",
        unit="short",
        queries=[(_one(metrics.SERIES_STATUS), _LEGEND)],
        mappings=STATUS,
    )
    yield Panel(
        title="Evidence over the threshold",
        description="Largest evidence of its detectors; at 1 it is an alarm.",
        unit="percentunit",
        queries=[(_one(metrics.SERIES_EVIDENCE), _LEGEND)],
        steps=[(None, GREEN), (1, RED)],
    )
    yield Panel(
        title="Effect against the reference",
        description="Recent values against the reference, in its standard deviations, with its sign.",
        unit="none",
        queries=[(_one(metrics.SERIES_EFFECT), _LEGEND)],
        lowest=None,
    )


def _values() -> Iterator[Panel]:
    yield Panel(
        title="Values per second",
        description="Values of the series seen, per second.",
        unit="short",
        queries=[
            (
                f"sum by (version, segment) (deriv({_of(metrics.SERIES_VALUES)}[$__rate_interval]))",
                _LEGEND,
            )
        ],
    )
    yield Panel(
        title="Missing",
        description="Share of its values that are missing.",
        unit="percentunit",
        queries=[(_one(metrics.SERIES_MISSING), _LEGEND)],
    )
    yield Panel(
        title="Found instead of a value",
        description="Null, NaN, wrong type and so on, so far; nothing where every value was usable.",
        unit="short",
        queries=[(f"sum by (cell) ({_of(metrics.SERIES_CELLS)})", "{{cell}}")],
    )
    yield Panel(
        title="Warm-up over time",
        description="How much of the warm-up is done.",
        unit="percentunit",
        queries=[(_one(metrics.SERIES_WARM_UP), _LEGEND)],
    )


def _detectors() -> Iterator[Panel]:
    legend = "{{detector}} {{view}} {{version}} {{segment}}"
    by = "max by (detector, view, version, segment)"
    evidence, width, seen = (
        _of(metrics.SERIES_DETECTOR, f'gauge=~"{gauges}"')
        for gauges in ("evidence", "width", "lag_1|effective_share|bounded|learning")
    )
    yield Panel(
        title="Evidence by detector",
        description="What each detector that has a threshold has gathered, over it; by the view of the values that it watches.",
        unit="percentunit",
        queries=[(f"{by} ({evidence})", legend)],
        steps=[(None, GREEN), (1, RED)],
    )
    yield Panel(
        title="Window of ADWIN",
        description="Length of its window of like values; it shrinks where it finds a change.",
        unit="short",
        queries=[(f"{by} ({width})", legend)],
    )
    yield Panel(
        title="What the sequential test can see",
        description="Autocorrelation of the values (lag_1), share of them that count as independent, bounded, learning.",
        unit="none",
        queries=[
            (f"max by (gauge, version, segment) ({seen})", "{{gauge}} {{version}} {{segment}}"),
        ],
        lowest=None,
    )
    yield Panel(
        title="Blind, or waiting",
        description="1 while nothing can be detected; 1 while it drifts and the budget holds no credit.",
        unit="short",
        queries=[
            (_one(metrics.SERIES_BLIND), f"blind {_LEGEND}"),
            (_one(metrics.SERIES_WAITING), f"waiting {_LEGEND}"),
        ],
    )


DASHBOARD: Final = Dashboard(
    name="feature",
    title="stream-monitor feature",
    description="One series of a model, usually a feature: where it stands, what its detectors see, what is wrong with it.",
    variables=[
        Variable(
            "model",
            "Model",
            f'{metrics.SERIES_STATUS.full_name}{{job=~"$job", instance=~"$instance"}}',
            many=False,
        ),
        Variable("series", "Series", f"{metrics.SERIES_STATUS.full_name}{_WITHIN}}}", many=False),
        Variable("version", "Version", f'{metrics.SERIES_STATUS.full_name}{_WITHIN}, series=~"$series"}}'),
        Variable("segment", "Segment", f'{metrics.SERIES_STATUS.full_name}{_WITHIN}, series=~"$series"}}'),
    ],
    rows={
        "At a glance": _at_a_glance(),
        "Course": _course(),
        "Values": _values(),
        "Detectors": _detectors(),
    },
)
