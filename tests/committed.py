"""Reads whole topics as a subscriber does (read_committed), and what a group has committed. For tests on a real broker."""

import time
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

TIMEOUT = 60.0
END_OF_PARTITION = KafkaError._PARTITION_EOF
NO_LEADER_YET = frozenset(
    {
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
    }
)


class Read(NamedTuple):
    """One committed record."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, bytes]


def read_topic(bootstrap: str, topic: str, *, timeout: float = TIMEOUT) -> list[Read]:
    """Every committed record of a topic up to its end as of now, in order of partition and offset.

    Its end is behind what no committed reader may see yet: a transaction whose commit has been answered is pending until
    the broker has written its marker, and is waited for.
    """
    bounds = _bounds(bootstrap, topic, timeout)
    consumer = _reader(bootstrap)
    try:
        consumer.assign([TopicPartition(topic, number, low) for number, (low, _) in bounds.items()])
        waiting = {number: high for number, (low, high) in bounds.items() if high > low}
        return sorted(_until_ends(consumer, waiting, timeout), key=lambda read: read[:2])
    finally:
        consumer.close()


def committed_offsets(
    bootstrap: str, group: str, topic: str, *, isolation: str = "read_uncommitted"
) -> dict[int, int]:
    """Next offsets of the group in a topic, by partition; those without one are left out.

    By a consumer that never joins: the admin client's answer to the same question has ended a whole test run (SIGSEGV in
    librdkafka 2.16 while the coordinator was still loading). Waits for pending transactions if `isolation` is
    read_committed: also one whose commit has been answered is pending until the broker has written its marker.
    """
    consumer = _reader(bootstrap, group=group, isolation=isolation)
    try:
        numbers = consumer.list_topics(topic, timeout=TIMEOUT).topics[topic].partitions
        found = consumer.committed([TopicPartition(topic, number) for number in numbers], TIMEOUT)
        return {tp.partition: tp.offset for tp in found if tp.offset >= 0}
    finally:
        consumer.close()


def end_offsets(bootstrap: str, topic: str) -> dict[int, int]:
    """One behind the last record of every partition, whoever may see it."""
    return {number: high for number, (_, high) in _bounds(bootstrap, topic, TIMEOUT).items()}


def _bounds(bootstrap: str, topic: str, timeout: float) -> dict[int, tuple[int, int]]:
    """First offset and end by partition. A read_committed consumer would be told the last stable offset (measured)."""
    consumer = _reader(bootstrap, isolation="read_uncommitted")
    try:
        numbers = consumer.list_topics(topic, timeout=timeout).topics[topic].partitions
        deadline = time.monotonic() + timeout
        return {n: _ends(consumer, TopicPartition(topic, n), deadline) for n in numbers}
    finally:
        consumer.close()


def _ends(consumer: Consumer, partition: TopicPartition, deadline: float) -> tuple[int, int]:
    """A topic that has just been made has leaders that do not know it yet."""
    while True:
        try:
            return consumer.get_watermark_offsets(partition, timeout=max(1.0, deadline - time.monotonic()))
        except KafkaException as error:
            if error.args[0].code() not in NO_LEADER_YET or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _until_ends(consumer: Consumer, waiting: dict[int, int], timeout: float) -> Iterator[Read]:
    """Also the end of what a pending transaction hides is waited for: a reader stops in front of one."""
    deadline = time.monotonic() + timeout
    while waiting:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the ends {waiting} were not reached: a transaction hangs")
        for message in consumer.consume(5_000, 0.5):
            partition, offset = message.partition() or 0, message.offset() or 0
            error = message.error()
            if error is None:
                yield _read(message)
                offset += 1
            elif error.code() != END_OF_PARTITION:
                raise AssertionError(error.str())
            if offset >= waiting.get(partition, 0):
                waiting.pop(partition, None)


def _read(message: Message) -> Read:
    headers: Any = message.headers() or ()
    key, value = message.key(), message.value()
    assert not isinstance(key, str)
    assert not isinstance(value, str)
    named = {name: said or b"" for name, said in headers}
    return Read(message.partition() or 0, message.offset() or 0, key, value, named)


def _reader(bootstrap: str, *, group: str = "only-reads", isolation: str = "read_committed") -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "isolation.level": isolation,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
        }
    )
