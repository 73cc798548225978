"""Reads back what earlier transactions wrote: committed offset, snapshots, and the columns log. Never joins the group.

Ends of reading are taken with READ_UNCOMMITTED and waited for with read_committed: the last stable offset would stop
before a transaction whose marker has reached the offsets but not yet the state topic (KAFKA-10167).
"""

from collections.abc import Iterator
from typing import Final

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Record, Source
from stream_monitor.kafka.clients import ClientErrors, make_restoring_consumer
from stream_monitor.kafka.cluster import Bounds, Cluster
from stream_monitor.kafka.failures import AUTO_OFFSET_RESET, PARTITION_EOF, forbidden, is_fatal, unreachable
from stream_monitor.kafka.group_offsets import group_offsets
from stream_monitor.kafka.options import KafkaOptions
from stream_monitor.kafka.records import record_of
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.runtime.ports import Asked, LostData
from stream_monitor.runtime.positions import way_out

_WAIT_SECONDS: Final = 0.02  # `consume` waits so long for a full batch, and most partitions end before
_ASK_SECONDS: Final = 1.0  # a try; what was begun for it (connections, coordinator) serves the next one
_GLANCE_SECONDS: Final = 3.0
_BATCH: Final = 500
# A client that was not answered for so long is replaced. It may wait for a coordinator that it has lost for good: one that
# left the metadata for a moment, as in a restart, is given up and not always looked for again (librdkafka#5511).
_RENEW_SECONDS: Final = 10.0


