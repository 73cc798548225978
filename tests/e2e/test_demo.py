"""The demo by the installed program: it ends by itself and has found what it did."""

import re
import signal
from collections.abc import Callable
from itertools import pairwise

import pytest

from stream_monitor.testing.scenario import DriftKind
from tests.e2e.program import Ended, interrupted, run
from tests.kafka_broker import RunningKafka

TopicName = Callable[[str], str]
SUMMARY = re.compile(
    r"^(\d) of 5 drifts detected, (\d+) false alarms, (\d+) drift events; ([\d,]+) events", re.MULTILINE
)


def check(ended: Ended) -> None:
    """All drifts detected, at most one false alarm."""
    assert ended.code == 0, ended.err
    (found,) = SUMMARY.findall(ended.out)
    assert found[0] == "5", ended.out
    assert int(found[1]) <= 1, ended.out
    assert "not detected" not in ended.out
    assert "Traceback" not in ended.err


def test_every_drift_is_detected() -> None:
    ended = run("demo", "--duration", "0", "--http", "127.0.0.1:0")
    check(ended)
    for kind in DriftKind:
        assert re.search(rf"^{kind} .+ \d+ events *$", ended.out, re.MULTILINE), kind
    assert re.search(r"while it runs: http://127\.0\.0\.1:\d+/metrics", ended.out)
    assert "stream-monitor run -c monitor.yaml" in ended.out
    assert "\x1b" not in ended.out + ended.err
    assert ended.err == ""


def test_a_drift_is_shown_before_the_next_one_begins() -> None:
    told = [
        line.split()[2]
        for line in run("demo", "--duration", "0", "--http", "off").out.splitlines()
        if "event " in line[:6]
    ]
    begins = [at for at, what in enumerate(told) if what == "injected"]
    for first, second in pairwise(begins):
        assert "opened" in told[first:second]


def test_another_seed_is_another_stream_with_the_same_drifts() -> None:
    check(run("demo", "--duration", "0", "--http", "off", "--seed", "2"))


def test_an_interrupt_ends_it_at_once() -> None:
    ended = interrupted("demo", "--http", "off", after="event ", number=signal.SIGINT)
    assert ended.code == 130
    assert "Traceback" not in ended.out


@pytest.mark.parametrize(
    "arguments",
    [["--produce-only"], ["-X", "a=b"], ["--events", "19999"], ["--duration", "-1"], ["--http", "nowhere"]],
)
def test_wrong_usage_is_2(arguments: list[str]) -> None:
    assert run("demo", *arguments).code == 2


@pytest.mark.kafka
def test_the_same_on_kafka(kafka: RunningKafka) -> None:
    check(run("demo", "--duration", "20", "--http", "off", "--kafka", kafka.bootstrap))


@pytest.mark.kafka
def test_only_producing(kafka: RunningKafka, topic_name: TopicName) -> None:
    topic = topic_name("events")
    arguments = ("demo", "--kafka", kafka.bootstrap, "--produce-only", "--topic", topic, "--events", "20000")
    ended = run(*arguments, "--duration", "0")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.endswith("20,000 events written\n")


@pytest.mark.kafka
def test_producing_for_ever_ends_on_sigterm(kafka: RunningKafka, topic_name: TopicName) -> None:
    arguments = ("demo", "--kafka", kafka.bootstrap, "--produce-only", "--topic", topic_name("events"))
    ended = interrupted(*arguments, after="writing to", number=signal.SIGTERM)
    assert ended.code == 0
    assert ended.out.endswith(" events written\n")


@pytest.mark.kafka
def test_a_broker_that_is_not_there_is_named() -> None:
    ended = run("demo", "--kafka", "127.0.0.1:1", "--http", "off")
    assert ended.code == 1
    assert "127.0.0.1:1" in ended.err
    assert "Traceback" not in ended.err
