"""Reads a range of a topic once or more: from offsets or times up to offsets, times, or the ends as of now.

Committed records only, partition after partition, so that the same range gives the same records in the same order. Joins no
group and commits nothing. Knows nothing of what the records hold.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from confluent_kafka import Consumer, Message, TopicPartition

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Record, Source
from stream_monitor.kafka.clients import ClientErrors, make_consumer
from stream_monitor.kafka.cluster import REACH_SECONDS, Bounds, Cluster, all_partitions
from stream_monitor.kafka.failures import AUTO_OFFSET_RESET, PARTITION_EOF, forbidden, is_fatal, unreachable
from stream_monitor.kafka.options import KafkaOptions
from stream_monitor.kafka.records import record_of
from stream_monitor.kafka.times import offsets_at_times
from stream_monitor.runtime.deadline import Deadline

_ASK_SECONDS: Final = 10.0
_WAIT_SECONDS: Final = 0.1
_BATCH: Final = 1_000
_PATIENCE_SECONDS: Final = 30.0  # without a record, an end or anything else from the broker
_PENDING_SECONDS: Final = (
    5.0  # a commit that was answered is seen when the broker has written its marker: at once, mostly
)

Limit: TypeAlias = int | Mapping[int, int] | None
"""Where a range begins or ends: a time in ms UTC, offsets by partition, or as far as there are records."""


class Span(NamedTuple):
    """Offsets [first, last) of one partition."""

    partition: int
    first: int
    last: int


class TopicRange:
    """A range of one topic. `spans` is fixed when it is made. Memory: one fetch."""

    def __init__(self, options: KafkaOptions, topic: str, begin: Limit, end: Limit) -> None:
        """Raises StreamMonitorError: no broker answers, there is no such topic or partition, offsets that are not there."""
        self._servers, self._topic = options.bootstrap_servers, topic
        self._errors = ClientErrors()
        self._pending: dict[int, int] = {}
        self._consumer: Consumer = make_consumer(options, self._errors, member=False)
        try:
            self.spans: Sequence[Span] = self._resolved(bounds_of(options, topic), begin, end)
        except BaseException:
            self.close()
            raise

    @property
    def pending(self) -> Mapping[int, int]:
        """Offsets at the ends of partitions that a transaction held back at the last reading, by partition."""
        return self._pending

    def records(self, span: Span) -> Iterator[Record]:
        """The committed records of `span`. Raises StreamMonitorError: the broker stays away, or records were removed."""
        self._pending.pop(span.partition, None)
        if span.first >= span.last:
            return
        self._consumer.assign([TopicPartition(self._topic, span.partition, span.first)])
        position, patience, at_end = span.first, Deadline(_PATIENCE_SECONDS), None
        while position < span.last:
            messages = self._consumer.consume(_BATCH, _WAIT_SECONDS)
            for message in messages:
                if message.error() is not None:
                    if self._is_end(message, span):
                        position = max(position, message.offset() or 0)
                        at_end = at_end or Deadline(_PENDING_SECONDS)
                    continue
                offset = message.offset() or 0
                position, at_end = offset + 1, None
                if offset < span.last:
                    yield record_of(message)
            if messages:
                patience = Deadline(_PATIENCE_SECONDS)
            if at_end is not None and at_end.passed and position < span.last:
                self._pending[span.partition] = span.last - position
                return
            if patience.passed:
                raise StreamMonitorError(unreachable(self._servers, self._errors.last))

    def close(self) -> None:
        """Let go of the consumer."""
        self._consumer.close()

    def _resolved(self, bounds: Mapping[int, Bounds], begin: Limit, end: Limit) -> Sequence[Span]:
        firsts = self._offsets(bounds, begin, {partition: one.low for partition, one in bounds.items()})
        lasts = self._offsets(bounds, end, {partition: one.high for partition, one in bounds.items()})
        return [
            Span(partition, firsts[partition], lasts[partition])
            for partition in sorted(firsts.keys() & lasts)
        ]

    def _offsets(
        self, bounds: Mapping[int, Bounds], limit: Limit, default: Mapping[int, int]
    ) -> Mapping[int, int]:
        if limit is None:
            return default
        if isinstance(limit, int):
            return self._at_time(bounds, limit)
        for partition, offset in limit.items():
            there = bounds.get(partition)
            if there is None:
                raise StreamMonitorError(
                    f"{self._topic} has no partition {partition}: it has {len(bounds)}, counted from 0"
                )
            if not there.low <= offset <= there.high:
                raise StreamMonitorError(
                    f"{self._topic} partition {partition} holds offsets {there.low} to {there.high}, not {offset}"
                )
        return limit

    def _at_time(self, bounds: Mapping[int, Bounds], time: int) -> Mapping[int, int]:
        """The first offset of every partition whose record is not older; its end where there is none."""
        sources = {Source(self._topic, partition): one for partition, one in bounds.items()}
        found = offsets_at_times(self._consumer, self._servers, dict.fromkeys(sources, time), sources)
        return {source.partition: offset for source, offset in found.items()}

    def _is_end(self, message: Message, span: Span) -> bool:
        """Whether it says that the partition has no more to read now, and not an error that the client retries."""
        error = message.error()
        assert error is not None
        if error.code() == PARTITION_EOF:
            return True
        if error.code() == AUTO_OFFSET_RESET:
            raise StreamMonitorError(
                f"{self._topic} partition {span.partition}: offset {message.offset()} was removed while it was to be read;"
                " choose a later --from"
            )
        why = forbidden(error)
        if why is not None or is_fatal(error):
            raise StreamMonitorError(why or error.str())
        return False


def bounds_of(options: KafkaOptions, topic: str) -> Mapping[int, Bounds]:
    """First and last offsets of every partition, as of now. Raises StreamMonitorError: no broker answers, no such topic."""
    cluster = Cluster(options)
    sources = all_partitions(cluster.reach(REACH_SECONDS), [topic])
    if not sources:
        raise StreamMonitorError(f"there is no topic {topic!r} at {options.bootstrap_servers}")
    deadline = Deadline(_ASK_SECONDS)
    while not deadline.passed:
        found: Mapping[Source, Bounds] | None = cluster.bounds(sources, max(0.1, deadline.left() / 2))
        if found is not None:
            return {source.partition: bounds for source, bounds in found.items()}
    raise StreamMonitorError(unreachable(options.bootstrap_servers, None))