class KafkaStateStore:
    """Implements `runtime.ports.StateStore`. Iterators may be interleaved; each turn costs an assignment.

    Memory: `snapshots` holds the last value of every key of one partition.
    """

    def __init__(self, options: KafkaOptions, *, columns: str, state: str) -> None:
        self._options = options
        self._columns = columns
        self._state = state
        self._cluster = Cluster(options)
        self._errors = ClientErrors()
        self._consumer: Consumer = make_restoring_consumer(options, self._errors)
        self._reader: object = None

    def committed(self, partition: int, deadline: Deadline) -> Asked[int | None]:
        """See the port. The broker holds the answer back while a transaction on the offset is pending (KIP-447)."""
        asked, patience = TopicPartition(self._columns, partition), Deadline(_RENEW_SECONDS)
        while True:
            try:
                (answer,) = self._consumer.committed([asked], _try(deadline))
            except KafkaException as error:
                self._check(error, deadline, "the committed offset")
            else:
                if answer.error is None:
                    return answer.offset if answer.offset >= 0 else None
                self._check(KafkaException(answer.error), deadline, "the committed offset")
            if patience.passed:
                self._renew()
                patience = Deadline(_RENEW_SECONDS)
            yield

    def low_watermark(self, partition: int, deadline: Deadline) -> Asked[int]:
        """See the port."""
        return (yield from self._bounds(Source(self._columns, partition), deadline)).low

    def snapshots(self, partition: int, deadline: Deadline) -> Iterator[tuple[bytes, bytes] | None]:
        """See the port. Raises StreamMonitorError when the end is not reached in time."""
        source, latest = Source(self._state, partition), dict[bytes, bytes]()
        bounds = yield from self._bounds(source, deadline)
        for record in self._read(source, bounds.low, bounds.high, deadline):
            if record is None:
                yield None
            elif record.key is None:
                continue  # nobody but us writes here, and we always write a key
            elif record.value is None:
                latest.pop(record.key, None)
            else:
                latest[record.key] = record.value
        yield from latest.items()

    def log(self, partition: int, first: int, last: int, deadline: Deadline) -> Iterator[Record | None]:
        """See the port. Raises LostData when `first` is gone, StreamMonitorError when `last` is not reached in time."""
        source = Source(self._columns, partition)
        if first < last:
            bounds = yield from self._bounds(source, deadline)
            if first < bounds.low or last > bounds.high:
                raise LostData(
                    f"{self._columns} partition {partition}: offsets {first} to {last - 1} are needed to rebuild the"
                    f" state, but {bounds.low} to {bounds.high - 1} are there; {way_out(self._options.group_id)}"
                )
        yield from self._read(source, first, last, deadline)

    def close(self) -> None:
        """Let go of the consumer."""
        self._reader = None
        self._consumer.close()

    def _renew(self) -> None:
        """A new consumer for one that gets no answer: without its last reference that one goes, and waits for nobody."""
        self._options.logger.warning("no answer for %.0f s: asking again with a new client", _RENEW_SECONDS)
        self._errors = ClientErrors()
        self._consumer = make_restoring_consumer(self._options, self._errors)
        self._reader = None

    def _read(self, source: Source, first: int, last: int, deadline: Deadline) -> Iterator[Record | None]:
        """Committed records of [first, last); done at a record or an end of partition at or behind last - 1."""
        if (
            first >= last
        ):  # empty, or emptied: offsets that are not 0 do not mean records (faust-streaming#597)
            return
        token = object()
        try:
            yield from self._read_as(token, source, first, last, deadline)
        finally:
            if self._reader is token:  # else it would go on asking for more
                self._consumer.unassign()
                self._reader = None

    def _read_as(
        self, token: object, source: Source, first: int, last: int, deadline: Deadline
    ) -> Iterator[Record | None]:
        position, patience = first, Deadline(_RENEW_SECONDS)
        while position < last:
            if self._reader is not token:  # also when another iterator has used the consumer since
                self._consumer.assign([TopicPartition(source.topic, source.partition, position)])
                self._reader = token
            messages = self._consumer.consume(_BATCH, _WAIT_SECONDS)
            for message in messages:
                if message.error() is not None:
                    position = max(position, self._at_error(message, source, deadline))
                    continue
                offset = message.offset() or 0
                position = offset + 1
                if offset < last:
                    yield record_of(message)
            if messages:
                patience = Deadline(_RENEW_SECONDS)
            else:
                if patience.passed:
                    self._renew()
                    patience = Deadline(_RENEW_SECONDS)
                yield None
            if deadline.passed and position < last:
                raise StreamMonitorError(
                    f"{source.topic} partition {source.partition} could not be read up to {last} in time, only to"
                    f" {position}: a broker is down, or a transaction hangs (kafka-transactions.sh find-hanging)"
                )

    def _at_error(self, message: Message, source: Source, deadline: Deadline) -> int:
        """The position an end of partition stands for; 0 for an error that the client retries."""
        error = message.error()
        assert error is not None
        if error.code() == PARTITION_EOF:
            return message.offset() or 0
        if error.code() == AUTO_OFFSET_RESET:
            raise LostData(
                f"{source.topic} partition {source.partition}: offset {message.offset()} is no longer on the broker;"
                f" {way_out(self._options.group_id)}"
            )
        self._check(KafkaException(error), deadline, f"{source.topic} partition {source.partition}")
        return 0

    def _bounds(self, source: Source, deadline: Deadline) -> Asked[Bounds]:
        while True:
            answer = self._cluster.bounds([source], _try(deadline))
            if answer is not None:
                if source not in answer:
                    raise StreamMonitorError(
                        f"{source.topic} has no partition {source.partition}: stream-monitor topics create"
                    )
                return answer[source]
            if deadline.passed:
                raise StreamMonitorError(unreachable(self._options.bootstrap_servers, self._errors.last))
            yield

    def _check(self, error: KafkaException, deadline: Deadline, what: str) -> None:
        """Raise when this will not get better, or the time is up."""
        why = forbidden(error.args[0])
        if why is not None:
            raise StreamMonitorError(why) from error
        if is_fatal(error.args[0]) or deadline.passed:
            raise StreamMonitorError(
                f"{what} of group {self._options.group_id} could not be read in time"
                f" ({error.args[0].str()}): {self._cause()}"
            ) from error

    def _cause(self) -> str:
        """Whoever does not wait for pending transactions gets an answer even then."""
        if group_offsets(self._options, [Source(self._columns, 0)], _GLANCE_SECONDS) is None:
            return unreachable(self._options.bootstrap_servers, self._errors.last)
        return "a transaction of another worker hangs (kafka-transactions.sh find-hanging)"


def _try(deadline: Deadline) -> float:
    return max(0.05, min(_ASK_SECONDS, deadline.left()))
