"""Input partitions that differ (a topic keyed by country) are no drift, whichever worker reads which of them how fast."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from confluent_kafka import Producer

from stream_monitor.config import Settings, load
from stream_monitor.core.drift_event import DriftEvent, Status
from stream_monitor.core.events import Source
from stream_monitor.formats import cloud_events, drift_events
from tests.chaos.crew import Crew, WorkerProcess
from tests.chaos.verdict import fold, read_outcome
from tests.committed import committed_offsets, end_offsets, read_topic
from tests.conftest import TopicFactory
from tests.driver import Cluster
from tests.kafka_broker import RunningKafka

PARTITIONS = 8
ROWS = 24_000
CHANGE = 14_000
RECORDS_A_TURN = 2_000
STEP_MS = 5
START_MS = 1_767_225_600_000
# So generous that whatever the detectors say is published: one credit every 4 × 50 rows is left for them.
BUDGET = {"alerting.false_alarms": "1 per 50 events", "ingest.lateness": "1s"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Values (n,) in order of event time, and the partition of each."""

    values: Sequence[float]
    partitions: Sequence[int]

    def events(self) -> list[tuple[int, dict[str, Any]]]:
        """(partition, native event)."""
        return [
            (
                partition,
                {
                    "model": "m",
                    "id": f"e{at}",
                    "time": START_MS + STEP_MS * at,
                    "features": {"x": round(value, 6)},
                },
            )
            for at, (value, partition) in enumerate(zip(self.values, self.partitions, strict=True))
        ]


def rows(seed: int, *, shift: float = 0.0) -> Rows:
    """Partition means spread over ±1 sd of the noise; from row CHANGE on the whole moves by `shift` of its own sd."""
    random = np.random.default_rng(seed)
    partitions = random.integers(PARTITIONS, size=ROWS)
    means = np.linspace(-1.0, 1.0, PARTITIONS)
    values = means[partitions] + random.standard_normal(ROWS)
    values[CHANGE:] += shift * np.hypot(1.0, means.std())
    return Rows(values=values.tolist(), partitions=partitions.tolist())


def one_partition(given: Rows, budget: str = BUDGET["alerting.false_alarms"]) -> list[DriftEvent]:
    """The same rows in one partition, one worker."""
    cluster = Cluster({"events": 1}, {**BUDGET, "alerting.false_alarms": budget})
    cluster.most_records = RECORDS_A_TURN
    cluster.produce("events", 0, [event for _, event in given.events()])
    cluster.run([cluster.worker("alone")])
    return finished(cluster)


def many_partitions(given: Rows) -> list[DriftEvent]:
    """Eight partitions; the second worker joins later and, from the start of most of its partitions, falls far behind."""
    cluster = Cluster({"events": PARTITIONS}, BUDGET)
    cluster.most_records = 50
    for partition, event in given.events():
        cluster.produce("events", partition, [event])
    first = cluster.worker("first")
    for _ in range(2):
        first.worker.step()
        cluster.clock.seconds += 0.3
    second = cluster.worker("second")
    for _ in range(4):  # hands over
        first.worker.step()
        second.worker.step()
        cluster.clock.seconds += 0.3
    first.source.most = RECORDS_A_TURN
    for _ in range(40):  # as far as it gets without the other
        first.worker.step()
        cluster.clock.seconds += 0.3
    progress = [cluster.committed(Source("events", number)) or 0 for number in range(PARTITIONS)]
    assert min(progress) < max(progress) / 2, f"nobody was behind: {progress}"
    second.source.most = RECORDS_A_TURN
    cluster.run([first, second])
    return finished(cluster)


def finished(cluster: Cluster) -> list[DriftEvent]:
    """The drift events, once all rows have been observed in order."""
    _, monitors = cluster.fold()
    tasks = [task for monitor in monitors.values() for task in monitor.models.values()]
    assert [(task.monitor.rows, task.order.held_rows, task.order.late) for task in tasks] == [(ROWS, 0, 0)]
    return cluster.drift_events()


def opened(events: Sequence[DriftEvent]) -> list[int]:
    """Rows at which alerts were opened."""
    return [event.row for event in events if event.status is Status.OPENED]


def delay(events: Sequence[DriftEvent]) -> int:
    """Rows from the change to the first alert after it."""
    return next(row for row in opened(events) if row >= CHANGE) - CHANGE


def spoken(events: Sequence[DriftEvent]) -> list[Mapping[str, object]]:
    """What the drift events say, but for where in the partitions the rows lie."""
    return [
        {"id": e.id, "status": e.status, "row": e.row, "series": e.series, "change": e.change_point_row}
        for e in events
    ]


