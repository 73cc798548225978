"""A broker that is away for longer than a session stops nobody: whoever comes back from that owns its partitions again."""

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field

import pytest
from confluent_kafka import Producer

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Source
from stream_monitor.formats.encoded import EncodedRecord
from stream_monitor.kafka.cluster import Bounds, Cluster
from stream_monitor.kafka.operations_writer import KafkaOperationsWriter
from stream_monitor.kafka.options import KafkaOptions
from stream_monitor.kafka.source import KafkaSource
from stream_monitor.kafka.topic_reader import KafkaTopicReader
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.runtime.ports import Begin
from tests.conftest import ClusterFactory
from tests.kafka_broker import create_topic

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

SESSION = 6.0  # longer than a restarted broker takes to hear from us: it must still know the member
PATIENCE = 60.0


@dataclass(slots=True)
class Owned:
    """A listener that knows what is owned, and what was lost."""

    now: set[Source] = field(default_factory=set)
    lost_ever: set[Source] = field(default_factory=set)

    def assigned(self, sources: Sequence[Source]) -> None:
        self.now.update(sources)

    def revoked(self, sources: Sequence[Source]) -> None:
        self.now.difference_update(sources)

    def lost(self, sources: Sequence[Source]) -> None:
        self.now.difference_update(sources)
        self.lost_ever.update(sources)


@pytest.mark.parametrize("instance_id", ["stable", None])
def test_a_member_that_did_not_poll_while_the_broker_was_away_joins_again(
    kafka_cluster: ClusterFactory, instance_id: str | None
) -> None:
    """With an instance id the client is then fenced by its own heartbeats, for good: confluentinc/librdkafka#3437."""
    cluster = kafka_cluster()
    for topic in ("events", "columns"):
        create_topic(cluster.bootstrap, topic)
    session = {
        "consumer.session.timeout.ms": str(round(SESSION * 1000)),
        "consumer.heartbeat.interval.ms": "300",
    }
    options = KafkaOptions(
        bootstrap_servers=cluster.bootstrap, group_id="g", instance_id=instance_id, properties=session
    )
    source, owned = KafkaSource(options, inputs=["events"], columns="columns"), Owned()
    every = {Source("events", 0), Source("columns", 0)}
    source.subscribe(owned)
    read: list[bytes | None] = []

    def poll_until(wanted: int) -> None:
        deadline = time.monotonic() + PATIENCE
        while not (owned.now == every and len(read) >= wanted):
            assert time.monotonic() < deadline, f"owned: {owned.now}, read: {read}"
            read.extend(record.value for fetched in source.poll(100, 0.2) for record in fetched.records)

    producer = Producer({"bootstrap.servers": cluster.bootstrap})
    producer.produce("events", b"before")
    assert producer.flush(PATIENCE) == 0
    poll_until(1)

    cluster.kill()
    time.sleep(1.3 * SESSION)
    cluster.restart()
    time.sleep(1.0)  # heartbeats
    producer.produce("events", b"after")
    assert producer.flush(PATIENCE) == 0
    owned.now.clear()
    read.clear()
    poll_until(2)

    assert read == [b"before", b"after"], "nothing was committed, so it is read from the start"
    assert owned.lost_ever == every
    source.close()


def test_offsets_are_told_again_as_soon_as_a_restarted_broker_is_back(kafka_cluster: ClusterFactory) -> None:
    """The client remembers the leader's epoch of before, and the broker refuses it: a new look at the topics is needed."""
    brokers = kafka_cluster()
    source = Source(create_topic(brokers.bootstrap, "events"), 0)
    cluster = Cluster(KafkaOptions(bootstrap_servers=brokers.bootstrap, group_id="g"))

    def told_within(asked: int) -> bool:
        return any(cluster.bounds([source], 2.0) == {source: Bounds(0, 0)} for _ in range(asked))

    assert told_within(5)
    for end in (brokers.kill, brokers.terminate):
        end()
        brokers.restart()
        assert told_within(5)


def test_who_only_reads_or_writes_topics_is_told_that_the_broker_is_away(
    kafka_cluster: ClusterFactory,
) -> None:
    cluster = kafka_cluster()
    topic = create_topic(cluster.bootstrap, "operations")
    options = KafkaOptions(bootstrap_servers=cluster.bootstrap, group_id="g")
    record = EncodedRecord(b"mute/1", b"{}", ())
    with (
        closing(KafkaTopicReader(options, {topic: Begin()})) as reader,
        closing(KafkaOperationsWriter(options, topic)) as writer,
    ):
        writer.write(record, Deadline(PATIENCE))
        deadline = Deadline(PATIENCE)
        while not reader.read(10, 0.5):
            assert not deadline.passed, "the record was not read"
        cluster.remove()
        with pytest.raises(StreamMonitorError, match="cannot work with Kafka at"):
            read_until(reader, Deadline(PATIENCE))
        with pytest.raises(StreamMonitorError, match="cannot work with Kafka at"):
            writer.write(record, Deadline(2.0))


def read_until(reader: KafkaTopicReader, deadline: Deadline) -> None:
    while not deadline.passed:
        assert reader.read(10, 0.5) == []
