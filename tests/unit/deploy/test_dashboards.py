"""Dashboards: up to date with their generator, linted, and asking only for metrics and labels that exist."""

import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from stream_monitor.telemetry.metric import PREFIX, Metric, Type
from stream_monitor.telemetry.metrics import CATALOGUE, RECORDED

GRAFANA = Path(__file__).parents[3] / "deploy" / "grafana"
FILES = sorted((GRAFANA / "dashboards").glob("*.json"))
EACH = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
# Known to Grafana; the full list is in packages/grafana-data/src/valueFormats/categories.ts of grafana/grafana.
UNITS = {"short", "s", "bytes", "percentunit", "none"}
ADDED_BY_PROMETHEUS = {"job", "instance", "le"}


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_dashboards", GRAFANA / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read(path: Path) -> dict[str, Any]:
    dashboard: dict[str, Any] = json.loads(path.read_text())
    return dashboard


def panels(path: Path) -> list[dict[str, Any]]:
    return [panel for panel in read(path)["panels"] if panel["type"] != "row"]


def queries(path: Path) -> list[str]:
    shown = [target["expr"] for panel in panels(path) for target in panel["targets"]]
    return shown + [annotation["expr"] for annotation in read(path)["annotations"]["list"]]


def named(query: str) -> Iterator[tuple[Metric, str, set[str]]]:
    """The metrics in a query: which, with what suffix, and the labels it is selected by."""
    by_name = {metric.full_name: metric for metric in CATALOGUE}
    for name, matchers in re.findall(rf"\b({PREFIX}\w+)(?:{{([^}}]*)}})?", query):
        suffix = next(
            (end for end in ("_bucket", "_sum", "_count") if name.endswith(end) and name not in by_name), ""
        )
        assert name.removesuffix(suffix) in by_name, f"{name} is not in the catalogue"
        labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers))
        yield by_name[name.removesuffix(suffix)], suffix, labels


def test_there_are_dashboards_and_no_others_than_generated() -> None:
    assert {path.name for path in FILES} == set(generator().DASHBOARDS)


@EACH
def test_the_file_is_what_the_generator_writes(path: Path) -> None:
    module = generator()
    assert path.read_text() == module.text(module.DASHBOARDS[path.name]()), "run deploy/grafana/generate.py"


@EACH
def test_it_has_a_fixed_uid_and_no_import_questions(path: Path) -> None:
    dashboard = read(path)
    assert dashboard["uid"] == f"stream-monitor-{path.stem}"
    assert dashboard["title"]
    assert dashboard["description"]
    assert "__inputs" not in dashboard
    assert "id" not in dashboard


@EACH
def test_it_has_the_variables(path: Path) -> None:
    variables = {variable["name"]: variable for variable in read(path)["templating"]["list"]}
    assert list(variables)[:3] == ["datasource", "job", "instance"]
    assert (variables["datasource"]["type"], variables["datasource"]["query"]) == ("datasource", "prometheus")
    for name, variable in variables.items():
        if name != "datasource":
            assert variable["datasource"]["uid"] == "${datasource}"
            assert (variable["multi"], variable["includeAll"]) == (True, True)
            assert list(named(variable["query"]))


@EACH
def test_every_panel_says_what_it_is(path: Path) -> None:
    for panel in panels(path):
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert [target["refId"] for target in panel["targets"]] == list("ABCDE")[: len(panel["targets"])]
        for target in panel["targets"]:
            assert target["datasource"] == panel["datasource"]
            assert target["legendFormat"]


@EACH
def test_titles_and_ids_are_unique(path: Path) -> None:
    every = read(path)["panels"]
    assert len({panel["id"] for panel in every}) == len(every)
    assert len({panel["title"] for panel in every}) == len(every)


@EACH
def test_panels_do_not_overlap_and_fit_the_grid(path: Path) -> None:
    cells: set[tuple[int, int]] = set()
    for place in (panel["gridPos"] for panel in read(path)["panels"]):
        assert 0 <= place["x"] < place["x"] + place["w"] <= 24
        mine = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & mine
        cells |= mine


@EACH
def test_queries_ask_for_metrics_that_exist_by_labels_that_they_have(path: Path) -> None:
    for query in queries(path):
        found = list(named(query))
        assert found, query
        for metric, suffix, labels in found:
            assert {"job", "instance"} <= labels, f"{query}: not within the chosen workers"
            assert labels - ADDED_BY_PROMETHEUS <= set(metric.labels), query
            assert ("model" in metric.labels) == ("model" in labels), query
            assert not suffix or metric.type is Type.HISTOGRAM


@EACH
def test_counters_are_shown_as_rates_over_the_right_interval(path: Path) -> None:
    for query in queries(path):
        for metric, suffix, _ in named(query):
            if metric in RECORDED and (metric.type is Type.COUNTER or suffix):
                inside = rf"(rate|increase)\({metric.full_name}{suffix}{{[^}}]*}}\[\$__rate_interval\]\)"
                assert re.search(inside, query), query
        assert set(re.findall(r"\[([^\]]*)\]", query)) <= {"$__rate_interval"}


@EACH
def test_grouping_is_by_labels_that_the_metric_has(path: Path) -> None:
    for query in queries(path):
        has = {label for metric, _, _ in named(query) for label in metric.labels} | ADDED_BY_PROMETHEUS
        for group in re.findall(r"\b(?:by|on) \(([^)]*)\)", query):
            assert {label.strip() for label in group.split(",")} <= has, query


@EACH
def test_legends_name_labels_that_the_result_has(path: Path) -> None:
    for panel in panels(path):
        for target in panel["targets"]:
            has = {
                label for metric, _, _ in named(target["expr"]) for label in metric.labels
            } | ADDED_BY_PROMETHEUS
            assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= has


@EACH
def test_drift_is_annotated(path: Path) -> None:
    assert any("drift_events_total" in annotation["expr"] for annotation in read(path)["annotations"]["list"])


def test_the_overview_shows_what_must_be_watched() -> None:
    asked = {
        metric.name
        for query in queries(GRAFANA / "dashboards" / "overview.json")
        for metric, *_ in named(query)
    }
    assert asked >= {
        "rows_observed_total",
        "consumer_lag",
        "series_status",
        "model_open_alerts",
        "drift_events_total",
        "series_evidence_ratio",
        "checkpoint_last_success_timestamp_seconds",
        "records_rejected_total",
        "data_losses_total",
        "records_lost_total",
    }
