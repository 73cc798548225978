"""`export` on a real broker: exactly the data of a regime, joined with labels that come later, and what it says of the rest."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from stream_monitor.core.drift_event import DriftEvent, Positions, Resolution, Status
from stream_monitor.formats import drift_events, retrain_requests
from tests.committed import read_topic
from tests.conftest import TopicFactory
from tests.kafka_broker import RunningKafka
from tests.unit.cli.commands import Ran, run
from tests.unit.formats.core_values import OPENED, REQUEST

BEGIN = 1_795_255_200_000  # 2026-11-21T10:00:00Z
SECOND = 1_000
DELAY = 600 * SECOND  # of labels
EVENTS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Two partitions of features, then predictions of the same cases, one a second; a topic of labels; alerts."""

    bootstrap: str
    events: str
    labels: str
    alerts: str
    producer: Producer
    folder: Path

    def positions(self, first: int, last: int) -> tuple[Positions, ...]:
        """The same offsets of both partitions of the events."""
        return tuple(
            Positions(topic=self.events, partition=at, first_offset=first, last_offset=last) for at in (0, 1)
        )

    def publish(self, *values: bytes | None) -> None:
        self.producer.begin_transaction()
        for value in values:
            self.producer.produce(self.alerts, value, key="fraud")
        self.producer.commit_transaction(30)
        read_topic(self.bootstrap, self.alerts)

    def export(self, id_: str, *options: str, name: str = "data.parquet") -> Ran:
        return run("export", id_, "-o", self.folder / name, "-c", self.folder / "monitor.yaml", *options)

    def rows(self, name: str = "data.parquet") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = pq.read_table(self.folder / name).to_pylist()
        return found


@pytest.fixture
def world(
    kafka: RunningKafka, new_topic: TopicFactory, topic_name: Callable[[str], str], tmp_path: Path
) -> Iterator[World]:
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "transactional.id": topic_name("id")})
    producer.init_transactions(30)
    made = World(
        bootstrap=kafka.bootstrap,
        events=new_topic(partitions=2),
        labels=new_topic("labels"),
        alerts=new_topic("alerts"),
        producer=producer,
        folder=tmp_path,
    )
    sources = [
        {
            "topic": made.events,
            "mapping": {"id": "k", "time": "at", "version": "v", "features": "in", "prediction": "y"},
        },
        {"topic": made.labels, "role": "label"},
    ]
    (tmp_path / "monitor.yaml").write_text(
        json.dumps(
            {
                "version": 1,
                "kafka": {"bootstrap_servers": kafka.bootstrap},
                "models": [
                    {
                        "name": "fraud",
                        "sources": sources,
                        "reference": "is_only_being_made.json",
                        "segments": [{"feature": "amount", "edges": [15]}],
                    }
                ],
                "sinks": [{"kafka": {"topic": made.alerts}}],
            }
        )
    )
    fill(made)
    yield made
    producer.close()


def fill(world: World) -> None:
    """Case 2n and 2n + 1 have features at the offset 2n of their partition, and predictions at 2n + 1."""
    world.producer.begin_transaction()
    for case in range(EVENTS):
        at, partition = BEGIN + case * SECOND, case % 2
        version = "8" if case == 45 else "7"
        records: Sequence[dict[str, Any]] = [
            {"k": f"c-{case}", "at": at, "v": version, "in": {"amount": case / 2, "country": "DE"}},
            {"k": f"c-{case}", "at": at + 5, "v": version, "y": case % 3 == 0},
        ]
        for record in records:
            world.producer.produce(world.events, json.dumps(record), partition=partition, timestamp=at)
        if case % 4 != 3:
            label = {"model": "fraud", "id": f"c-{case}", "time": at + DELAY + case, "label": case % 5 == 0}
            world.producer.produce(world.labels, json.dumps(label), timestamp=at + DELAY + case)
    world.producer.produce(world.events, b"broken", partition=0, timestamp=BEGIN + EVENTS * SECOND)
    world.producer.commit_transaction(30)
    world.producer.begin_transaction()
    world.producer.produce(world.events, b'{"k": "c-0", "in": {"amount": 1e9}}', partition=1, timestamp=BEGIN)
    world.producer.flush(30)
    world.producer.abort_transaction(30)
    read_topic(world.bootstrap, world.events)


def alert(world: World, first: int, last: int, **changes: Any) -> DriftEvent:
    at = BEGIN + first * SECOND
    return replace(OPENED, change_point=at, positions=world.positions(first, last), **changes)


def value_of(event: DriftEvent) -> bytes | None:
    return drift_events.encode(event, "g").value


