"""The alerts topic for one sink: a consumer group of its own, whose offsets say what the sink has been told.

At least once: a record is committed when it is done with, so whoever takes over may tell it again.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from confluent_kafka import Consumer, KafkaException, TopicPartition

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Record, Source
from stream_monitor.kafka.clients import ClientErrors, make_feed_consumer
from stream_monitor.kafka.failures import forbidden, is_fatal, unreachable
from stream_monitor.kafka.options import KafkaOptions
from stream_monitor.kafka.records import record_of
from stream_monitor.runtime.ports import Clock

FIRST_START_MS: Final = 3_600_000
"""How old a record may be that a sink is told of when its group is new."""
_BATCH: Final = 100
_ASK_SECONDS: Final = 10.0


class KafkaAlertFeed:
    """Implements `runtime.notify.delivery.AlertFeed`."""

    def __init__(self, options: KafkaOptions, topic: str, group: str, clock: Clock) -> None:
        self._servers = options.bootstrap_servers
        self._clock = clock
        self._errors = ClientErrors()
        self._owned: set[Source] = set()
        self._held = False
        self._trouble: KafkaException | None = None  # inside a callback, where nothing may be raised
        self._consumer: Consumer = make_feed_consumer(options, group, self._errors)
        self._consumer.subscribe(
            [topic], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked
        )

    @property
    def owned(self) -> Collection[Source]:
        """See the port."""
        return self._owned

    def poll(self, timeout: float) -> Sequence[tuple[Source, Record]]:
        """See the port. Raises StreamMonitorError."""
        found = []
        try:
            messages = self._consumer.consume(1 if self._held else _BATCH, timeout)
        except KafkaException as refusal:
            raise StreamMonitorError(unreachable(self._servers, refusal.args[0])) from refusal
        for message in messages:
            error = message.error()
            source = Source(message.topic() or "", message.partition() or 0)
            if error is None:
                found.append((source, record_of(message)))
            elif (why := forbidden(error)) is not None or is_fatal(error):
                raise StreamMonitorError(why or error.str())
        trouble, self._trouble = self._trouble, None
        if trouble is not None:
            raise StreamMonitorError(unreachable(self._servers, trouble.args[0])) from trouble
        return found

    def hold(self) -> None:
        """See the port."""
        if not self._held:
            self._held = True
            self._consumer.pause(self._partitions())

    def release(self) -> None:
        """See the port."""
        if self._held:
            self._held = False
            self._consumer.resume(self._partitions())

    def commit(self, source: Source, offset: int) -> None:
        """See the port. What a broker that is away does not hear of is told again. Raises StreamMonitorError."""
        try:
            self._consumer.commit(offsets=[TopicPartition(*source, offset)], asynchronous=True)
        except KafkaException as error:
            raise StreamMonitorError(unreachable(self._servers, error.args[0])) from error

    def close(self) -> None:
        """See the port."""
        self._consumer.close()

    def _partitions(self) -> list[TopicPartition]:
        return [TopicPartition(*source) for source in self._owned]

    def _assigned(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        try:
            starts = self._starts(partitions)
        except KafkaException as error:
            self._trouble, starts = error, {}
        self._consumer.incremental_assign([starts.get((p.topic, p.partition), p) for p in partitions])
        self._owned |= {Source(p.topic, p.partition) for p in partitions}
        if self._held:
            self._consumer.pause(partitions)

    def _starts(self, partitions: Sequence[TopicPartition]) -> Mapping[tuple[str, int], TopicPartition]:
        """Behind what is committed; of a new group the records of the last hour: old alerts are no news."""
        committed = self._consumer.committed(list(partitions), _ASK_SECONDS)
        since = self._clock.wall() - FIRST_START_MS
        new = [TopicPartition(p.topic, p.partition, since) for p in committed if p.offset < 0]
        found = [*(p for p in committed if p.offset >= 0)]
        if new:
            found += self._consumer.offsets_for_times(new, _ASK_SECONDS)
        return {(p.topic, p.partition): p for p in found}

    def _revoked(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        self._owned -= {Source(p.topic, p.partition) for p in partitions}
