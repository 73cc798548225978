"""The rules of Prometheus: accepted and tested by its own tool, documented, and asking only for metrics that exist."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from stream_monitor.telemetry.metric import PREFIX, Type
from stream_monitor.telemetry.metrics import CATALOGUE

TOP = Path(__file__).parents[3]
PROMETHEUS = TOP / "deploy" / "prometheus"
RUNBOOKS = TOP / "docs" / "runbooks"
BASE = "https://stream-monitor.io/runbooks/"
GROUPS: list[dict[str, Any]] = yaml.safe_load((PROMETHEUS / "rules.yml").read_text())["groups"]
RULES = [rule for group in GROUPS for rule in group["rules"]]
ALERTS = [rule for rule in RULES if "alert" in rule]
RECORDS = [rule["record"] for rule in RULES if "record" in rule]
TESTS: dict[str, Any] = yaml.safe_load((PROMETHEUS / "rules_test.yml").read_text())
EACH = pytest.mark.parametrize("alert", ALERTS, ids=lambda a: f"{a['alert']}-{a['labels']['severity']}")


def tool(*arguments: str | Path, given: str | None = None) -> str:
    """What a tool of Prometheus or Alertmanager has said; it must be content."""
    done = subprocess.run(
        arguments, input=given, capture_output=True, text=True, timeout=60, check=False, cwd=PROMETHEUS
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def known() -> dict[str, set[str]]:
    """Names that a query may use, with the labels of each."""
    labels = {metric.full_name: set(metric.labels) for metric in CATALOGUE}
    for metric in CATALOGUE:
        if metric.type is Type.HISTOGRAM:
            labels |= {metric.full_name + end: {*metric.labels} for end in ("_bucket", "_sum", "_count")}
    return labels


def slug(alert: str) -> str:
    """Of its page: `no-worker` for StreamMonitorNoWorker."""
    words = re.findall(r"[A-Z][a-z]+", alert.removeprefix("StreamMonitor"))
    return "-".join(word.lower() for word in words)


def test_promtool_accepts_them_and_has_nothing_to_advise() -> None:
    tool("promtool", "check", "rules", "--lint=all", "--lint-fatal", "rules.yml")


def test_they_fire_and_keep_quiet_as_their_tests_say() -> None:
    tool("promtool", "test", "rules", "rules_test.yml")


def test_promtool_sees_a_rule_that_is_broken(tmp_path: Path) -> None:
    text = (PROMETHEUS / "rules.yml").read_text()
    (tmp_path / "rules.yml").write_text(text.replace("stream_monitor_worker_ready == 1", "vector(1)"))
    (tmp_path / "rules_test.yml").write_text((PROMETHEUS / "rules_test.yml").read_text())
    done = subprocess.run(
        ["promtool", "test", "rules", "rules_test.yml"],
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0


def test_promtool_and_amtool_accept_the_configurations() -> None:
    tool("promtool", "check", "config", "prometheus.yml")
    tool("amtool", "check-config", "../alertmanager/alertmanager.yml")


def test_promtool_has_nothing_against_what_is_exported() -> None:
    said = tool("promtool", "check", "metrics", given=(TOP / "tests/golden/metrics.txt").read_text())
    assert said.strip() == ""


def test_groups_are_evaluated_in_the_tests_in_the_order_of_the_file() -> None:
    assert TESTS["group_eval_order"] == [group["name"] for group in GROUPS]


@EACH
def test_an_alert_says_how_bad_it_is_what_it_is_and_where_to_read_on(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"critical", "warning", "info"}
    annotations = alert["annotations"]
    assert set(annotations) == {"summary", "description", "runbook_url"}
    assert not annotations["summary"].endswith(".")
    assert annotations["description"].endswith((".", "open."))
    assert annotations["runbook_url"] == BASE + slug(alert["alert"])


@EACH
def test_an_alert_has_a_page_and_the_page_its_four_parts(alert: dict[str, Any]) -> None:
    text = (RUNBOOKS / f"{slug(alert['alert'])}.md").read_text()
    assert text.startswith(f"# {alert['alert']}\n\nSeverity: ")
    assert alert["labels"]["severity"] in text.splitlines()[2]
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Meaning", "Impact", "Diagnosis", "Mitigation"]
    assert len(text.splitlines()) < 60


def test_there_is_no_page_without_an_alert() -> None:
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == {slug(alert["alert"]) for alert in ALERTS}


@EACH
def test_an_alert_is_tested_firing_and_quiet(alert: dict[str, Any]) -> None:
    cases = [case for test in TESTS["tests"] for case in test.get("alert_rule_test", ())]
    mine = [case["exp_alerts"] for case in cases if case["alertname"] == alert["alert"]]
    severities = {fired["exp_labels"]["severity"] for expected in mine for fired in expected}
    assert alert["labels"]["severity"] in severities


def test_the_worker_that_is_well_has_every_metric_that_a_rule_asks_for() -> None:
    (well,) = [test for test in TESTS["tests"] if test["name"].startswith("a worker that is well")]
    given = {series["series"].partition("{")[0] for series in well["input_series"]}
    asked = {name for rule in ALERTS for name in re.findall(rf"\b{PREFIX}\w+", rule["expr"])}
    recorded = {name for name in asked if any(name in record for record in RECORDS)} - set(known())
    assert asked - given - recorded - {"stream_monitor_consumer_lag"} == set()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.get("alert") or rule["record"])
def test_rules_ask_for_metrics_and_labels_that_exist(rule: dict[str, Any]) -> None:
    expression: str = rule["expr"]
    for record in RECORDS:
        expression = expression.replace(record, "recorded")
    names = set(re.findall(rf"\b{PREFIX}\w+", expression))
    assert names <= set(known())
    assert names or "recorded" in expression
    labels = {"job", "instance", "le"}.union(*(known()[name] for name in names))
    for grouped in re.findall(r"\b(?:by|on) \(([^)]*)\)", expression):
        assert {label.strip() for label in grouped.split(",")} <= labels, expression
    for matched in re.findall(r"(\w+)(?:=~|=)\"", expression):
        assert matched in labels | {"severity"}


@EACH
def test_texts_use_labels_that_the_alert_has(alert: dict[str, Any]) -> None:
    used = set(re.findall(r"\$labels\.(\w+)", str(alert["annotations"])))
    cases = [case for test in TESTS["tests"] for case in test.get("alert_rule_test", ())]
    fired = [
        set(one["exp_labels"])
        for case in cases
        if case["alertname"] == alert["alert"]
        for one in case["exp_alerts"]
    ]
    assert all(used <= labels for labels in fired)


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.md")), ids=lambda page: page.stem)
def test_metrics_and_keys_named_in_the_pages_exist(page: Path) -> None:
    text = page.read_text()
    for record in RECORDS:
        text = text.replace(record, "recorded")
    assert set(re.findall(rf"\b{PREFIX}\w+", text)) <= set(known())
    configuration = (TOP / "docs" / "configuration.md").read_text()
    for key in re.findall(r"`((?:kafka|state|ingest|http|alerting|discovery)\.\w+)", text):
        assert f"`{key}`" in configuration or f"`models[].{key}`" in configuration, key


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (["alertname=StreamMonitorDrift", "severity=warning"], "models"),
        (["alertname=StreamMonitorNoWorker", "severity=critical"], "operations"),
        (["alertname=StreamMonitorRejectRatio", "severity=warning"], "operations"),
        (["alertname=StreamMonitorSeriesHidden", "severity=info"], "nobody"),
    ],
)
def test_alertmanager_sends_an_alert_to_those_whom_it_concerns(labels: list[str], receiver: str) -> None:
    config = "--config.file=../alertmanager/alertmanager.yml"
    assert tool("amtool", "config", "routes", "test", config, *labels).splitlines()[0] == receiver


def test_alertmanager_sends_every_severity_and_alert_somewhere_that_exists() -> None:
    config = yaml.safe_load((TOP / "deploy/alertmanager/alertmanager.yml").read_text())
    names = {alert["alert"] for alert in ALERTS}
    named = set(re.findall(r"StreamMonitor[A-Z]\w+", str(config)))
    assert named <= names
    for rule in config["inhibit_rules"]:
        for matcher in rule["target_matchers"]:
            if group := re.search(r"StreamMonitor\(([^)]*)\)", matcher):
                assert {f"StreamMonitor{one}" for one in group[1].split("|")} <= names
