"""A real Prometheus scrapes a real run: every panel, variable and rule gets data; an alert goes all the way to a webhook.

One run for the whole file: the demo's story in a quarter of a minute, with rejects and labels, through `stream-monitor run`.
"""

import json
import math
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest
import yaml

from stream_monitor.app.demo import model_of
from stream_monitor.app.demo_kafka import Pace, produce
from stream_monitor.testing.scenario import Scenario
from stream_monitor.testing.story import MODEL
from tests.e2e.service import Installation, Service
from tests.kafka_broker import RunningKafka, create_topic
from tests.prometheus_servers import Webhook, alertmanager, ask, eventually, program, prometheus, webhook

pytestmark = pytest.mark.kafka

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARDS = sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))
RULES: dict[str, Any] = yaml.safe_load((DEPLOY / "prometheus" / "rules.yml").read_text())
EVENTS = 40_000
SECONDS = 15.0
JOB = "stream-monitor"
# What a viewer of the dashboards would choose; Grafana puts its own interval in.
CHOSEN = {
    "job": ".+",
    "instance": ".+",
    "model": MODEL,
    "series": "feature:age",  # has values that are missing, and a detector for everything
    "version": ".*",
    "segment": ".*",
    "figure": "accuracy",
    "topic": ".+",
    "__rate_interval": "10s",
}
NO_SINK = "this run has no sink"
MAY_BE_EMPTY = {
    ("pipeline", "Deliveries to sinks"): NO_SINK,
    ("pipeline", "Time of deliveries"): NO_SINK,
    ("pipeline", "Last delivery by sink"): NO_SINK,
}
NOT_IN_THIS_RUN = {
    "stream_monitor_sink_deliveries_total": NO_SINK,
    "stream_monitor_sink_last_success_timestamp_seconds": NO_SINK,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What there is to look at. began: when the run began, seconds of the epoch."""

    service: Service
    prometheus: str
    webhook: Webhook
    began: float

    def series(self, query: str, *, instant: bool = False) -> list[Any]:
        """Results with at least one value in the whole run, or now."""
        now = time.time()
        if instant:
            found = ask(f"{self.prometheus}/api/v1/query", query=query)
        else:
            found = ask(
                f"{self.prometheus}/api/v1/query_range", query=query, start=self.began, end=now, step=1
            )
        return [one for one in found["result"] if any(not math.isnan(value) for value in numbers(one))]

    def values(self, query: str) -> list[str]:
        """Of `label_values(selector, label)`, as Grafana asks for them."""
        found = re.fullmatch(r"label_values\((.+), (\w+)\)", query)
        assert found, query
        return list(
            ask(
                f"{self.prometheus}/api/v1/label/{found[2]}/values",
                **{"match[]": found[1], "start": self.began},
            )
        )


def numbers(result: dict[str, Any]) -> list[float]:
    """Values of a result, of one moment or of many."""
    pairs = result["values"] if "values" in result else [result["value"]]
    return [float(value) for _, value in pairs]


def chosen(query: str, **otherwise: str) -> str:
    """The query with the variables put in."""
    return re.sub(r"\$(\w+)", lambda found: (CHOSEN | otherwise)[found[1]], query)


def quick(rules: dict[str, Any]) -> dict[str, Any]:
    """The rules as they are, but for the time that an alert waits."""
    text = re.sub(r"\bfor: \w+", "for: 1s", yaml.safe_dump(rules))
    quicker: dict[str, Any] = yaml.safe_load(text)
    return quicker


def routing(url: str) -> dict[str, Any]:
    """Alertmanager's configuration as it is, but for its patience, and with a webhook for everyone."""
    config: dict[str, Any] = yaml.safe_load((DEPLOY / "alertmanager" / "alertmanager.yml").read_text())
    config["route"] |= {"group_wait": "1s", "group_interval": "1s"}
    for receiver in config["receivers"]:
        receiver["webhook_configs"] = [{"url": f"{url}/{receiver['name']}", "send_resolved": True}]
    return config


def scraping(service: Service, manager: str, rules: Path) -> dict[str, Any]:
    """Prometheus' configuration: one worker, once a second."""
    return {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rules)],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [urlparse(manager).netloc]}]}]},
        "scrape_configs": [
            {"job_name": JOB, "static_configs": [{"targets": [urlparse(service.url()).netloc]}]}
        ],
    }


def monitored(topic: str) -> dict[str, Any]:
    """The model of the demo; labels that soon expire, a detector that shows its evidence, and groups."""
    return {
        **model_of(Scenario(events=EVENTS), topic),
        "labels": {"expected": True, "delay": "2s"},
        "alerting": {"false_alarms": "1 per 2_000 events"},
        "features": {"age": {"detectors": ["adwin", "page_hinkley", "sequential"]}},
        "fairness": {"feature": "is_new_customer", "favourable": "legit"},
    }


def tell_the_story(installation: Installation, service: Service) -> None:
    """All events, with bad ones in between; until all have been observed and something has drifted."""
    scenario = Scenario(events=EVENTS)
    bad = [b"{", b"[]", b'{"model": 7}'] * 200
    said = 0

    def stop() -> bool:
        nonlocal said
        said += 1
        if said % 4_000 == 0:
            installation.produce(bad)
        return False

    pace = Pace(seconds=SECONDS, cycles=1)
    overrides = {"kafka.bootstrap_servers": installation.bootstrap}
    assert produce(scenario, pace, stop, topic=installation.topic, overrides=overrides) == EVENTS
    service.wait_for(
        lambda: service.metric("stream_monitor_rows_observed_total") >= EVENTS, "not all rows observed"
    )
    assert service.metric("stream_monitor_drift_events_total", status="opened") > 0


