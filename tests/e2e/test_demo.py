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
    r"^(\d) of 6 drifts detected, (\d+) false alarms, (\d+) drift events; ([\d,]+) events", re.MULTILINE
)
FOUND_IN = {
    DriftKind.HARMLESS: ["feature:amount"],
    DriftKind.HARMFUL: ["feature:device_score", "error"],
    DriftKind.QUALITY: ["missing:age", "quality:type_error"],
    DriftKind.LATENCY: ["latency_ms"],
    DriftKind.SEGMENT: ["error of country=PL"],
    DriftKind.CONCEPT: ["error"],
}


PERFORMANCE = {DriftKind.HARMLESS: "unchanged", DriftKind.HARMFUL: "worse", DriftKind.CONCEPT: "worse"}


def check(ended: Ended) -> None:
    """Every drift detected where it must be, at most one false alarm."""
    assert ended.code == 0, ended.err
    (found,) = SUMMARY.findall(ended.out)
    assert found[0] == "6", ended.out
    assert int(found[1]) <= 1, ended.out
    assert "not found" not in ended.out
    assert "Traceback" not in ended.err
    check_retraining(ended)
    table = ended.out[ended.out.index("found after") :]
    for kind, names in FOUND_IN.items():
        first, *others = (rf"{re.escape(name)} +[\d,]+ events" for name in names)
        said = rf"^{kind} +[\d,]+ +{first} *{PERFORMANCE.get(kind, '.*')} *$"
        assert re.search("\n".join([said, *(rf" +{other} *$" for other in others)]), table, re.MULTILINE), (
            kind
        )


def check_retraining(ended: Ended) -> None:
    """It is asked for because of the concept drift, and the data that the request names have been read back."""
    begun = re.findall(r"^event +([\d,]+) +injected +concept drift", ended.out, re.MULTILINE)
    asked = re.findall(r"^retraining requested at event ([\d,]+)", ended.out, re.MULTILINE)
    assert number(asked[-1]) > number(begun[0])
    ((cases, labels, columns),) = re.findall(
        r"^stream-monitor export \w+ -o data\.parquet writes them: ([\d,]+) cases, ([\d,]+) with their label, (\d+) columns",
        ended.out,
        re.MULTILINE,
    )
    assert number(cases) > 5_000
    assert 0.6 * number(cases) < number(labels) < 0.9 * number(cases)
    assert int(columns) >= 12 + 3


def number(text: str) -> int:
    return int(text.replace(",", ""))


@pytest.fixture(scope="module")
def shown() -> Ended:
    return run("demo", "--duration", "0", "--http", "127.0.0.1:0")


def test_every_drift_is_detected(shown: Ended) -> None:
    check(shown)
    assert re.match(
        r"dashboard: http://127\.0\.0\.1:\d+\ntoken, to acknowledge and mute there: \S{20,}\n", shown.out
    )
    assert "stream-monitor run -c monitor.yaml" in shown.out
    assert "\x1b" not in shown.out + shown.err
    assert shown.err == ""


def test_a_drift_is_shown_before_the_next_one_begins(shown: Ended) -> None:
    told = [line.split()[2] for line in shown.out.splitlines() if "event " in line[:6]]
    begins = [at for at, what in enumerate(told) if what == "injected"]
    assert len(begins) == 6
    for first, second in pairwise(begins):
        assert "opened" in told[first:second]


def test_the_dashboard_stays_when_that_is_wanted_until_it_is_interrupted() -> None:
    arguments = ("demo", "--duration", "0", "--events", "40000", "--http", "127.0.0.1:0", "--keep")
    ended = interrupted(*arguments, after="the dashboard stays at http://127.0.0.1:", number=signal.SIGINT)
    assert ended.code == 0, ended.out
    assert "drifts detected" in ended.out


def test_another_seed_is_another_stream_with_the_same_drifts() -> None:
    check(run("demo", "--duration", "0", "--http", "off", "--seed", "2"))


def test_an_interrupt_ends_it_at_once() -> None:
    ended = interrupted("demo", "--http", "off", after="event ", number=signal.SIGINT)
    assert ended.code == 130
    assert "Traceback" not in ended.out


@pytest.mark.parametrize(
    "arguments",
    [["--produce-only"], ["-X", "a=b"], ["--events", "39999"], ["--duration", "-1"], ["--http", "nowhere"]],
)
def test_wrong_usage_is_2(arguments: list[str]) -> None:
    assert run("demo", *arguments).code == 2


@pytest.mark.kafka
def test_the_same_on_kafka(kafka: RunningKafka) -> None:
    check(run("demo", "--duration", "20", "--http", "off", "--kafka", kafka.bootstrap))


@pytest.mark.kafka
def test_only_producing(kafka: RunningKafka, topic_name: TopicName) -> None:
    topic = topic_name("events")
    arguments = ("demo", "--kafka", kafka.bootstrap, "--produce-only", "--topic", topic, "--events", "40000")
    ended = run(*arguments, "--duration", "0")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.endswith("40,000 events written\n")


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
