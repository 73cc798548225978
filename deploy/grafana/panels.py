# ruff: noqa: INP001 (a script's module beside what it writes)
"""Panels, variables, links and annotations as Grafana wants them in JSON. Knows no dashboard.

Conventions of grafana/dashboard-linter: variables for data source, job and instance, used by every query; title,
description and unit on every panel; `rate` over `$__rate_interval`; a fixed uid.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from stream_monitor.telemetry import metrics
from stream_monitor.telemetry.metric import Metric
from stream_monitor.telemetry.metrics import PHASES

DATASOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
WIDTH: Final = 24  # columns of Grafana's grid
RED, YELLOW, GREEN, BLUE, GREY = "red", "yellow", "green", "blue", "text"
TAG: Final = "stream-monitor"
STATUS: Final = tuple(
    (value, *shown)
    for value, shown in zip(
        sorted(PHASES.values()),
        (("not watched", GREY), ("warming up", BLUE), ("watching", GREEN), ("drifting", RED)),
        strict=True,
    )
)
_WITHIN: Final = ('job=~"$job"', 'instance=~"$instance"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel. queries: (PromQL, legend). steps: (from this value on, colour), the first from minus infinity.

    columns: of a table, what its queries are called, in their order; they are joined by their first label. link: title and
    address that a value leads to.
    """

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
    columns: Mapping[str, str] = field(default_factory=dict)
    link: tuple[str, str] | None = None
    lowest: float | None = 0


