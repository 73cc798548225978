"""`reference build --topic` on a real broker: which records of a range count, how they are read, and what is said of others."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer

from stream_monitor.core.profile import Origin, Profile
from stream_monitor.files.profiles import read_profile
from stream_monitor.kafka import topic_range
from tests.committed import end_offsets, read_topic
from tests.conftest import TopicFactory
from tests.kafka_broker import RunningKafka
from tests.unit.cli.commands import Ran, run

BEGIN = 1_795_255_200_000  # 2026-11-21T10:00:00Z
MINUTE = 60_000


@pytest.fixture
def producer(kafka: RunningKafka, topic_name: Callable[[str], str]) -> Iterator[Producer]:
    made = Producer({"bootstrap.servers": kafka.bootstrap, "transactional.id": topic_name("id")})
    made.init_transactions(30)
    yield made
    made.close()


def record(amount: object, *, minute: int, version: str = "7") -> bytes:
    """As somebody else's JSON has it."""
    times = {"at": BEGIN + minute * MINUTE}
    return json.dumps({"in": {"amount": amount, "code": 5}, "v": version, "score": 0.25, **times}).encode()


def configuration(folder: Path, kafka: RunningKafka, topic: str) -> Path:
    mapping = {"features": "in", "version": "v", "probability": "score", "time": "at"}
    model = {
        "name": "fraud",
        "sources": [{"topic": topic, "mapping": mapping}],
        "features": {"code": {"type": "categorical"}},
        "reference": "fraud.json",  # is only being made
    }
    path = folder / "monitor.yaml"
    brokers = {"bootstrap_servers": kafka.bootstrap}
    path.write_text(json.dumps({"version": 1, "kafka": brokers, "models": [model]}))
    return path


def filled(kafka: RunningKafka, topic: str, producer: Producer) -> None:
    """Two partitions of 40 minutes each, one record a minute; the second has a late one, an invalid one and an aborted one."""
    producer.begin_transaction()
    for minute in range(40):
        for partition in (0, 1):
            producer.produce(
                topic,
                record(float(100 * partition + minute), minute=minute, version="8" if minute >= 30 else "7"),
                partition=partition,
                timestamp=BEGIN + minute * MINUTE,
            )
        if minute == 20:
            producer.produce(topic, record(-1.0, minute=2), partition=1, timestamp=BEGIN + minute * MINUTE)
            producer.produce(topic, b"broken", partition=1, timestamp=BEGIN + minute * MINUTE)
    producer.commit_transaction(30)
    producer.begin_transaction()
    producer.produce(topic, record(1e9, minute=40), partition=1, timestamp=BEGIN + 40 * MINUTE)
    producer.flush(30)
    producer.abort_transaction(30)
    read_topic(kafka.bootstrap, topic)  # until the markers are there


def built(folder: Path, *arguments: str | Path) -> tuple[Ran, Profile]:
    out = folder / "fraud.json"
    ran = run("reference", "build", "-o", out, *arguments)
    assert ran.code == 0, ran.err
    return ran, read_profile(out)


@pytest.mark.kafka
def test_a_profile_of_a_range_of_a_topic(
    kafka: RunningKafka, new_topic: TopicFactory, producer: Producer, tmp_path: Path
) -> None:
    topic = new_topic(partitions=2)
    filled(kafka, topic, producer)
    config = configuration(tmp_path, kafka, topic)

    ran, whole = built(tmp_path, "--topic", topic, "-c", config)
    ends = end_offsets(kafka.bootstrap, topic)
    assert (whole.model, whole.version, whole.rows) == ("fraud", None, 81)  # none of the aborted transaction
    name = f"{topic} 0:0-{ends[0]}, 1:0-{ends[1]}"
    assert whole.created_from == (Origin(kind="topic", name=name, rows=81),)
    bytes_of = (tmp_path / "fraud.json").read_bytes()
    built(tmp_path, "--topic", topic, "-c", config, "--from", "0:0,1:0", "--to", f"0:{ends[0]},1:{ends[1]}")
    assert (tmp_path / "fraud.json").read_bytes() == bytes_of
    assert (whole.features["amount"].edges[0], whole.features["amount"].edges[-1]) == (-1.0, 139.0)
    assert whole.features["code"].categories == ("5",)  # the configuration's kind
    assert {version: one.rows for version, one in whole.versions.items()} == {"7": 61, "8": 20}
    assert whole.versions["7"].series["probability"].mean == 0.25
    assert "1 rows rejected: not_json 1" in ran.err
    assert f"the first is row 22 of {topic}: " in ran.err

    times = ("--from", "2026-11-21T10:10:00Z", "--to", str(BEGIN + 30 * MINUTE))
    ran, part = built(tmp_path, "--topic", topic, "-c", config, *times)
    assert (part.rows, part.version) == (40, "7")
    assert "1 rows left out: their event time is before --from" in ran.err

    offsets = ("--from", "1:0", "--to", "0:7,1:5")  # partition 0 has no begin: it is not read
    _, few = built(tmp_path, "--topic", topic, "-c", config, *offsets, "--version", "7")
    assert (few.rows, few.features["amount"].edges[0]) == (5, 100.0)
    assert (
        run("reference", "build", "-o", tmp_path / "x", "--topic", topic, "-c", config, "--to", "1:99").code
        == 1
    )

    ran = run(
        "reference", "build", "-o", tmp_path / "x", "--topic", topic, "--bootstrap-servers", kafka.bootstrap
    )
    assert ran.code == 1
    assert "no row with features (82 rows could not be read)" in ran.err
    ran = run("reference", "build", "-o", tmp_path / "x", "--topic", "nowhere", "-c", config)
    assert (ran.code, ran.err) == (1, f"error: there is no topic 'nowhere' at {kafka.bootstrap}\n")


@pytest.mark.kafka
def test_what_an_open_transaction_holds_back_is_left_out_and_said(
    kafka: RunningKafka,
    new_topic: TopicFactory,
    producer: Producer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(topic_range, "_PENDING_SECONDS", 0.3)
    topic = new_topic(partitions=2)
    filled(kafka, topic, producer)
    producer.begin_transaction()
    for minute in range(3):
        producer.produce(topic, record(1e9, minute=minute), partition=1)
    producer.flush(30)
    ran, profile = built(tmp_path, "--topic", topic, "-c", configuration(tmp_path, kafka, topic))
    producer.abort_transaction(30)
    assert (profile.rows, profile.features["amount"].edges[-1]) == (81, 139.0)
    assert "the last 3 offsets of partition 1 are left out: a transaction is open" in ran.err
    missing = ("--from", "2:0")
    ran = run(
        "reference",
        "build",
        "-o",
        tmp_path / "x",
        "--topic",
        topic,
        "-c",
        tmp_path / "monitor.yaml",
        *missing,
    )
    assert ran.err == f"error: {topic} has no partition 2: it has 2, counted from 0\n"
