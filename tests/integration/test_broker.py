"""The broker of the tests is the real thing: transactions, isolation, data that outlives a kill."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

from tests.committed import end_offsets
from tests.conftest import ClusterFactory, TopicFactory
from tests.kafka_broker import KafkaCluster, RunningKafka, create_topic, leader

pytestmark = pytest.mark.kafka
TIMEOUT = 30
# A record outlives its transaction in no case. A new leader takes up to 9 s here: a dead broker keeps its session for
# 6 s (server.properties), counted anew by a controller that had to be elected itself.
TRANSACTION_TIMEOUT = 30


def transactional(bootstrap: str, identity: str) -> Producer:
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "transactional.id": identity,
            "transaction.timeout.ms": TRANSACTION_TIMEOUT * 1000,
        }
    )
    producer.init_transactions(TIMEOUT)
    return producer


def write(producer: Producer, topic: str, values: list[bytes], *, commit: bool) -> None:
    producer.begin_transaction()
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(TIMEOUT) == 0, "aborted records must be on the broker, not in the client's queue"
    if commit:
        producer.commit_transaction(TIMEOUT)
    else:
        producer.abort_transaction(TIMEOUT)


@contextmanager
def reader(bootstrap: str, isolation: str) -> Iterator[Consumer]:
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "not-used",
            "isolation.level": isolation,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    try:
        yield consumer
    finally:
        consumer.close()


def read_all(bootstrap: str, topic: str, isolation: str = "read_committed") -> list[bytes]:
    """To its end: a transaction is pending until its marker is there, and that is written after the commit is answered."""
    values: list[bytes] = []
    deadline = time.monotonic() + TIMEOUT
    end = end_offsets(bootstrap, topic)[0]
    with reader(bootstrap, isolation) as consumer:
        consumer.assign([TopicPartition(topic, 0, 0)])
        while time.monotonic() < deadline:
            message = consumer.poll(0.5)
            if message is None:
                continue
            if (error := message.error()) is not None:
                assert error.code() == KafkaError._PARTITION_EOF, error
                if (message.offset() or 0) >= end:
                    return values
                continue
            value = message.value()
            assert isinstance(value, bytes)
            values.append(value)
    pytest.fail(f"no end of {topic} within {TIMEOUT} s")


def test_a_reader_of_committed_data_sees_commits_and_no_aborts(
    kafka: RunningKafka, new_topic: TopicFactory, topic_name: Callable[[str], str]
) -> None:
    topic = new_topic()
    producer = transactional(kafka.bootstrap, topic_name("producer"))

    write(producer, topic, [b"a", b"b"], commit=True)
    write(producer, topic, [b"aborted"], commit=False)
    write(producer, topic, [b"c"], commit=True)

    assert read_all(kafka.bootstrap, topic) == [b"a", b"b", b"c"]
    assert read_all(kafka.bootstrap, topic, "read_uncommitted") == [b"a", b"b", b"aborted", b"c"]


def test_a_killed_broker_comes_back_with_its_data(kafka_cluster: ClusterFactory) -> None:
    cluster = kafka_cluster()
    topic = create_topic(cluster.bootstrap, "kept")
    producer = transactional(cluster.bootstrap, "producer")
    write(producer, topic, [b"before"], commit=True)

    cluster.kill()
    cluster.restart()
    write(producer, topic, [b"after"], commit=True)

    assert read_all(cluster.bootstrap, topic) == [b"before", b"after"]


@pytest.mark.slow
def test_three_nodes_serve_while_the_leader_is_dead(kafka_cluster: ClusterFactory) -> None:
    cluster = kafka_cluster(size=3)
    topic = create_topic(cluster.bootstrap, "replicated")
    producer = transactional(cluster.bootstrap, "producer")
    write(producer, topic, [b"three"], commit=True)

    killed = leader(cluster.bootstrap, topic)
    cluster.kill(killed)
    write(producer, topic, [b"two"], commit=True)
    assert leader(cluster.bootstrap, topic) != killed
    cluster.restart(killed)

    assert read_all(cluster.bootstrap, topic) == [b"three", b"two"]


def test_a_broker_that_cannot_start_says_why(tmp_path: Path) -> None:
    cluster = KafkaCluster(directory=tmp_path, properties={"node.id": "not a number"})
    with pytest.raises(RuntimeError, match="Invalid value not a number for configuration"):
        cluster.start()


def test_no_broker_outlives_a_killed_test_run(tmp_path: Path) -> None:
    script = (
        "import os, pathlib, signal\n"
        "from tests.kafka_broker import KafkaCluster\n"
        f"cluster = KafkaCluster(directory=pathlib.Path({str(tmp_path)!r}))\n"
        "cluster.start()\n"
        "print(cluster.nodes[0].process.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    deadline = time.monotonic() + TIMEOUT
    while _alive(int(done.stdout)):
        assert time.monotonic() < deadline, "the broker is still running"
        time.sleep(0.05)


def _alive(process: int) -> bool:
    """A zombie that nobody reaps (no init in a container) is dead."""
    try:
        os.kill(process, 0)
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"
