"""A broker in memory: topics, offsets, transactions, as Kafka does them, deterministic and synchronous.

Modelled: transaction markers take offsets, aborted and open records are invisible, nobody reads past the first open
transaction (the last stable offset), a producer epoch fences older ones (KIP-98), offsets of an open transaction hold
back the answer (KIP-447), deleting a topic forgets its offsets, DeleteRecords, compaction on demand. Not modelled:
replication, time-outs by themselves (`expire_transactions` is one), retention by age. No clock. One lock: who reads for a
dashboard is in another thread than the worker.
"""

import itertools
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import wraps
from threading import RLock
from typing import Concatenate, NamedTuple, ParamSpec, TypeVar

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Record, Source
from stream_monitor.memory.group import Group, Noted

_P = ParamSpec("_P")
_R = TypeVar("_R")


class ProducerFenced(StreamMonitorError):
    """A newer producer has the transactional id."""


class TransactionExpired(ProducerFenced):
    """The broker has ended a transaction that took too long; nobody else has the transactional id."""


class Outcome(Enum):
    """Of a transaction."""

    OPEN = "open"
    COMMITTED = "committed"
    ABORTED = "aborted"


@dataclass(slots=True, eq=False)
class _Transaction:
    outcome: Outcome = Outcome.OPEN
    touched: dict[Source, None] = field(default_factory=dict)  # in order of first touch
    offsets: dict[str, dict[Source, Noted]] = field(default_factory=dict)


class _Entry(NamedTuple):
    """A record or, without one, a transaction marker."""

    offset: int
    record: Record | None
    transaction: _Transaction | None


@dataclass(slots=True)
class _Partition:
    entries: list[_Entry] = field(default_factory=list)
    low: int = 0
    end: int = 0
    opened: dict[_Transaction, int] = field(default_factory=dict)  # where each open transaction begins

    def append(self, record: Record | None, transaction: _Transaction | None) -> int:
        offset, self.end = self.end, self.end + 1
        if transaction is not None and transaction.outcome is Outcome.OPEN:
            self.opened.setdefault(transaction, offset)
        self.entries.append(
            _Entry(offset, None if record is None else record._replace(offset=offset), transaction)
        )
        return offset

    def stable(self) -> int:
        """First offset of an open transaction, else the end."""
        return min(self.opened.values(), default=self.end)

    def at(self, offset: int) -> int:
        """Index of the first entry at or behind `offset`."""
        return bisect_left(self.entries, offset, key=lambda entry: entry.offset)


@dataclass(slots=True)
class _Topic:
    id: str
    partitions: list[_Partition]


