"""Looking at a running monitor and acting on its alerts, from the shell: status, alerts, doctor, over a real broker."""

import json
import os
import re
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from tests.e2e.program import PROGRAM
from tests.e2e.service import Installation
from tests.kafka_broker import RunningKafka, create_topic
from tests.unit.cli.commands import Ran, run

pytestmark = pytest.mark.kafka

NORMAL, SHIFTED = 3_000, 1_500
START = round(time.time() * 1000) - 3_600_000


def drift() -> list[bytes]:
    """One feature stays, the other one jumps by three standard deviations."""
    rng = np.random.default_rng(11)
    steady, amounts = rng.normal(size=NORMAL + SHIFTED), rng.normal(50, 5, size=NORMAL + SHIFTED)
    amounts[NORMAL:] += 15
    return [
        json.dumps(
            {
                "model": "fraud",
                "id": f"e{at}",
                "time": START + 200 * at,
                "features": {"amount": float(amounts[at]), "steady": float(steady[at])},
            }
        ).encode()
        for at in range(NORMAL + SHIFTED)
    ]


@pytest.fixture(scope="module")
def monitor(kafka: RunningKafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One monitor for all tests of this file, running, with an open alert."""
    name = f"operating-{uuid.uuid4().hex[:8]}"
    made = Installation(
        bootstrap=kafka.bootstrap,
        name=name,
        topic=create_topic(kafka.bootstrap, f"{name}-events", partitions=1),
        directory=tmp_path_factory.mktemp("operating"),
    )
    service = made.start({"state.checkpoint_every": "1s", "alerting.false_alarms": "1 per 20000 events"})
    service.wait_until_ready()
    made.produce(drift())
    service.wait_for(
        lambda: service.metric("stream_monitor_rows_observed_total") >= NORMAL + SHIFTED, "not all observed"
    )
    eventually(lambda: asked(made, "alerts", "list")["alerts"])
    yield made
    made.remove()


def ran(monitor: Installation, *arguments: str) -> Ran:
    """In this process: every start of the program costs a second."""
    return run(*arguments, "-c", monitor.directory / "monitor-0.yaml")


def asked(monitor: Installation, *arguments: str) -> Any:
    """The JSON that a command prints."""
    ended = ran(monitor, *arguments, "--json")
    assert ended.code == 0, ended.err
    return json.loads(ended.out)


def eventually(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.2)
    return found


def an_alert(monitor: Installation) -> dict[str, Any]:
    alerts = asked(monitor, "alerts", "list")["alerts"]
    return next(one for one in alerts if one["series"] == "feature:amount")


def test_status_shows_models_workers_and_series(monitor: Installation) -> None:
    def everything_is_told() -> Any:
        said = asked(monitor, "status")
        return said["workers"] and any(one["rows"] == NORMAL + SHIFTED for one in said["models"]) and said

    said = eventually(everything_is_told)
    (worker,), (model,) = said["workers"], said["models"]
    assert worker["ready"]
    assert (model["model"], model["state"]) == ("fraud", "needs_attention")
    detail = asked(monitor, "status", "fraud")
    assert {"feature:amount", "feature:steady"} <= {one["series"] for one in detail["series"]}
    text = ran(monitor, "status").out
    assert re.search(r"^fraud +needs attention +\d+ open", text, re.MULTILINE)
    assert f"worker {worker['worker']}: ready" in text
    assert "Open alerts" in ran(monitor, "status", "fraud").out
    unknown = ran(monitor, "status", "nobody")
    assert (unknown.code, unknown.err) == (1, "error: there is no model 'nobody'; there are fraud\n")


def test_status_goes_on_until_it_is_interrupted(monitor: Installation) -> None:
    process = started(monitor, "status", "--watch", "--json")
    first = json.loads(line_of(process))
    second = json.loads(line_of(process))
    assert first["models"][0]["rows"] == second["models"][0]["rows"]
    assert second["time"] - first["time"] >= 1_900
    interrupt(process)


def test_an_alert_is_shown_acknowledged_and_given_back(monitor: Installation) -> None:
    alert = an_alert(monitor)
    name = alert["alert_id"]
    assert ran(monitor, "alerts", "show", name).out.startswith(alert["summary"])
    ended = ran(monitor, "alerts", "ack", name, "--reason", "a campaign began", "--by", "ann")
    assert (ended.code, ended.err) == (0, f"acknowledged {name}: {alert['summary']}\n")
    known = asked(monitor, "alerts", "show", name)["acknowledged"]
    assert (known["by"], known["reason"]) == ("ann", "a campaign began")
    assert "[acknowledged by ann]" in ran(monitor, "alerts", "list").out
    assert ran(monitor, "alerts", "unack", name).code == 0
    assert asked(monitor, "alerts", "show", name)["acknowledged"] is None
    unknown = ran(monitor, "alerts", "ack", "nothing")
    assert unknown.code == 1
    assert "there is no alert 'nothing'" in unknown.err


def test_series_are_muted_for_a_while_and_unmuted(monitor: Installation) -> None:
    ended = ran(monitor, "alerts", "mute", "fraud", "--series", "feature:am*", "--for", "2h", "--by", "ben")
    mute_id = ended.out.strip()
    assert ended.code == 0
    assert an_alert(monitor)["muted"]["mute_id"] == mute_id
    (model,) = asked(monitor, "status")["models"]
    assert model["muted"] >= 1
    assert mute_id in ran(monitor, "alerts", "list").out
    assert ran(monitor, "alerts", "unmute", mute_id).code == 0
    assert an_alert(monitor)["muted"] is None
    again = ran(monitor, "alerts", "unmute", mute_id)
    assert (again.code, again.err) == (1, f"error: no mute '{mute_id}' is in force; there are none\n")


def test_tail_brings_what_was_and_what_comes(monitor: Installation) -> None:
    process = started(monitor, "alerts", "tail", "--since", "2h", "--json")
    event = json.loads(line_of(process))
    assert event["specversion"] == "1.0"
    assert event["type"].startswith("io.stream-monitor.drift.opened")
    interrupt(process)


def test_doctor_finds_nothing_wrong_with_a_running_monitor(monitor: Installation) -> None:
    eventually(lambda: asked(monitor, "status")["workers"])
    ended = ran(monitor, "doctor", "--json")
    checks = {check["what"]: check for check in json.loads(ended.out)}
    wrong = [check for check in checks.values() if check["verdict"] != "ok"]
    assert (ended.code, wrong) == (0, [])
    assert {"brokers", "transactions", "lag", "restore point", f"group {monitor.group}"} <= checks.keys()
    assert f"topic {monitor.own('columns')}" in checks
    assert checks["lag"]["said"].startswith("0 records behind")


def test_doctor_says_what_is_wrong_and_how_to_mend_it(monitor: Installation, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    tree = monitor.configuration(
        {
            "kafka.partitions": 5,
            "discovery.topics": ["missing-topic"],
            "kafka.group_id": "another",
            "sinks": [{"alertmanager": {"url": "http://127.0.0.1:1"}}],
        }
    )
    other.write_text(yaml.safe_dump(tree))
    ended = run("doctor", "-c", other)
    assert ended.code == 1
    assert re.search(rf"fail  topic {monitor.name}\.columns: has 2 partitions", ended.out)
    assert "fix: set kafka.partitions to 2" in ended.out
    assert "warn  input missing-topic: does not exist" in ended.out
    assert "fail  sink alertmanager: 127.0.0.1:1 does not answer" in ended.out
    assert re.search(r"fail  restore point: group another has no committed offset", ended.out)


def test_doctor_ends_with_69_where_no_broker_answers(tmp_path: Path) -> None:
    file = tmp_path / "away.yaml"
    file.write_text("version: 1\nkafka: {bootstrap_servers: 'localhost:1'}\ndiscovery: {topics: [events]}\n")
    ended = run("doctor", "-c", file)
    assert ended.code == 69
    assert "fail  brokers: cannot work with Kafka at localhost:1" in ended.out
    assert "fix: check kafka.bootstrap_servers" in ended.out


def started(monitor: Installation, *arguments: str) -> "subprocess.Popen[str]":
    """A command that goes on."""
    return subprocess.Popen(
        [PROGRAM, *arguments, "-c", monitor.directory / "monitor-0.yaml"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def interrupt(process: "subprocess.Popen[str]") -> None:
    """Ctrl-C."""
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 130


def line_of(process: "subprocess.Popen[str]") -> str:
    """Its next line."""
    assert process.stdout is not None
    return process.stdout.readline()
