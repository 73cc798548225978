"""The same small world on both sides of the ports: a cluster with topics, foreign producers, and members of one group."""

import contextlib
import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions  # type: ignore[attr-defined]

from stream_monitor.core.events import Record, Source
from stream_monitor.kafka.operations_writer import KafkaOperationsWriter
from stream_monitor.kafka.options import KafkaOptions
from stream_monitor.kafka.source import KafkaSource
from stream_monitor.kafka.state_store import KafkaStateStore
from stream_monitor.kafka.topic_reader import KafkaTopicReader
from stream_monitor.kafka.transactor import KafkaCheckpointer
from stream_monitor.memory import (
    MemoryCheckpointer,
    MemoryLog,
    MemoryOperationsWriter,
    MemorySource,
    MemoryStateStore,
    MemoryTopicReader,
)
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.runtime.ports import (
    Asked,
    Begin,
    Checkpointer,
    OperationsWriter,
    OutRecord,
    RecordSource,
    StateStore,
    TopicReader,
    Transaction,
)
from stream_monitor.runtime.positions import OnLostData
from tests.kafka_broker import create_topic

PATIENCE = 30.0

T = TypeVar("T")


class Crash(BaseException):
    """The process is gone: nothing catches it, nothing is cleaned up."""


@dataclass(slots=True)
class Diary:
    """A rebalance listener that writes down what it is told. on_revoked: what the member does then."""

    entries: list[tuple[str, tuple[Source, ...]]] = field(default_factory=list)
    on_assigned: Callable[[Sequence[Source]], None] = lambda _: None
    on_revoked: Callable[[Sequence[Source]], None] = lambda _: None
    on_lost: Callable[[Sequence[Source]], None] = lambda _: None

    def assigned(self, sources: Sequence[Source]) -> None:
        self.entries.append(("assigned", tuple(sorted(sources))))
        self.on_assigned(sources)

    def revoked(self, sources: Sequence[Source]) -> None:
        self.entries.append(("revoked", tuple(sorted(sources))))
        self.on_revoked(sources)

    def lost(self, sources: Sequence[Source]) -> None:
        self.entries.append(("lost", tuple(sorted(sources))))
        self.on_lost(sources)

    def owned(self) -> set[Source]:
        """By what was told."""
        owned: set[Source] = set()
        for what, sources in self.entries:
            owned = owned | set(sources) if what == "assigned" else owned - set(sources)
        return owned

    def told(self, what: str) -> set[Source]:
        return {source for entry, sources in self.entries if entry == what for source in sources}


@dataclass(slots=True)
class Member:
    """One process of the group."""

    source: RecordSource
    checkpointer: Checkpointer
    store: StateStore
    diary: Diary
    patience: float
    close: Callable[[], None]

    def poll(self, max_records: int = 1000) -> list[tuple[Source, Record]]:
        return [
            (fetched.source, record)
            for fetched in self.source.poll(max_records, 0.1)
            for record in fetched.records
        ]

    def until(
        self, condition: Callable[[], bool], what: str = "it did not happen"
    ) -> list[tuple[Source, Record]]:
        """Poll until the condition holds; all that was read meanwhile."""
        seen: list[tuple[Source, Record]] = []
        deadline = Deadline(self.patience)
        for turn in itertools.count():
            seen += self.poll()
            if condition() and turn:
                return seen
            assert not deadline.passed, f"{what}; diary: {self.diary.entries}; read: {seen}"
        raise AssertionError

    def read(self, n: int) -> list[tuple[Source, Record]]:
        """Poll until at least n records were read."""
        seen: list[tuple[Source, Record]] = []
        deadline = Deadline(self.patience)
        while len(seen) < n:
            seen += self.poll()
            assert not deadline.passed, f"only {len(seen)} of {n}: {seen}; diary: {self.diary.entries}"
        return seen

    def idle(self, seconds: float = 1.0) -> list[tuple[Source, Record]]:
        """What polling for a while brings."""
        deadline = Deadline(seconds if self.patience > 5 else 0.05)
        seen: list[tuple[Source, Record]] = []
        while not deadline.passed:
            seen += self.poll()
        return seen

    def values(self, n: int, of: str | None = None) -> list[bytes | None]:
        """Poll until n values (of a topic, if one is named) were read."""
        values: list[bytes | None] = []
        while len(values) < n:
            values += [record.value for source, record in self.read(1) if of in {None, source.topic}]
        return values

    def at_end(self, *sources: Source) -> None:
        self.until(lambda: all(self.source.at_end(source) for source in sources), "the end was not reached")

    def commit(
        self, records: Sequence[OutRecord], offsets: Mapping[Source, int], seconds: float = 20.0
    ) -> None:
        self.checkpointer.commit(Transaction(records=records, offsets=offsets), Deadline(seconds))