@pytest.fixture(scope="module")
def run(kafka: RunningKafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    directory = tmp_path_factory.mktemp("prometheus")
    name = f"prometheus-{time.time_ns():x}"
    topic = create_topic(kafka.bootstrap, f"{name}.events", partitions=2)
    installation = Installation(bootstrap=kafka.bootstrap, name=name, topic=topic, directory=directory)
    rules = directory / "rules.yml"
    rules.write_text(yaml.safe_dump(quick(RULES)))
    try:
        service = installation.start({"discovery.topics": [], "models": [monitored(topic)]})
        with (
            webhook() as hook,
            alertmanager(directory / "alertmanager", routing(hook.url)) as manager,
            prometheus(directory / "prometheus", scraping(service, manager, rules)) as address,
        ):
            began = time.time()
            service.wait_until_ready()
            tell_the_story(installation, service)
            time.sleep(2)  # two more scrapes
            yield Run(service=service, prometheus=address, webhook=hook, began=began)
    finally:
        installation.remove()


def panels(path: Path) -> list[dict[str, Any]]:
    return [panel for panel in json.loads(path.read_text())["panels"] if panel["type"] != "row"]


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_every_query_of_every_panel_returns_data(run: Run, path: Path) -> None:
    empty, filled = [], 0
    for panel in panels(path):
        for target in panel["targets"]:
            query = chosen(target["expr"])
            found = run.series(query, instant=target.get("instant", False))
            if found:
                filled += 1
            elif (path.stem, panel["title"]) not in MAY_BE_EMPTY:
                empty.append(f"{panel['title']}: {query}")
    assert empty == []
    assert filled > 10


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_every_variable_and_annotation_returns_data(run: Run, path: Path) -> None:
    dashboard = json.loads(path.read_text())
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            # Features are of all versions; those of a version, and of segments, are outputs.
            outputs = {"series": "prediction"} if variable["name"] in {"version", "segment"} else {}
            assert run.values(chosen(variable["query"], **outputs)), variable["name"]
    for annotation in dashboard["annotations"]["list"]:
        assert run.series(chosen(annotation["expr"])), annotation["name"]


def test_what_is_chosen_is_there_to_be_chosen(run: Run) -> None:
    """So that the panels were asked as a viewer would ask."""
    dashboards = {path.stem: json.loads(path.read_text()) for path in DASHBOARDS}
    variables = {v["name"]: v for name in dashboards for v in dashboards[name]["templating"]["list"]}
    for name in ("model", "series", "figure"):
        assert CHOSEN[name] in run.values(chosen(variables[name]["query"])), name


@pytest.mark.parametrize(
    "rule",
    [rule for group in RULES["groups"] for rule in group["rules"]],
    ids=lambda rule: rule.get("record") or f"{rule['alert']}-{rule['labels']['severity']}",
)
def test_every_rule_has_what_it_asks_for(run: Run, rule: dict[str, Any]) -> None:
    """What is recorded is there. An alert may have nothing to say; each of its selectors finds something."""
    if "record" in rule:
        assert run.series(rule["record"])
        return
    run.series(rule["expr"])
    selectors = re.findall(r"(?:\w+:)?stream_monitor_\w+(?::\w+)?(?:\{[^}]*\})?", rule["expr"])
    assert selectors
    for selector in selectors:
        name = selector.partition("{")[0]
        assert bool(run.series(selector)) == (name not in NOT_IN_THIS_RUN), selector


def test_promtool_has_nothing_against_what_a_worker_serves(run: Run) -> None:
    said = subprocess.run(
        [program("promtool"), "check", "metrics"],
        input=run.service.get("/metrics"),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (said.returncode, said.stdout + said.stderr) == (0, "")


def test_prometheus_evaluates_all_rules_without_an_error(run: Run) -> None:
    groups = ask(f"{run.prometheus}/api/v1/rules")["groups"]
    assert {group["name"] for group in groups} == {group["name"] for group in RULES["groups"]}
    assert {rule["health"] for group in groups for rule in group["rules"]} == {"ok"}
    assert [
        rule.get("lastError", "") for group in groups for rule in group["rules"] if rule.get("lastError")
    ] == []


def test_an_alert_goes_from_the_scrape_to_whoever_is_called(run: Run) -> None:
    """Drift to the people of the models, bad events to those of the monitor; each with its page to read."""
    drift = eventually(
        lambda: run.webhook.alerts("/models", alertname="StreamMonitorDrift", model=MODEL),
        "nobody was told of the drift",
        20,
    )
    assert drift[0]["annotations"]["runbook_url"].endswith("/drift")
    assert re.fullmatch(r"\d+ .*alerts.* of fraud are open\.", drift[0]["annotations"]["description"])
    (rejects, *_) = eventually(
        lambda: run.webhook.alerts("/operations", alertname="StreamMonitorRejectRatio"),
        "nobody was told of the bad events",
        20,
    )
    assert rejects["labels"] == {"alertname": "StreamMonitorRejectRatio", "job": JOB, "severity": "warning"}


def test_when_the_worker_ends_somebody_is_told_and_its_drift_is_resolved(run: Run) -> None:
    """The last test of the file: there is no worker after it."""
    run.service.terminate()
    eventually(
        lambda: run.webhook.alerts("/operations", alertname="StreamMonitorNoWorker", severity="critical"),
        "nobody was told that there is no worker",
        20,
    )
    told = eventually(
        lambda: [
            alert
            for alert in run.webhook.alerts("/models", alertname="StreamMonitorDrift")
            if alert["status"] == "resolved"
        ],
        "nobody was told that the alert is over",
        20,
    )
    assert told[0]["labels"]["model"] == MODEL
