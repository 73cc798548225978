"""Finds where assigned partitions start, checks that nothing was lost, and moves the client there.

Committed offsets are read in the stable way (KIP-447: read_committed makes the client ask so), which waits for pending
transactions of the last owner; until then a partition stays pending and the next poll tries again.
"""

import time
from collections.abc import Callable, Collection, Mapping
from typing import Final

from confluent_kafka import Consumer, KafkaException, TopicPartition

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Source
from stream_monitor.kafka.cluster import Cluster
from stream_monitor.kafka.failures import STATE, forbidden
from stream_monitor.kafka.group_offsets import Noted, group_offsets
from stream_monitor.kafka.options import KafkaOptions
from stream_monitor.kafka.topic_watch import TopicWatch
from stream_monitor.runtime.assignment import Assignment
from stream_monitor.runtime.losses import Losses
from stream_monitor.runtime.positions import Facts, recorded_id, start_offset

_QUESTION_SECONDS: Final = 2.0


class Starts:
    """Start offsets of the pending partitions of an assignment."""

    def __init__(
        self,
        options: KafkaOptions,
        consumer: Consumer,
        cluster: Cluster,
        topics: TopicWatch,
        assignment: Assignment,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._options = options
        self.consumer = consumer
        self._cluster = cluster
        self._topics = topics
        self._assignment = assignment
        self._monotonic = monotonic
        self._pending_since: float | None = None
        self.losses = Losses()

    def resolve(self, seconds: float) -> None:
        """Try to start every pending partition; those that cannot be started yet stay pending.

        Raises LostData, and StreamMonitorError when it has been tried for `patience_seconds`.
        """
        pending = self._assignment.pending()
        if not pending:
            self._pending_since = None
            return
        self._be_patient(pending)
        committed = self._committed(pending, seconds)
        facts = None if committed is None else self._facts(pending, committed)
        if facts is None:
            return
        for source, known in facts.items():
            start = start_offset(
                source, known, group=self._options.group_id, on_lost_data=self._options.on_lost_data
            )
            wanted = self._assignment[source].wanted
            offset = wanted if start.lost is None and wanted is not None else start.offset
            if self.move(source, offset):
                progress = self._assignment[source]
                progress.committed, progress.high = start.offset, known.high
                if start.lost is not None:
                    self.losses.add(source, known)
                    self._options.logger.warning("%s; going on at offset %d", start.lost, start.offset)

    def move(self, source: Source, offset: int) -> bool:
        """Let the client read on at `offset`; False, and pending with this wish, when it is not ready for it."""
        progress = self._assignment[source]
        target = TopicPartition(source.topic, source.partition, offset)
        try:
            if progress.stopped:
                self.consumer.incremental_unassign([TopicPartition(*source)])
                self.consumer.incremental_assign([target])
                if progress.paused:
                    self.consumer.pause([TopicPartition(*source)])
            else:
                self.consumer.seek(target)
        except KafkaException as error:
            if error.args[0].code() != STATE:
                raise StreamMonitorError(f"cannot read {source.topic} {source.partition}: {error}") from error
            self._assignment.forget_position([source])  # the client has not started the partition yet
            progress.wanted = offset
            return False
        self._assignment.start(source, offset)
        return True

    def _be_patient(self, pending: Collection[Source]) -> None:
        now = self._monotonic()
        if self._pending_since is None:
            self._pending_since = now
        elif now - self._pending_since > self._options.patience_seconds:
            names = ", ".join(f"{topic} {number}" for topic, number in pending)
            raise StreamMonitorError(
                f"the committed offsets of {names} could not be read for {self._options.patience_seconds:g} s: a broker"
                " is down, or a transaction of another worker hangs (kafka-transactions.sh find-hanging)"
            )

    def _committed(self, pending: Collection[Source], seconds: float) -> Mapping[Source, Noted | None] | None:
        try:
            answer = self.consumer.committed([TopicPartition(*source) for source in pending], seconds)
        except KafkaException as error:
            why = forbidden(error.args[0])
            if why is not None:
                raise StreamMonitorError(why) from error
            return None  # most often: a transaction is still pending
        if any(tp.error is not None for tp in answer):
            return None
        return {
            Source(tp.topic, tp.partition): Noted(tp.offset, tp.metadata or "") if tp.offset >= 0 else None
            for tp in answer
        }

    def _facts(
        self, pending: Collection[Source], committed: Mapping[Source, Noted | None]
    ) -> Mapping[Source, Facts] | None:
        """None when the brokers did not answer in time; without partitions that have just disappeared."""
        ids = self._cluster.topic_ids({source.topic for source in pending}, _QUESTION_SECONDS)
        bounds = self._cluster.bounds(pending, _QUESTION_SECONDS)
        notes = (
            self._columns_notes() if any(not (noted and noted.note) for noted in committed.values()) else ()
        )
        if ids is None or bounds is None or notes is None or not self._topics.learn(ids):
            return None
        facts = {}
        for source in pending:
            if source in bounds and source.topic in ids:
                noted, topic_id = committed[source], ids[source.topic]
                own = noted.note if noted else None
                facts[source] = Facts(
                    committed=noted.offset if noted else None,
                    recorded_id=recorded_id(own, notes, source, topic_id),
                    topic_id=topic_id,
                    low=bounds[source].low,
                    high=bounds[source].high,
                )
        return facts

    def _columns_notes(self) -> Collection[str] | None:
        """The notes that remember the ids of all inputs; need not be stable."""
        columns, _ = self._topics.partitions()
        offsets = group_offsets(self._options, columns, _QUESTION_SECONDS)
        return None if offsets is None else [noted.note for noted in offsets.values()]