class Foreign(Protocol):
    """A transaction of somebody else, with its records written."""

    def commit(self) -> None: ...

    def abort(self) -> None: ...


class World(Protocol):
    """What the contract needs around the adapters. `columns` and `state` have two partitions."""

    columns: str
    state: str

    def topic(self, role: str, partitions: int = 1) -> str: ...

    def name(self, role: str) -> str: ...

    def create(self, name: str, partitions: int = 1) -> None: ...

    def delete(self, topic: str) -> None: ...

    def grow(self, topic: str, partitions: int) -> None: ...

    def append(
        self, topic: str, *values: bytes | None, partition: int = 0, key: bytes | None = None
    ) -> None: ...

    def foreign(
        self, topic: str, *values: bytes, partition: int = 0, key: bytes | None = None
    ) -> Foreign: ...

    def delete_records(self, source: Source, before: int) -> None: ...

    def compact(self, topic: str) -> None: ...

    def visible(self, topic: str) -> list[tuple[int, Record]]: ...

    def low(self, source: Source) -> int: ...

    def forget_offsets(self) -> None: ...

    def set_offset(self, source: Source, offset: int) -> None: ...

    def member(
        self,
        *inputs: str,
        instance_id: str | None = None,
        on_lost_data: OnLostData = "stop",
        failpoint: Callable[[str], None] = ...,
        diary: Diary | None = None,
    ) -> Member: ...

    def expire(self, member: Member, others: Sequence[Member]) -> None: ...

    def store(self) -> StateStore: ...

    def append_at(self, topic: str, value: bytes, timestamp: int, *, partition: int = 0) -> None: ...

    def reader(self, topics: Mapping[str, Begin]) -> TopicReader: ...

    def writer(self, topic: str) -> OperationsWriter: ...

    def close(self) -> None: ...


def answer(asked: Asked[T]) -> T:
    """Ask until the answer is there."""
    while True:
        try:
            next(asked)
        except StopIteration as end:
            found: T = end.value
            return found


def passing(_: str) -> None:
    """A failpoint that lets everything pass."""


