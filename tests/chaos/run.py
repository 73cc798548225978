"""A whole run: feed, disturb, let it come to rest; the same again undisturbed; read what is left."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from stream_monitor.app.composition import parameters_by_name
from stream_monitor.config import load
from tests.chaos.crew import Crew, WorkerProcess
from tests.chaos.disturbance import Plan, disturb
from tests.chaos.report import Report
from tests.chaos.truth import truth_of
from tests.chaos.verdict import Outcome, fold, learned, read_outcome
from tests.chaos.workload import LABELLED, LATENESS, MAX_RECORD, PARTITIONS, produce
from tests.committed import committed_offsets, end_offsets
from tests.kafka_broker import KafkaCluster, create_topic

GROUP: Final = "chaos"  # of both runs, for it is part of the ids of alerts
INPUT: Final = "events"
SESSION_SECONDS: Final = 6
AT_REST_SECONDS: Final = 240.0
# Until a tick of every worker says that its sources are at their end and nothing is held back any more.
LAST_TICK_SECONDS: Final = 3 * (2 + 0.3)
SNAPSHOT_SECONDS: Final = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large a run is."""

    events: int = 220_000
    plan: Plan = field(default_factory=Plan)
    seed: int = 1


def run(cluster: KafkaCluster, directory: Path, size: Size) -> Report:
    """Takes about three minutes on two cores. directory: for the logs of the workers."""
    create_topic(cluster.bootstrap, INPUT, partitions=PARTITIONS)
    workload = produce(cluster.bootstrap, INPUT, events=size.events, seed=size.seed)
    brake = directory / "brake"
    brake.touch()
    crew = Crew(settings=_settings(cluster.bootstrap, "disturbed"), directory=directory, brake=brake)
    try:
        done, workers = disturb(crew, cluster, size.plan, size.seed)
        early = sum(committed_offsets(cluster.bootstrap, GROUP, INPUT).values())
        brake.unlink()
        disturbed = _finish(crew, workers, cluster.bootstrap)
    finally:
        crew.remove()
    calm = _calm(cluster.bootstrap, directory)
    told = parameters_by_name(disturbed.settings, {})(LABELLED).outcomes
    return Report(
        workload=workload,
        done=done,
        rebalances=crew.logged("partitions assigned"),
        aborts=crew.logged("checkpoint aborted"),
        early_rows=early,
        disturbed=disturbed,
        calm=calm,
        folded=fold(disturbed),
        learned=learned(disturbed, LABELLED),
        truth=truth_of(workload.labelled, told.join, told.performance),
    )


def _calm(bootstrap: str, directory: Path) -> Outcome:
    """One worker over the same input, in a group of the same name that has forgotten everything."""
    _forget_group(AdminClient({"bootstrap.servers": bootstrap}))
    crew = Crew(settings=_settings(bootstrap, "calm"), directory=directory)
    try:
        return _finish(crew, [crew.start("calm")], bootstrap)
    finally:
        crew.remove()


def _forget_group(admin: AdminClient) -> None:
    """As soon as it is empty: a member with an instance id stays until its session has ended."""
    deadline = time.monotonic() + SESSION_SECONDS + 20
    while True:
        (future,) = admin.delete_consumer_groups([GROUP]).values()
        try:
            future.result(30)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.NON_EMPTY_GROUP or time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        else:
            return


def _finish(crew: Crew, workers: list[WorkerProcess], bootstrap: str) -> Outcome:
    """Let the workers read to the end, observe it all and write it down; end them; read what they have left."""
    settings = load(None, {}, dict(crew.settings))
    _await_read(workers, bootstrap, INPUT)
    time.sleep(LAST_TICK_SECONDS)
    _await_read(workers, bootstrap, settings.topics.columns)
    time.sleep(SNAPSHOT_SECONDS)
    for worker in workers:
        worker.stop()
    return read_outcome(settings)


def _await_read(workers: list[WorkerProcess], bootstrap: str, topic: str) -> None:
    """Until the group has committed all that is in a topic now."""
    ends, deadline = end_offsets(bootstrap, topic), time.monotonic() + AT_REST_SECONDS
    while any(committed_offsets(bootstrap, GROUP, topic).get(at, 0) < end for at, end in ends.items()):
        for worker in workers:
            assert worker.process.poll() is None, f"{worker.name} has ended:\n{worker.tail()}"
        assert time.monotonic() < deadline, f"not at the end of {topic}:\n{workers[0].tail()}"
        time.sleep(0.2)


def _settings(bootstrap: str, prefix: str) -> Mapping[str, object]:
    return {
        "kafka.bootstrap_servers": bootstrap,
        "kafka.group_id": GROUP,
        "kafka.topic_prefix": prefix,
        "kafka.partitions": 4,
        "kafka.commit_every": "300ms",
        "kafka.properties": {
            "consumer.session.timeout.ms": str(SESSION_SECONDS * 1000),
            "consumer.heartbeat.interval.ms": "500",
        },
        "discovery.topics": [INPUT],
        "ingest.lateness": LATENESS,
        "ingest.max_record_bytes": MAX_RECORD,
        "state.purge_columns": False,
        "state.checkpoint_every": "2s",
        "alerting.false_alarms": "1 per 100 events",
        "http.listen": "off",
        "logging.format": "json",
    }
