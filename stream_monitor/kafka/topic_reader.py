"""Reads topics to their ends and on, in no group: for whoever shows what the monitor publishes.

An end is what a read_committed reader can see: records behind an open transaction come when that has ended.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, TopicPartition

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Record, Source
from stream_monitor.kafka.clients import ClientErrors, make_consumer
from stream_monitor.kafka.cluster import REACH_SECONDS, Bounds, Cluster, all_partitions
from stream_monitor.kafka.failures import AUTO_OFFSET_RESET, PARTITION_EOF, forbidden, is_fatal, unreachable
from stream_monitor.kafka.options import KafkaOptions
from stream_monitor.kafka.records import record_of
from stream_monitor.kafka.times import offsets_at_times
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.runtime.ports import Begin, Fetched

_ASK_SECONDS: Final = 10.0
_PATIENCE_SECONDS: Final = 15.0  # between the first sign that the brokers are gone and asking them
_GLANCE_SECONDS: Final = 3.0


class KafkaTopicReader:
    """Implements `runtime.ports.TopicReader`. Memory: one fetch."""

    def __init__(self, options: KafkaOptions, topics: Mapping[str, Begin]) -> None:
        """Raises StreamMonitorError: no broker answers or it refuses us, a topic does not exist."""
        self._servers = options.bootstrap_servers
        self._cluster = Cluster(options)
        counts = self._cluster.reach(REACH_SECONDS)
        missing = [topic for topic in topics if topic not in counts]
        if missing:
            raise StreamMonitorError(
                f"there is no topic {', '.join(missing)} at {self._servers}: `stream-monitor run` creates the monitor's topics"
                " when it starts; check kafka.topic_prefix, too"
            )
        self._errors = ClientErrors()
        self._consumer: Consumer = make_consumer(options, self._errors, member=False)
        try:
            self._next = self._starts(topics, all_partitions(counts, topics))
            self._behind = set(self._next)
            self._assign()
        except BaseException:
            self.close()
            raise
        self._patience: Deadline | None = None

    def read(self, max_records: int, timeout: float) -> Sequence[Fetched]:
        """See the port."""
        found: dict[Source, list[Record]] = {}
        for message in self._consumer.consume(max_records, timeout):
            source = Source(message.topic() or "", message.partition() or 0)
            offset = message.offset() or 0
            if message.error() is not None:
                self._at_error(message, source)
            else:
                found.setdefault(source, []).append(record_of(message))
                self._next[source] = offset + 1
        if found:
            self._errors.last = self._patience = None
        else:
            self._check_brokers()
        return [Fetched(source, records) for source, records in found.items()]

    def caught_up(self) -> bool:
        """See the port."""
        return not self._behind

    def close(self) -> None:
        """See the port."""
        self._consumer.close()

    def _starts(self, topics: Mapping[str, Begin], sources: Sequence[Source]) -> dict[Source, int]:
        starts = dict.fromkeys(sources, OFFSET_BEGINNING)
        limited = [source for source in sources if topics[source.topic] != Begin()]
        if not limited:
            return starts
        bounds = self._bounds(limited)
        timed = [source for source in limited if topics[source.topic].time is not None]
        times = {source: topics[source.topic].time or 0 for source in timed}
        starts |= offsets_at_times(self._consumer, self._servers, times, bounds)
        for source in limited:
            latest = topics[source.topic].latest
            if latest is not None:
                last = bounds[source].high - latest
                starts[source] = max(starts[source], bounds[source].low, last)
        return starts

    def _bounds(self, sources: Sequence[Source]) -> Mapping[Source, Bounds]:
        deadline = Deadline(_ASK_SECONDS)
        while not deadline.passed:
            found = self._cluster.bounds(sources, max(0.1, deadline.left() / 2))
            if found is not None and found.keys() >= set(sources):
                return found
        raise StreamMonitorError(unreachable(self._servers, None))

    def _assign(self, sources: Iterable[Source] | None = None) -> None:
        """Let the client read on where we are; `sources` at their first records."""
        for source in sources or ():
            self._next[source] = OFFSET_BEGINNING
        self._consumer.assign([TopicPartition(*source, offset) for source, offset in self._next.items()])

    def _at_error(self, message: Message, source: Source) -> None:
        error = message.error()
        assert error is not None
        if error.code() == PARTITION_EOF:
            self._behind.discard(source)
        elif error.code() == AUTO_OFFSET_RESET:
            self._assign([source])  # retention was faster than we
        elif error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise StreamMonitorError(f"the topic {source.topic} is gone from {self._servers}")
        else:
            why = forbidden(error)
            if why is not None or is_fatal(error):
                raise StreamMonitorError(why or error.str())

    def _check_brokers(self) -> None:
        """Raise when the brokers do not answer any more: a quiet topic and a broker that is away look the same from here."""
        if self._errors.last is None:
            return
        if self._patience is None:
            self._patience = Deadline(_PATIENCE_SECONDS)
        if self._patience.passed:
            last, self._errors.last, self._patience = self._errors.last, None, None
            if self._cluster.partition_counts(_GLANCE_SECONDS) is None:
                raise StreamMonitorError(unreachable(self._servers, last))