class MemoryWorld:
    """Over one MemoryLog."""

    columns = "monitor.columns"
    state = "monitor.state"

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.log.create_topic(self.columns, partitions=2)
        self.log.create_topic(self.state, partitions=2)
        self._numbers = itertools.count(1)

    def name(self, role: str) -> str:
        return role

    def topic(self, role: str, partitions: int = 1) -> str:
        self.log.create_topic(role, partitions=partitions)
        return role

    def create(self, name: str, partitions: int = 1) -> None:
        self.log.create_topic(name, partitions=partitions)

    def delete(self, topic: str) -> None:
        self.log.delete_topic(topic)

    def grow(self, topic: str, partitions: int) -> None:
        self.log.grow(topic, partitions)

    def append(self, topic: str, *values: bytes | None, partition: int = 0, key: bytes | None = None) -> None:
        for value in values:
            self.log.append(topic, value, partition=partition, key=key)

    def foreign(self, topic: str, *values: bytes, partition: int = 0, key: bytes | None = None) -> Foreign:
        transaction = _MemoryForeign(self.log, f"foreign-{next(self._numbers)}")
        for value in values:
            transaction.write(Source(topic, partition), Record(0, -1, key, value))
        return transaction

    def delete_records(self, source: Source, before: int) -> None:
        self.log.delete_records(source, before)

    def compact(self, topic: str) -> None:
        self.log.compact(topic)

    def visible(self, topic: str) -> list[tuple[int, Record]]:
        return [(source.partition, record) for source, record in self.log.records(topic)]

    def low(self, source: Source) -> int:
        return self.log.low(source)

    def forget_offsets(self) -> None:
        self.log.group("group").offsets.clear()

    def set_offset(self, source: Source, offset: int) -> None:
        noted = self.log.group("group").offsets[source]
        self.log.group("group").offsets[source] = noted._replace(offset=offset)

    def member(
        self,
        *inputs: str,
        instance_id: str | None = None,
        on_lost_data: OnLostData = "stop",
        failpoint: Callable[[str], None] = passing,
        diary: Diary | None = None,
    ) -> Member:
        source = MemorySource(
            self.log,
            group="group",
            inputs=inputs,
            columns=self.columns,
            instance_id=instance_id,
            on_lost_data=on_lost_data,
        )
        checkpointer = MemoryCheckpointer(
            self.log,
            source,
            transactional_id=f"group.{instance_id or next(self._numbers)}",
            columns=self.columns,
            failpoint=failpoint,
        )
        diary = diary or Diary()
        source.subscribe(diary)
        return Member(source, checkpointer, self.store(), diary, 2.0, source.close)

    def expire(self, member: Member, others: Sequence[Member]) -> None:
        assert isinstance(member.source, MemorySource)
        self.log.group("group").expire(member.source.member)
        for other in others:
            other.poll()

    def store(self) -> StateStore:
        return MemoryStateStore(self.log, group="group", columns=self.columns, state=self.state)

    def append_at(self, topic: str, value: bytes, timestamp: int, *, partition: int = 0) -> None:
        self.log.append(topic, value, partition=partition, timestamp=timestamp)

    def reader(self, topics: Mapping[str, Begin]) -> TopicReader:
        return MemoryTopicReader(self.log, topics)

    def writer(self, topic: str) -> OperationsWriter:
        return MemoryOperationsWriter(self.log, topic)

    def close(self) -> None:
        """Nothing is left behind."""


class _MemoryForeign:
    def __init__(self, log: MemoryLog, name: str) -> None:
        self._log, self._name, self._epoch = log, name, log.open_producer(name)
        log.begin(name, self._epoch)

    def write(self, source: Source, record: Record) -> None:
        self._log.write(self._name, self._epoch, source, record)

    def commit(self) -> None:
        self._log.commit(self._name, self._epoch)

    def abort(self) -> None:
        self._log.abort(self._name, self._epoch)