class Variable(NamedTuple):
    """A choice above the panels: of values of `label`, in `selector`. many: all of them are chosen at first, else one."""

    name: str
    title: str
    selector: str
    many: bool = True

    @property
    def query(self) -> str:
        """As Grafana asks for it."""
        return f"label_values({self.selector}, {self.name})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """One dashboard. rows: title and panels. variables: those after data source, job and worker."""

    name: str
    title: str
    description: str
    rows: Mapping[str, Iterable[Panel]]
    variables: Sequence[Variable] = ()

    def json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "uid": uid(self.name),
            "title": self.title,
            "description": self.description,
            "tags": [TAG],
            "schemaVersion": 39,
            "version": 1,
            "editable": False,
            "graphTooltip": 1,
            "refresh": "10s",
            "time": {"from": "now-30m", "to": "now"},
            "timezone": "browser",
            "links": [_to_the_others()],
            "annotations": {"list": [_drift(self)]},
            "templating": {"list": list(_templating(self))},
            "panels": list(_placed({title: list(panels) for title, panels in self.rows.items()})),
        }

    def text(self) -> str:
        """As it is written to its file."""
        return json.dumps(self.json(), indent=2, ensure_ascii=False) + "\n"


def uid(name: str) -> str:
    """Of the dashboard, for ever: links of others lead to it."""
    return f"{TAG}-{name}"


def of(metric: Metric, *matchers: str, suffix: str = "", chosen: Sequence[str] = ("model",)) -> str:
    """Selector of the metric within the chosen jobs and workers; chosen: variables that select the label of their name."""
    picked = [f'{name}=~"${name}"' for name in chosen if name in metric.labels]
    return f"{metric.full_name}{suffix}{{{', '.join([*_WITHIN, *matchers, *picked])}}}"


def rate(metric: Metric, *matchers: str, suffix: str = "", chosen: Sequence[str] = ("model",)) -> str:
    """Its increase per second."""
    return f"rate({of(metric, *matchers, suffix=suffix, chosen=chosen)}[$__rate_interval])"


def quantile(share: float, metric: Metric, *, by: str = "", chosen: Sequence[str] = ()) -> str:
    """Quantile of a histogram."""
    grouped = ", ".join(["le", *([by] if by else [])])
    return (
        f"histogram_quantile({share}, sum by ({grouped}) ({rate(metric, suffix='_bucket', chosen=chosen)}))"
    )


def number(title: str, description: str, unit: str, query: str, **more: Any) -> Panel:
    """A panel with one number."""
    shown: dict[str, Any] = {"type": "stat", "width": 4, "height": 4, **more}
    return Panel(title=title, description=description, unit=unit, queries=[(query, title)], **shown)


def link_to(name: str, *labels: str, source: str = "__field.labels") -> tuple[str, str]:
    """To another dashboard, with the values of these labels, or columns, and all that is chosen here."""
    values = "".join(f"&var-{label}=${{{source}.{label}}}" for label in labels)
    kept = "".join(f"&${{{variable}:queryparam}}" for variable in ("datasource", "job", "instance"))
    return f"Open the {name}", f"/d/{uid(name)}?${{__url_time_range}}{kept}{values}"


def _to_the_others() -> dict[str, Any]:
    return {
        "type": "dashboards",
        "title": "stream-monitor",
        "tags": [TAG],
        "asDropdown": False,
        "includeVars": True,
        "keepTime": True,
        "targetBlank": False,
        "icon": "external link",
    }


def _drift(dashboard: Dashboard) -> dict[str, Any]:
    chosen = [variable.name for variable in dashboard.variables if variable.name == "model"]
    opened = of(metrics.DRIFT_EVENTS, 'status="opened"', chosen=chosen)
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


def _templating(dashboard: Dashboard) -> Iterator[dict[str, Any]]:
    build = metrics.BUILD.full_name
    yield {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}
    first = (Variable("job", "Job", build), Variable("instance", "Worker", f'{build}{{job=~"$job"}}'))
    for variable in (*first, *dashboard.variables):
        everything = {"text": ["All"], "value": ["$__all"]}
        yield {
            "name": variable.name,
            "label": variable.title,
            "type": "query",
            "datasource": DATASOURCE,
            "query": variable.query,
            "definition": variable.query,
            "multi": True,  # so that Grafana escapes what it puts into a regular expression
            "includeAll": variable.many,
            "allValue": ".+" if variable.name in ("job", "instance") else ".*",
            "current": everything if variable.many else {},
            "refresh": 2,
            "sort": 1,
        }


def _placed(rows: dict[str, list[Panel]]) -> Iterator[dict[str, Any]]:
    """Panels as Grafana wants them, left to right, top to bottom, numbered from 1."""
    at = y = 0
    for title, panels in rows.items():
        at += 1
        yield {
            "id": at,
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
            at += 1
            yield _as_json(panel, at) | {"gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height}}
            x, height = x + panel.width, max(height, panel.height)
        y += height


def _as_json(panel: Panel, at: int) -> dict[str, Any]:
    table = {"format": "table", "instant": True} if panel.type == "table" else {}
    return {
        "id": at,
        "type": panel.type,
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "targets": [
            {
                "refId": chr(ord("A") + i),
                "datasource": DATASOURCE,
                "expr": query,
                "legendFormat": legend,
                **table,
            }
            for i, (query, legend) in enumerate(panel.queries)
        ],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": list(_columns(panel))},
        "options": _options(panel),
        "transformations": _transformations(panel),
    }


def _defaults(panel: Panel) -> dict[str, Any]:
    options = {str(value): {"text": text, "color": colour} for value, text, colour in panel.mappings}
    lowest = {} if panel.lowest is None else {"min": panel.lowest}
    return {
        "unit": panel.unit,
        **lowest,
        "thresholds": {
            "mode": "absolute",
            "steps": [{"value": start, "color": colour} for start, colour in panel.steps],
        },
        "mappings": [{"type": "value", "options": options}] if options else [],
        "links": [] if panel.link is None else [{"title": panel.link[0], "url": panel.link[1]}],
        "custom": _custom(panel),
    }


def _columns(panel: Panel) -> Iterator[dict[str, Any]]:
    """Units of a table's columns."""
    for title, unit in panel.columns.items():
        yield {
            "matcher": {"id": "byName", "options": title},
            "properties": [{"id": "unit", "value": unit}],
        }


def _transformations(panel: Panel) -> list[dict[str, Any]]:
    if panel.type != "table":
        return []
    names = {f"Value #{chr(ord('A') + i)}": title for i, title in enumerate(panel.columns)}
    return [
        {"id": "merge", "options": {}},
        {"id": "organize", "options": {"excludeByName": {"Time": True}, "renameByName": names}},
    ]


def _custom(panel: Panel) -> dict[str, Any]:
    if panel.type == "state-timeline":
        return {"fillOpacity": 80, "lineWidth": 0}
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
            "legend": {"displayMode": "list", "placement": "bottom"},
        }
    if panel.type == "table":
        return {"showHeader": True}
    return {
        "legend": {"displayMode": "list", "placement": "bottom"},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
