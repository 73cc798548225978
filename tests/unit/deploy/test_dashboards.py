"""Dashboards: up to date with their generator, linted, and asking only for metrics and labels that exist."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stream_monitor.telemetry.metric import PREFIX, Metric, Type
from stream_monitor.telemetry.metrics import CATALOGUE, PHASES, RECORDED

GRAFANA = Path(__file__).parents[3] / "deploy" / "grafana"
FILES = sorted((GRAFANA / "dashboards").glob("*.json"))
EACH = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
# Known to Grafana; the full list is in packages/grafana-data/src/valueFormats/categories.ts of grafana/grafana.
UNITS = {"short", "s", "bytes", "Bps", "percentunit", "none"}
ADDED_BY_PROMETHEUS = {"job", "instance", "le"}
# Of the client library.
OF_OTHERS: dict[str, set[str]] = {
    "process_cpu_seconds_total": set(),
    "process_resident_memory_bytes": set(),
}
# Restores are rare, and what they find comes often before the first scrape: a rate of it would be empty nearly always.
AS_COUNTED = {"restore_seconds", "rows_refolded_total", "snapshots_discarded_total"}
NAMES = ["feature", "model", "overview", "pipeline"]


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
        if name in OF_OTHERS and name not in by_name:
            continue
        suffix = next(
            (end for end in ("_bucket", "_sum", "_count") if name.endswith(end) and name not in by_name), ""
        )
        assert name.removesuffix(suffix) in by_name, f"{name} is not in the catalogue"
        labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers))
        yield by_name[name.removesuffix(suffix)], suffix, labels


def labels_of(query: str) -> set[str]:
    """Labels that a result may have."""
    others = [labels for name, labels in OF_OTHERS.items() if name in query]
    return ADDED_BY_PROMETHEUS.union(*others, *(metric.labels for metric, _, _ in named(query)))


def test_the_files_are_what_the_generator_writes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, GRAFANA / "generate.py", tmp_path], check=True, timeout=60)
    written = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert [path.stem for path in FILES] == NAMES
    assert {path.name: path.read_text() for path in FILES} == written, "run deploy/grafana/generate.py"


@EACH
def test_it_has_a_fixed_uid_and_no_import_questions(path: Path) -> None:
    dashboard = read(path)
    assert dashboard["uid"] == f"stream-monitor-{path.stem}"
    assert dashboard["title"]
    assert dashboard["description"]
    assert "__inputs" not in dashboard
    assert "id" not in dashboard


def variables(path: Path) -> dict[str, dict[str, Any]]:
    return {variable["name"]: variable for variable in read(path)["templating"]["list"]}


@EACH
def test_it_has_the_variables(path: Path) -> None:
    found = variables(path)
    assert list(found)[:3] == ["datasource", "job", "instance"]
    assert (found["datasource"]["type"], found["datasource"]["query"]) == ("datasource", "prometheus")
    assert found["job"]["includeAll"]
    assert found["instance"]["includeAll"]
    for name, variable in found.items():
        if name != "datasource":
            assert variable["datasource"]["uid"] == "${datasource}"
            assert variable["multi"], "else a name with a dot would not be escaped"
            assert variable["query"].startswith("label_values(")
            ((metric, _, _),) = named(variable["query"])
            assert name in {*metric.labels, "job", "instance"}


@EACH
def test_variables_ask_within_those_before_and_every_one_is_used(path: Path) -> None:
    found = variables(path)
    before: set[str] = set()
    for name, variable in found.items():
        used = set(re.findall(r"\$(\w+)", variable["query"]))
        assert used <= before, variable["query"]
        assert name in {"datasource", "job"} or "job" in used
        before.add(name)
    asked = {name for query in queries(path) for name in re.findall(r"\$(\w+)", query)}
    assert asked - {"__rate_interval"} == set(found) - {"datasource"}


@EACH
def test_links_lead_to_the_others_and_pass_what_these_take(path: Path) -> None:
    (others,) = read(path)["links"]
    assert (others["type"], others["tags"], others["includeVars"]) == ("dashboards", read(path)["tags"], True)
    by_uid = {read(file)["uid"]: file for file in FILES}
    for panel in panels(path):
        for link in panel["fieldConfig"]["defaults"]["links"]:
            target, _, question = link["url"].removeprefix("/d/").partition("?")
            passed = {
                one or other for one, other in re.findall(r"var-(\w+)=|\$\{(\w+):queryparam\}", question)
            }
            assert passed <= set(variables(by_uid[target]))
            labels = set(re.findall(r"__(?:field\.labels|data\.fields)\.(\w+)", question))
            for expression in (one["expr"] for one in panel["targets"]):
                (grouped, *_) = re.findall(r"\bby \(([^)]*)\)", expression)
                assert labels <= {label.strip() for label in grouped.split(",")}, expression


def test_the_overview_leads_to_the_three_others() -> None:
    every = panels(GRAFANA / "dashboards" / "overview.json")
    urls = [link["url"] for panel in every for link in panel["fieldConfig"]["defaults"]["links"]]
    assert {url.removeprefix("/d/stream-monitor-").partition("?")[0] for url in urls} == {*NAMES} - {
        "overview"
    }


def test_the_status_of_series_is_a_state_timeline_with_a_word_for_each_state() -> None:
    for path in FILES:
        timelines = [panel for panel in panels(path) if panel["type"] == "state-timeline"]
        assert bool(timelines) == (path.stem != "pipeline")
        for panel in timelines:
            (mapping,) = panel["fieldConfig"]["defaults"]["mappings"]
            assert set(mapping["options"]) == {str(value) for value in PHASES.values()}


@EACH
def test_every_panel_says_what_it_is(path: Path) -> None:
    for panel in panels(path):
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["description"] != panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert [target["refId"] for target in panel["targets"]] == list("ABCDEFGH")[: len(panel["targets"])]
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
        assert found or any(name in query for name in OF_OTHERS), query
        assert query.count('job=~"$job", instance=~"$instance"') == query.count("{"), query
        for metric, suffix, labels in found:
            assert {"job", "instance"} <= labels, f"{query}: not within the chosen workers"
            assert labels - ADDED_BY_PROMETHEUS <= set(metric.labels), query
            picked = {"model", "series"} & set(variables(path)) & set(metric.labels)
            assert picked <= labels, query
            assert not suffix or metric.type is Type.HISTOGRAM


@EACH
def test_counters_are_shown_as_rates_over_the_right_interval(path: Path) -> None:
    for query in queries(path):
        for metric, suffix, _ in named(query):
            if metric.name in AS_COUNTED:
                continue
            if metric in RECORDED and (metric.type is Type.COUNTER or suffix):
                inside = rf"(rate|increase)\({metric.full_name}{suffix}{{[^}}]*}}\[\$__rate_interval\]\)"
                assert re.search(inside, query), query
        assert set(re.findall(r"\[([^\]]*)\]", query)) <= {"$__rate_interval"}


@EACH
def test_grouping_is_by_labels_that_the_metric_has(path: Path) -> None:
    for query in queries(path):
        has = labels_of(query)
        for group in re.findall(r"\b(?:by|on) \(([^)]*)\)", query):
            assert {label.strip() for label in group.split(",")} <= has, query


@EACH
def test_legends_name_labels_that_the_result_has(path: Path) -> None:
    for panel in panels(path):
        for target in panel["targets"]:
            has = labels_of(target["expr"])
            assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= has


@EACH
def test_drift_is_annotated(path: Path) -> None:
    assert any("drift_events_total" in annotation["expr"] for annotation in read(path)["annotations"]["list"])


def test_they_show_what_must_be_watched() -> None:
    asked = {metric.name for path in FILES for query in queries(path) for metric, *_ in named(query)}
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


def test_every_metric_is_shown_somewhere() -> None:
    asked = {metric for path in FILES for query in queries(path) for metric, *_ in named(query)}
    assert {metric.name for metric in set(CATALOGUE) - asked} == set()