class KafkaWorld:
    """On a real broker; every name is unique. protocol: classic or consumer (KIP-848)."""

    def __init__(self, bootstrap: str, unique: Callable[[str], str], protocol: str = "classic") -> None:
        self._bootstrap = bootstrap
        self._unique = unique
        self._protocol = protocol
        self._admin = AdminClient({"bootstrap.servers": bootstrap})
        self._plain = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0})
        self._numbers = itertools.count(1)
        self._members: list[Member] = []
        self._opened: list[KafkaStateStore | TopicReader | OperationsWriter] = []
        self.group = unique("group")
        self.columns = self._make(unique("columns"), 2, {})
        compaction = {"min.cleanable.dirty.ratio": "0.001", "segment.ms": "100", "delete.retention.ms": "0"}
        self.state = self._make(unique("state"), 2, {"cleanup.policy": "compact", **compaction})

    def _make(self, name: str, partitions: int, config: Mapping[str, str]) -> str:
        return create_topic(self._bootstrap, name, partitions=partitions, config=config)

    def name(self, role: str) -> str:
        return self._unique(role)

    def topic(self, role: str, partitions: int = 1) -> str:
        return self._make(self._unique(role), partitions, {})

    def create(self, name: str, partitions: int = 1) -> None:
        self._make(name, partitions, {})

    def delete(self, topic: str) -> None:
        _answers(self._admin.delete_topics([topic]))
        deadline = Deadline(PATIENCE)
        while topic in self._admin.list_topics(timeout=5).topics and not deadline.passed:
            time.sleep(0.1)

    def grow(self, topic: str, partitions: int) -> None:
        _answers(self._admin.create_partitions([NewPartitions(topic, partitions)]))

    def append(self, topic: str, *values: bytes | None, partition: int = 0, key: bytes | None = None) -> None:
        for value in values:
            self._plain.produce(topic, value, key=key, partition=partition)
        assert self._plain.flush(PATIENCE) == 0

    def foreign(self, topic: str, *values: bytes, partition: int = 0, key: bytes | None = None) -> Foreign:
        producer = Producer(
            {
                "bootstrap.servers": self._bootstrap,
                "transactional.id": self._unique(f"f{next(self._numbers)}"),
            }
        )
        producer.init_transactions(PATIENCE)
        producer.begin_transaction()
        for value in values:
            producer.produce(topic, value, key=key, partition=partition)
        assert producer.flush(PATIENCE) == 0
        return _KafkaForeign(producer, lambda: self._high(Source(topic, partition)))

    def delete_records(self, source: Source, before: int) -> None:
        _answers(self._admin.delete_records([TopicPartition(*source, before)]))

    def compact(self, topic: str) -> None:
        """Roll the segments by one more record of a key of no meaning, and wait for the cleaner."""
        time.sleep(0.3)
        self.append(topic, b"roll", key=b"roll")
        deadline = Deadline(PATIENCE)
        while not deadline.passed:
            keys = [record.key for _, record in self.visible(topic) if record.key != b"roll"]
            if len(keys) == len(set(keys)):
                return
            time.sleep(0.5)
            self.append(topic, b"roll", key=b"roll")
        raise AssertionError("the broker did not compact")

    def visible(self, topic: str) -> list[tuple[int, Record]]:
        reader = Consumer(
            {
                "bootstrap.servers": self._bootstrap,
                "group.id": "visible",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "isolation.level": "read_committed",
            }
        )
        try:
            numbers = self._admin.list_topics(topic, timeout=10).topics[topic].partitions
            bounds = {number: self._watermarks(Source(topic, number)) for number in numbers}
            reader.assign([TopicPartition(topic, number, low) for number, (low, _) in bounds.items()])
            return list(_drained(reader, {number: high for number, (_, high) in bounds.items()}))
        finally:
            reader.close()

    def low(self, source: Source) -> int:
        return self._watermarks(source)[0]

    def _high(self, source: Source) -> int:
        return self._watermarks(source)[1]

    def _watermarks(self, source: Source) -> tuple[int, int]:
        """First offset and end; a read_committed consumer would be told where the first open transaction begins."""
        reader = Consumer(
            {
                "bootstrap.servers": self._bootstrap,
                "group.id": "watermarks",
                "isolation.level": "read_uncommitted",
            }
        )
        try:
            low, high = reader.get_watermark_offsets(TopicPartition(*source), timeout=10)
            return low, high
        finally:
            reader.close()

    def forget_offsets(self) -> None:
        deadline = Deadline(PATIENCE)
        while True:
            try:
                _answers(self._admin.delete_consumer_groups([self.group]))
            except KafkaException:  # the last member is still leaving
                assert not deadline.passed
                time.sleep(0.2)
            else:
                return

    def set_offset(self, source: Source, offset: int) -> None:
        writer = Consumer({"bootstrap.servers": self._bootstrap, "group.id": self.group})
        try:
            (before,) = writer.committed([TopicPartition(*source)], timeout=10)
            deadline = Deadline(PATIENCE)
            while True:
                try:
                    writer.commit(
                        offsets=[TopicPartition(*source, offset, metadata=before.metadata)],
                        asynchronous=False,
                    )
                except KafkaException:  # the last member is still leaving
                    assert not deadline.passed
                    time.sleep(0.2)
                else:
                    return
        finally:
            writer.close()

    def options(self, **more: Any) -> KafkaOptions:
        properties = {
            "max.poll.interval.ms": "6000",
            "topic.metadata.refresh.interval.ms": "1000",
            "group.protocol": self._protocol,
            **({"session.timeout.ms": "6000"} if self._protocol == "classic" else {}),
        }
        return KafkaOptions(
            bootstrap_servers=self._bootstrap,
            group_id=self.group,
            properties={f"consumer.{key}": value for key, value in properties.items()},
            watch_seconds=1.0,
            **more,
        )

    def member(
        self,
        *inputs: str,
        instance_id: str | None = None,
        on_lost_data: OnLostData = "stop",
        failpoint: Callable[[str], None] = passing,
        diary: Diary | None = None,
    ) -> Member:
        options = self.options(instance_id=instance_id, on_lost_data=on_lost_data)
        source = KafkaSource(options, inputs=inputs, columns=self.columns)
        checkpointer = KafkaCheckpointer(options, source, columns=self.columns, failpoint=failpoint)
        diary = diary or Diary()
        closed = False

        def close() -> None:
            nonlocal closed
            if not closed:
                closed = True
                source.close()
                checkpointer.close()

        member = Member(source, checkpointer, self.store(), diary, PATIENCE, close)
        self._members.append(member)
        source.subscribe(diary)
        return member

    def expire(self, member: Member, others: Sequence[Member]) -> None:
        """It does not poll for longer than max.poll.interval.ms, and the others take over."""
        owned = member.diary.owned()
        deadline = Deadline(PATIENCE)
        while not owned <= set().union(*(other.diary.owned() for other in others)):
            assert not deadline.passed, "nobody took over"
            for other in others:
                other.poll()

    def store(self) -> StateStore:
        store = KafkaStateStore(self.options(), columns=self.columns, state=self.state)
        self._opened.append(store)
        return store

    def append_at(self, topic: str, value: bytes, timestamp: int, *, partition: int = 0) -> None:
        self._plain.produce(topic, value, partition=partition, timestamp=timestamp)
        assert self._plain.flush(PATIENCE) == 0

    def reader(self, topics: Mapping[str, Begin]) -> TopicReader:
        reader = KafkaTopicReader(self.options(), topics)
        self._opened.append(reader)
        return reader

    def writer(self, topic: str) -> OperationsWriter:
        writer = KafkaOperationsWriter(self.options(), topic)
        self._opened.append(writer)
        return writer

    def close(self) -> None:
        for member in self._members:
            member.diary.on_revoked = lambda _: None
            with contextlib.suppress(Exception):  # fenced or expired ones
                member.close()
        for opened in self._opened:
            opened.close()


