"""What the worker needs from the outside world, as narrow protocols over bytes. Adapters: `kafka/` and `memory/`.

A partition is a `Source` (topic, partition), for the columns topic too. Both adapters are held to one contract suite.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias, TypeVar

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Record, Source
from stream_monitor.formats.encoded import EncodedRecord
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.telemetry.view import Loss

_T = TypeVar("_T")

# A question that is asked while it is iterated: None after every try that brought no answer, the answer at the end.
Asked: TypeAlias = Generator[None, None, _T]


class Fetched(NamedTuple):
    """Records of one partition, in order; never empty, never of two partitions."""

    source: Source
    records: Sequence[Record]


class OutRecord(NamedTuple):
    """A record to be written inside a transaction. partition None: the key decides."""

    topic: str
    partition: int | None
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """Records in the order in which they must be written, and the next offsets of the consumed partitions."""

    records: Sequence[OutRecord]
    offsets: Mapping[Source, int]


class TransactionAborted(StreamMonitorError):
    """Nothing of the transaction became visible or its outcome is unknown; forget all state, restore, read again.

    The adapter has already made itself usable again (aborted, or a new producer epoch that fences the old one).
    """


class Fenced(StreamMonitorError):
    """Another process runs with this instance id: stop."""


class LostData(StreamMonitorError):
    """Offsets expired, a topic was recreated, or state and offsets do not fit: stop, and say what to do."""


class RebalanceListener(Protocol):
    """Told inside `poll` and `close`. Must be bounded in time, may commit in `revoked`, must never commit in `lost`.

    Between `assigned` and the first record of a partition its start offset is checked; a later `poll` returns nothing of
    it until that is done (a transaction of its last owner may still be pending) and raises LostData when it cannot be.
    """

    def assigned(self, sources: Sequence[Source]) -> None:
        """These are ours from now on."""
        ...

    def revoked(self, sources: Sequence[Source]) -> None:
        """These are still ours until this returns."""
        ...

    def lost(self, sources: Sequence[Source]) -> None:
        """These belong to somebody else already: abort, forget."""
        ...


class RecordSource(Protocol):
    """The consuming side of one member of the group. Subscribed to the input topics and the columns topic.

    Made after the Checkpointer, so that what an earlier run with the same instance id left open is resolved first.
    """

    def subscribe(self, listener: RebalanceListener) -> None:
        """Join the group; once, before the first `poll`."""
        ...

    def poll(self, max_records: int, timeout: float) -> Sequence[Fetched]:
        """At most `max_records`, grouped by partition; serves rebalance callbacks. timeout in seconds, <= 0.5.

        Raises what a listener raised, LostData, Fenced, or StreamMonitorError when the broker refuses for good.
        """
        ...

    def pause(self, sources: Sequence[Source]) -> None:
        """Return nothing of these until `resume`; allowed in `assigned`; forgotten when a partition is given up."""
        ...

    def resume(self, sources: Sequence[Source]) -> None:
        """Go on behind the last record returned, or where `seek` or `rewind` moved."""
        ...

    def seek(self, source: Source, offset: int) -> None:
        """Return records of an assigned partition from `offset` on, also when it is paused or not started yet."""
        ...

    def rewind(self, deadline: Deadline) -> None:
        """Move every assigned partition back to its committed offset (after an aborted transaction); pauses stay.

        Waits for pending transactions. Raises LostData, or StreamMonitorError when the deadline has passed.
        """
        ...

    def at_end(self, source: Source) -> bool:
        """Whether everything that a read_committed reader could see had been returned when last looked."""
        ...

    def position(self, source: Source) -> int | None:
        """Next offset that `poll` will return of an assigned partition; None until its start is settled."""
        ...

    def partition_counts(self) -> Mapping[str, int]:
        """Partition count of every subscribed input topic."""
        ...

    def lag(self) -> Mapping[Source, int]:
        """Records between the committed position and the end, of every assigned partition that knows it."""
        ...

    def losses(self) -> Mapping[Source, Loss]:
        """What was given up so far because `on_lost_data` says continue, by partition, owned or not."""
        ...

    def close(self) -> None:
        """Leave the group; `revoked` is called for what was owned."""
        ...


class Checkpointer(Protocol):
    """The producing side: one transaction at a time, nothing outside of one."""

    def commit(self, transaction: Transaction, deadline: Deadline) -> None:
        """All of it becomes visible at once, or none. Raises TransactionAborted, Fenced, StreamMonitorError.

        Refuses (TransactionAborted) offsets of partitions that this member does not own any more: a zombie's. A
        transaction without offsets would not be checked against the group at all, so it is a ValueError.
        """
        ...

    def purge(self, partition: int, before: int) -> None:
        """The columns log of `partition` is no longer needed below the offset `before`. Best effort, must not block."""
        ...

    def close(self) -> None:
        """Let go of the producer; nothing is committed."""
        ...


class StateStore(Protocol):
    """Reads what earlier transactions wrote, apart from the group. Nothing is asked before the first iteration.

    A broker may take minutes to answer, so everything here yields None about every second of waiting. Raises
    StreamMonitorError when the deadline has passed.
    """

    def committed(self, partition: int, deadline: Deadline) -> Asked[int | None]:
        """Committed offset of the group in the columns partition, waiting for pending transactions; None when there is none."""
        ...

    def low_watermark(self, partition: int, deadline: Deadline) -> Asked[int]:
        """First offset still present in the columns partition."""
        ...

    def snapshots(self, partition: int, deadline: Deadline) -> Iterator[tuple[bytes, bytes] | None]:
        """Last value of every key of the state partition that is not a tombstone, up to the end as of the first
        iteration (READ_UNCOMMITTED end, read as read_committed: design of KAFKA-10167).
        """
        ...

    def log(self, partition: int, first: int, last: int, deadline: Deadline) -> Iterator[Record | None]:
        """Committed records of the columns partition with first <= offset < last, in order. Raises LostData."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """Where to begin in every partition of a topic: at `time` (ms UTC, by the records' own timestamps) or at the first record,
    but not before the last `latest` offsets, if that is given.
    """

    time: int | None = None
    latest: int | None = None


class TopicReader(Protocol):
    """Reads topics to their ends and on, in no group: committed records only, in order within each partition.

    Made for all partitions as they are when it is made. Records may be removed before they are read: it goes on behind them.
    """

    def read(self, max_records: int, timeout: float) -> Sequence[Fetched]:
        """At most `max_records`, grouped by partition; waits up to `timeout` seconds for the first.

        Raises StreamMonitorError when the broker refuses for good, or has not answered for a while; then make a new one.
        """
        ...

    def caught_up(self) -> bool:
        """Whether it has been at the end of every partition: what was committed when it was made was returned. Stays true."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class OperationsWriter(Protocol):
    """Writes to the operations topic, outside of any transaction. May be used by any thread."""

    def write(self, record: EncodedRecord, deadline: Deadline) -> None:
        """Written for good when this returns; one without value takes back what was written under its key.

        Raises StreamMonitorError when the broker refuses it, or has not said so in time: then it may be written or not.
        """
        ...

    def close(self) -> None:
        """Let go of the producer."""
        ...


class Clock(Protocol):
    """Time as an argument."""

    def wall(self) -> int:
        """ms UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds."""
        ...