@pytest.mark.kafka
def test_an_alert_that_ended_gives_exactly_its_data_with_the_labels_that_came_later(world: World) -> None:
    opened = alert(world, 20, 30)
    ended = alert(
        world, 26, 39, number=1, status=Status.RESOLVED, resolution=Resolution.RECOVERED, summary="it is over"
    )
    world.publish(
        value_of(replace(opened, alert_id="another")), value_of(opened), b"no event", None, value_of(ended)
    )

    ran = world.export(OPENED.alert_id)
    assert ran.code == 0, ran.err
    rows = world.rows()
    assert list(rows[0]) == ["id", "time", "version", "amount", "country", "prediction", "label"]
    cases = list(range(20, 40))
    assert [row["id"] for row in rows] == [f"c-{case}" for case in cases]
    assert [row["amount"] for row in rows] == [case / 2 for case in cases]
    assert [row["prediction"] for row in rows] == [case % 3 == 0 for case in cases]
    assert [row["label"] for row in rows] == [None if case % 4 == 3 else case % 5 == 0 for case in cases]
    assert [row["time"].timestamp() * 1000 for row in rows] == [BEGIN + case * SECOND + 5 for case in cases]
    assert "it is over\n" in ran.err
    assert "data.parquet: 20 of 20 cases\n" in ran.err
    assert "15 cases have a label\n" in ran.err

    few = world.export(OPENED.alert_id, "--rows", "3", "--labels-within", "10m", name="few.csv")
    assert few.code == 0, few.err
    lines = (world.folder / "few.csv").read_text().splitlines()
    assert lines[0] == "id,time,version,amount,country,prediction,label"
    assert [line.partition(",")[0] for line in lines[1:]] == ["c-20", "c-21", "c-22"]
    assert all(line.endswith(",") for line in lines[1:]), "labels that came after 10 minutes and a bit"


@pytest.mark.kafka
def test_an_alert_of_a_segment_gives_its_cases_alone(world: World) -> None:
    world.publish(value_of(alert(world, 20, 39, segment="amount>=15")))
    ran = world.export(OPENED.alert_id, "--until", str(BEGIN + 40 * SECOND))
    assert ran.code == 0, ran.err
    assert [row["id"] for row in world.rows()] == [f"c-{case}" for case in range(30, 40)]
    assert "data.parquet: 10 of 10 cases\n" in ran.err
    assert "10 cases of other segments than amount>=15 left out\n" in ran.err


@pytest.mark.kafka
def test_a_request_gives_its_version_until_now_and_becomes_a_reference(world: World) -> None:
    request = replace(
        REQUEST, version="7", positions=world.positions(40, 45), change_point=BEGIN + 40 * SECOND
    )
    world.publish(retrain_requests.encode(request, "g").value)
    ran = world.export(REQUEST.id)
    assert ran.code == 0, ran.err
    cases = [case for case in range(40, EVENTS) if case != 45]
    assert [row["id"] for row in world.rows()] == [f"c-{case}" for case in cases]
    assert "2 rows of other versions left out" in ran.err
    assert "1 events rejected: not_json 1" in ran.err
    assert REQUEST.summary in ran.err

    until = world.export(REQUEST.id, "--until", str(BEGIN + 50 * SECOND), name="until.parquet")
    assert until.code == 0, until.err
    assert [row["id"] for row in world.rows("until.parquet")] == [f"c-{case}" for case in cases if case < 50]

    profile = world.folder / "new.json"
    roles = [
        "--time",
        "time",
        "--id",
        "id",
        "--prediction",
        "prediction",
        "--label",
        "label",
        "--version-column",
        "version",
    ]
    built = run(
        "reference", "build", world.folder / "data.parquet", "-o", profile, "--model", "fraud", *roles
    )
    assert built.code == 0, built.err
    assert set(json.loads(profile.read_text())["features"]) == {"amount", "country"}


@pytest.mark.kafka
def test_what_cannot_be_exported_says_what_to_do(world: World) -> None:
    world.publish(value_of(alert(world, 20, 39)))
    ran = world.export("0000")
    assert ran.code == 1
    assert f"{world.alerts} holds no alert and no retrain request '0000'" in ran.err
    assert world.export(OPENED.alert_id, name="data.txt").code == 2
    assert world.export(OPENED.alert_id, "--until", "soon").code == 2
    assert world.export(OPENED.alert_id, "--labels-within", "7").code == 2

    admin = AdminClient({"bootstrap.servers": world.bootstrap})
    for removed in admin.delete_records([TopicPartition(world.events, 1, 31)]).values():
        removed.result(30)
    ran = world.export(OPENED.alert_id)
    assert ran.code == 1
    assert f"{world.events} partition 1: offsets 20 to 30. Add --skip-missing" in ran.err
    assert not (world.folder / "data.parquet").exists()
    ran = world.export(OPENED.alert_id, "--skip-missing", "--until", str(BEGIN + 40 * SECOND))
    assert ran.code == 0, ran.err
    assert f"the first 11 offsets of {world.events} partition 1 are gone" in ran.err
    found = {row["id"]: row for row in world.rows()}
    assert [found[f"c-{case}"]["amount"] is None for case in (31, 33, 35)] == [True, False, False]
    assert "1 cases have no features" in ran.err