@dataclass(slots=True)
class _KafkaForeign:
    """A transaction whose end is in the log when it has ended: the broker answers before it writes the marker."""

    producer: Producer
    high: Callable[[], int]

    def commit(self) -> None:
        before = self.high()
        self.producer.commit_transaction(PATIENCE)
        self._await_marker(before)

    def abort(self) -> None:
        before = self.high()
        self.producer.abort_transaction(PATIENCE)
        self._await_marker(before)

    def _await_marker(self, before: int) -> None:
        deadline = Deadline(PATIENCE)
        while self.high() == before:
            assert not deadline.passed, "the transaction's marker was not written"
            time.sleep(0.01)


def _answers(futures: Mapping[Any, Any]) -> None:
    for future in futures.values():
        future.result(PATIENCE)


def _drained(reader: Consumer, ends: Mapping[int, int]) -> Iterator[tuple[int, Record]]:
    """Up to these ends: a partition also says that it ends in front of a transaction whose marker is still to come."""
    deadline, waiting = Deadline(PATIENCE), set(ends)
    while waiting:
        assert not deadline.passed, f"the ends {ends} were not reached"
        for message in reader.consume(500, 0.2):
            partition, offset = message.partition() or 0, message.offset() or 0
            if message.error() is None:
                yield partition, Record(offset, -1, message.key(), message.value())
            elif offset >= ends[partition]:
                waiting.discard(partition)