@pytest.mark.parametrize("seed", range(4))
def test_stationary_partitions_that_differ_alarm_no_more_than_one_partition(seed: int) -> None:
    given = rows(seed)
    alone, spread = one_partition(given), many_partitions(given)
    assert len(opened(spread)) <= len(opened(alone))
    assert spoken(spread) == spoken(alone)


@pytest.mark.parametrize("seed", range(4))
def test_a_shift_over_partitions_that_differ_is_found_as_soon_as_in_one(seed: int) -> None:
    given = rows(seed, shift=0.5)
    alone, spread = one_partition(given), many_partitions(given)
    assert delay(spread) <= 1.3 * delay(alone)
    assert spoken(spread) == spoken(alone)


def test_the_same_rows_read_in_chunks_would_alarm() -> None:
    """What the order by event time is for: in chunks of 600 rows a partition they are one drift after the other."""
    given = rows(0)
    order = np.lexsort((np.array(given.partitions), np.arange(ROWS) // (600 * PARTITIONS)))
    chunked = Rows(values=[given.values[at] for at in order], partitions=[0] * ROWS)
    assert opened(one_partition(given, "1 per 20000 events")) == []
    assert len(opened(one_partition(chunked, "1 per 20000 events"))) >= 2


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_on_a_real_broker_too(kafka: RunningKafka, new_topic: TopicFactory, tmp_path: Path) -> None:
    given = rows(11, shift=0.5)
    topic = new_topic("events", partitions=PARTITIONS)
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "linger.ms": 20})
    for partition, event in given.events():
        producer.produce(topic, cloud_events.to_json(event), partition=partition)
        producer.poll(0)
    assert producer.flush(30) == 0
    settings = {
        **BUDGET,
        "kafka.bootstrap_servers": kafka.bootstrap,
        "kafka.group_id": topic,
        "kafka.topic_prefix": topic,
        "kafka.partitions": 2,
        "kafka.commit_every": "200ms",
        "discovery.topics": [topic],
        "state.purge_columns": False,
        "http.listen": "off",
        "logging.format": "json",
    }

    published = two_workers(settings, topic, tmp_path)

    found = [drift_events.decode(value) for value in published]
    alone = one_partition(given)
    assert [(e.row, e.status, e.series) for e in found] == [(e.row, e.status, e.series) for e in alone]
    assert delay(found) <= 1.3 * delay(alone)


def two_workers(settings: Mapping[str, Any], topic: str, directory: Path) -> list[bytes]:
    """Both start slow; the first reads on to where it is held back while the second is still near the start."""
    bootstrap = settings["kafka.bootstrap_servers"]
    crews = {
        name: Crew(settings=settings, directory=directory, brake=directory / name, braked=50) for name in "ab"
    }
    workers: list[WorkerProcess] = []
    try:
        for name, crew in crews.items():
            (directory / name).touch()
            workers.append(crew.start(name))
            workers[-1].wait_until_ready()
        (directory / "a").unlink()
        wait_until_somebody_is_behind(bootstrap, topic)
        (directory / "b").unlink()
        wait_until_all_is_published(load(None, {}, dict(settings)))
        for worker in workers:
            worker.stop()
    finally:
        for crew in crews.values():
            crew.remove()
    alerts = load(None, {}, dict(settings)).topics.alerts
    return [read.value or b"" for read in read_topic(bootstrap, alerts)]


def wait_until_somebody_is_behind(bootstrap: str, topic: str) -> None:
    """Until a good part of some partition is read, and of another one less than half as much."""
    ends, deadline = end_offsets(bootstrap, topic), time.monotonic() + 60
    while True:
        read = committed_offsets(bootstrap, topic, topic)
        shares = sorted(read.get(number, 0) / end for number, end in ends.items())
        if 2 * shares[0] < shares[-1] > 0.4:
            return
        assert time.monotonic() < deadline, f"nobody is behind: {shares}"
        time.sleep(0.05)


def wait_until_all_is_published(settings: Settings) -> None:
    """Until no row waits in the log any more, and what it leads to is there."""
    deadline = time.monotonic() + 90
    while True:
        outcome = read_outcome(settings)
        folded = fold(outcome)
        if (folded.rows, folded.held, len(folded.alerts)) == (ROWS, 0, len(outcome.alerts)):
            return
        assert time.monotonic() < deadline, f"{folded.rows} rows observed, {folded.held} wait"
        time.sleep(0.2)