def _alone(
    method: Callable[Concatenate["MemoryLog", _P], _R],
) -> Callable[Concatenate["MemoryLog", _P], _R]:
    """One thread at a time."""

    @wraps(method)
    def locked(log: "MemoryLog", /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        with log.lock:
            return method(log, *args, **kwargs)

    return locked


class MemoryLog:
    """All topics, groups and transactional ids of one pretended cluster.

    now: time stamp of records written in transactions, ms UTC. on_wait: called whenever a reader would have to wait for a
    transaction to end; by default all open ones time out, because in one thread nobody is left to end them.

    >>> log = MemoryLog()
    >>> log.create_topic("clicks", partitions=2)
    >>> log.append("clicks", b"one", partition=1)
    0
    >>> [record.value for _, record in log.records("clicks")]
    [b'one']
    """

    def __init__(
        self, *, now: Callable[[], int] = lambda: -1, on_wait: Callable[[], None] | None = None
    ) -> None:
        self.now = now
        self.on_wait: Callable[[], None] = on_wait or self.expire_transactions
        self.lock = RLock()
        self.version = 0  # changes with the set of partitions
        self._topics: dict[str, _Topic] = {}
        self._groups: dict[str, Group] = {}
        self._epochs: dict[str, int] = {}
        self._expired: dict[str, int] = {}  # the epoch that the end of an expired transaction made
        self._open: dict[str, _Transaction] = {}
        self._ids = itertools.count(1)

    # ------------------------------------------------------------------ topics

    def create_topic(self, name: str, *, partitions: int = 1) -> None:
        """A new topic with an id of its own. Raises ValueError when it exists."""
        if name in self._topics:
            raise ValueError(f"topic {name} exists")
        self._topics[name] = _Topic(f"id-{next(self._ids)}", [_Partition() for _ in range(partitions)])
        self.version += 1

    def delete_topic(self, name: str) -> None:
        """Remove a topic; as on a broker the committed offsets of all groups go with it."""
        del self._topics[name]
        for group in self._groups.values():
            group.forget_topic(name)
        self.version += 1

    def grow(self, name: str, partitions: int) -> None:
        """Raise the number of partitions."""
        have = self._topics[name].partitions
        have.extend(_Partition() for _ in range(partitions - len(have)))
        self.version += 1

    def topic_id(self, name: str) -> str:
        """Id of an existing topic."""
        return self._topics[name].id

    def partition_counts(self) -> Mapping[str, int]:
        """Of all topics."""
        return {name: len(topic.partitions) for name, topic in self._topics.items()}

    def group(self, name: str) -> Group:
        """The coordinator of a group; made when first asked for."""
        return self._groups.setdefault(name, Group(name))

    # ------------------------------------------------------------------ writing outside transactions

    @_alone
    def append(
        self,
        topic: str,
        value: bytes | None,
        *,
        key: bytes | None = None,
        partition: int = 0,
        timestamp: int = -1,
        headers: Sequence[tuple[str, bytes | None]] = (),
    ) -> int:
        """Write a record at once, as a plain producer does; its offset."""
        return self._partition(Source(topic, partition)).append(
            Record(0, timestamp, key, value, headers), None
        )

    @_alone
    def delete_records(self, source: Source, before: int) -> None:
        """What lies below `before` is gone."""
        partition = self._partition(source)
        partition.low = max(partition.low, min(before, partition.end))
        del partition.entries[: partition.at(partition.low)]

    @_alone
    def compact(self, topic: str) -> None:
        """Keep the last committed value of every key; offsets stay, so there are gaps; what is open is not touched."""
        for partition in self._topics[topic].partitions:
            stable = partition.stable()
            last = {
                entry.record.key: entry.offset
                for entry in partition.entries
                if entry.record is not None and entry.offset < stable and _visible(entry)
            }
            partition.entries = [
                entry
                for entry in partition.entries
                if entry.offset >= stable
                or (
                    entry.record is not None
                    and last.get(entry.record.key) == entry.offset
                    and entry.record.value is not None
                )
            ]

    # ------------------------------------------------------------------ reading

    def low(self, source: Source) -> int:
        """First offset present."""
        return self._partition(source).low

    def high(self, source: Source) -> int:
        """One behind the last offset, as READ_UNCOMMITTED sees it."""
        return self._partition(source).end

    @_alone
    def read(self, source: Source, offset: int, limit: int) -> tuple[list[Record], int]:
        """At most `limit` committed records from `offset` on, and the position behind them and what is invisible.

        Raises IndexError when the offset is out of range.
        """
        partition = self._partition(source)
        if not partition.low <= offset <= partition.end:
            raise IndexError(offset)
        stable = partition.stable()
        found: list[Record] = []
        for entry in itertools.islice(partition.entries, partition.at(offset), None):
            if entry.offset >= stable:
                break
            if len(found) == limit:
                return found, entry.offset
            if entry.record is not None and _visible(entry):
                found.append(entry.record)
        return found, max(offset, stable)

    def records(self, topic: str) -> list[tuple[Source, Record]]:
        """All that a read_committed reader sees, partition by partition."""
        sources = [Source(topic, number) for number in range(len(self._topics[topic].partitions))]
        return [
            (source, record)
            for source in sources
            for record in self.read(source, self.low(source), self.high(source))[0]
        ]

    # ------------------------------------------------------------------ transactions

    @_alone
    def open_producer(self, transactional_id: str) -> int:
        """init_transactions: aborts what was open under the id; the new epoch, older ones are fenced."""
        self._end(transactional_id, Outcome.ABORTED)
        self._epochs[transactional_id] = self._epochs.get(transactional_id, -1) + 1
        return self._epochs[transactional_id]

    def begin(self, transactional_id: str, epoch: int) -> None:
        """Begin a transaction. Raises ProducerFenced."""
        self._check(transactional_id, epoch)
        self._open[transactional_id] = _Transaction()

    @_alone
    def write(self, transactional_id: str, epoch: int, source: Source, record: Record) -> int:
        """Write a record in the open transaction; its offset."""
        transaction = self._current(transactional_id, epoch)
        transaction.touched[source] = None
        return self._partition(source).append(record._replace(timestamp=self.now()), transaction)

    def send_offsets(
        self, transactional_id: str, epoch: int, group: str, offsets: Mapping[Source, Noted]
    ) -> None:
        """Add offsets to the open transaction; the caller has checked the membership."""
        transaction = self._current(transactional_id, epoch)
        transaction.offsets.setdefault(group, {}).update(offsets)

    @_alone
    def commit(self, transactional_id: str, epoch: int) -> None:
        """All of the open transaction becomes visible."""
        self._current(transactional_id, epoch)
        self._end(transactional_id, Outcome.COMMITTED)

    @_alone
    def abort(self, transactional_id: str, epoch: int) -> None:
        """Nothing of the open transaction will ever be visible."""
        self._current(transactional_id, epoch)
        self._end(transactional_id, Outcome.ABORTED)

    @_alone
    def expire_transactions(self) -> None:
        """All open transactions have taken too long: they are aborted, and their producers need a new epoch."""
        for transactional_id in list(self._open):
            self._expired[transactional_id] = self.open_producer(transactional_id)

    def pending(self, group: str, sources: Iterable[Source]) -> bool:
        """Whether an open transaction holds an offset of one of these partitions."""
        wanted = set(sources)
        return any(wanted & t.offsets.get(group, {}).keys() for t in self._open.values())

    def committed(self, group: str, source: Source) -> Noted | None:
        """The committed offset of the group and the note with it, whatever is pending."""
        return self.group(group).offsets.get(source)

    def _end(self, transactional_id: str, outcome: Outcome) -> None:
        transaction = self._open.pop(transactional_id, None)
        if transaction is None:
            return
        transaction.outcome = outcome
        for source in transaction.touched:
            if source.topic in self._topics:
                partition = self._partition(source)
                partition.opened.pop(transaction, None)
                partition.append(None, transaction)
        if outcome is Outcome.COMMITTED:
            for group, offsets in transaction.offsets.items():
                self.group(group).offsets.update(offsets)

    def _current(self, transactional_id: str, epoch: int) -> _Transaction:
        self._check(transactional_id, epoch)
        return self._open[transactional_id]

    def _check(self, transactional_id: str, epoch: int) -> None:
        current = self._epochs.get(transactional_id)
        if current != epoch:
            expired = current is not None and self._expired.get(transactional_id) == current == epoch + 1
            kind = TransactionExpired if expired else ProducerFenced
            raise kind(f"transactional id {transactional_id}: epoch {epoch} is fenced")

    def _partition(self, source: Source) -> _Partition:
        return self._topics[source.topic].partitions[source.partition]


def _visible(entry: _Entry) -> bool:
    return entry.transaction is None or entry.transaction.outcome is Outcome.COMMITTED
