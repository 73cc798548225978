"""The consuming member of the group: polls, checks where every partition starts, and tells the worker of rebalances.

Nothing is raised inside a callback of the client: it would drop the records that `consume` holds; the error is kept and
raised by `poll`. No callback asks the broker anything: start offsets are found by the polls that follow, which give
nothing of a partition until then. Knows nothing of what is in the records.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import compress
from typing import Any

from confluent_kafka import OFFSET_INVALID, Consumer, KafkaError, KafkaException, Message, TopicPartition

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Record, Source
from stream_monitor.kafka.clients import ClientErrors, make_consumer
from stream_monitor.kafka.cluster import Cluster
from stream_monitor.kafka.failures import (
    AUTO_OFFSET_RESET,
    MAX_POLL_EXCEEDED,
    PARTITION_EOF,
    UNKNOWN_PARTITION,
    UNKNOWN_TOPIC,
    cause_of,
    forbidden,
    instance_taken,
    is_fatal,
)
from stream_monitor.kafka.first_start import refuse_expired_group
from stream_monitor.kafka.membership import member_metadata
from stream_monitor.kafka.options import KafkaOptions
from stream_monitor.kafka.records import records_of
from stream_monitor.kafka.starts import Starts
from stream_monitor.kafka.topic_watch import TopicWatch
from stream_monitor.runtime.assignment import Assignment
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.runtime.ports import Fenced, Fetched, RebalanceListener, TransactionAborted
from stream_monitor.runtime.positions import note, out_of_range, recreated
from stream_monitor.telemetry.view import Loss

_ASK_SECONDS = 0.2
_TOPIC_GONE = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, UNKNOWN_TOPIC, UNKNOWN_PARTITION})


class _SessionGone(StreamMonitorError):
    """The client is fenced, but by nobody else; never leaves this module."""


class KafkaSource:
    """Implements `runtime.ports.RecordSource` and `kafka.transactor.Member`.

    inputs: exact topic names, and patterns that start with ^. columns: the monitor's log. internal: its other topics.
    Raises StreamMonitorError when a property is refused. One thread only.
    """

    def __init__(
        self, options: KafkaOptions, *, inputs: Sequence[str], columns: str, internal: Collection[str] = ()
    ) -> None:
        self._options = options
        self._inputs = list(inputs)
        self._cluster = Cluster(options)
        self._topics = TopicWatch(options, self._cluster, inputs=inputs, columns=columns, internal=internal)
        self._errors = ClientErrors()
        self._consumer: Consumer = make_consumer(options, self._errors, member=True)
        self._assignment = Assignment()
        self._starts = Starts(options, self._consumer, self._cluster, self._topics, self._assignment)
        self._listener: RebalanceListener | None = None
        self._callback_error: BaseException | None = None
        self._held: Sequence[Fetched] = ()
        member_metadata(self._consumer)  # an unknown format must show at the start

    def subscribe(self, listener: RebalanceListener) -> None:
        """Check the topics and the group, then join it.

        Raises StreamMonitorError (broker or topic missing) or LostData (the group's offsets have expired).
        """
        self._listener = listener
        self._topics.start()
        if self._options.on_lost_data == "stop":
            columns, inputs = self._topics.partitions()
            refuse_expired_group(self._options, self._cluster, columns, inputs)
        self._join()

    def poll(self, max_records: int, timeout: float) -> Sequence[Fetched]:
        """See the port. A topic that vanished or was recreated is noticed within `watch_seconds`."""
        try:
            return self._poll(max_records, timeout)
        except _SessionGone as error:
            self._rejoin(str(error))
            return ()

    def _poll(self, max_records: int, timeout: float) -> Sequence[Fetched]:
        if self._held:
            held, self._held = self._held, ()
            return held
        self._look_at_topics(now=False)
        self._starts.resolve(max(timeout, _ASK_SECONDS))
        try:
            messages = self._consumer.consume(max_records, min(timeout, 0.5))
        except (KafkaException, SystemError) as error:
            raise self._failure(cause_of(error)) from error
        fetched = self._sorted(messages)
        try:
            self._raise_kept()
        except BaseException:
            self._held = fetched  # an error of a callback says nothing about these
            raise
        return fetched

    def pause(self, sources: Sequence[Source]) -> None:
        """See the port. What the client has fetched ahead is dropped and fetched again after `resume`."""
        for source in sources:
            self._assignment[source].paused = True
        self._consumer.pause([TopicPartition(*source) for source in sources])

    def resume(self, sources: Sequence[Source]) -> None:
        """See the port."""
        for source in sources:
            progress = self._assignment[source]
            if not progress.paused:
                continue
            progress.paused = False
            self._consumer.resume([TopicPartition(*source)])
            if (
                progress.next is not None
            ):  # the client forgets where it was when paused before the first record
                self._starts.move(source, progress.next)

    def seek(self, source: Source, offset: int) -> None:
        """See the port. While the start offset is not known yet the wish is kept until it has been checked."""
        if self._assignment[source].next is None:
            self._assignment[source].wanted = offset
        else:
            self._starts.move(source, offset)

    def rewind(self, deadline: Deadline) -> None:
        """See the port."""
        self._held = ()
        self._assignment.forget_position(self._assignment.sources())
        while self._assignment.pending():
            if deadline.passed:
                names = ", ".join(f"{topic} {number}" for topic, number in self._assignment.pending())
                raise StreamMonitorError(f"the committed offsets of {names} could not be read in time")
            self._starts.resolve(min(0.5, deadline.left()))

    def at_end(self, source: Source) -> bool:
        """See the port. Told by the client's end-of-partition event, which knows of transaction markers."""
        return self._assignment.at_end(source)

    def position(self, source: Source) -> int | None:
        """See the port."""
        return self._assignment.position(source)

    def partition_counts(self) -> Mapping[str, int]:
        """See the port. As of the last look, at most `watch_seconds` ago."""
        return self._topics.counts

    def lag(self) -> Mapping[Source, int]:
        """See the port. From the watermarks of the last fetch; a broker is not asked."""
        lags = {}
        for source in self._assignment.sources():
            progress = self._assignment[source]
            _, high = self._consumer.get_watermark_offsets(TopicPartition(*source), cached=True)
            lag = self._assignment.lag(source, max(high, progress.high))
            if lag is not None:
                lags[source] = lag
        return lags

    def losses(self) -> Mapping[Source, Loss]:
        """See the port."""
        return self._starts.losses.by_source()

    def close(self) -> None:
        """Commit through `revoked`, leave the group (a static member stays until its session ends).

        Raises what `revoked` raised.
        """
        self._consumer.close()
        self._raise_callback_error()

    def _join(self) -> None:
        self._consumer.subscribe(
            [*self._inputs, self._topics.columns],
            on_assign=self._guarded(self._on_assign),
            on_revoke=self._guarded(self._on_revoke),
            on_lost=self._guarded(self._on_lost),
        )

    def _rejoin(self, why: str) -> None:
        """Go on with a new client under the same instance id; what was owned is lost."""
        self._options.logger.warning("%s", why)
        self._consumer.close()
        if left := self._assignment.sources():
            self._guarded(self._on_lost)(self._consumer, [TopicPartition(*source) for source in left])
        self._held = ()
        self._errors = ClientErrors()
        self._consumer = make_consumer(self._options, self._errors, member=True)
        self._starts.consumer = self._consumer
        self._join()

    # ------------------------------------------------------------------ for the transactor

    def group_metadata(self, sources: Collection[Source]) -> bytes:
        """Of this moment, never kept: the generation moves. Raises TransactionAborted unless all `sources` are ours.

        The broker checks membership, not ownership, and not even that when a consumer has been thrown out.
        """
        gone = sorted(
            source
            for source in sources
            if source not in self._assignment or self._assignment[source].next is None
        )
        if gone:
            names = ", ".join(f"{topic} {number}" for topic, number in gone)
            raise TransactionAborted(f"no longer the owner of {names}: nothing was written")
        metadata = member_metadata(self._consumer)
        if metadata is None:
            raise TransactionAborted("not a member of the group at this moment: nothing was written")
        return metadata

    def offsets(self, offsets: Mapping[Source, int]) -> list[TopicPartition]:
        """What to commit: each with the note that recognises its topic; inputs behind known markers.

        The columns topic is only shortened by DeleteRecords below what is committed: its offsets stay as they are given.
        """
        ids, inputs, columns = self._topics.ids, self._topics.counts, self._topics.columns
        return [
            TopicPartition(*source, offset, metadata=note(columns, ids, inputs))
            if source.topic == columns
            else TopicPartition(
                *source, self._assignment.past_markers(source, offset), metadata=note(source.topic, ids)
            )
            for source, offset in offsets.items()
        ]

    def committed(self, offsets: Mapping[Source, int]) -> None:
        """A transaction with these offsets has been committed."""
        for source, offset in offsets.items():
            self._assignment.committed(source, offset)

    # ------------------------------------------------------------------ callbacks

    def _guarded(self, callback: Callable[[list[Source]], None]) -> Callable[[Consumer, list[Any]], None]:
        def call(_: Consumer, partitions: list[Any]) -> None:
            try:
                callback([Source(tp.topic, tp.partition) for tp in partitions])
            except BaseException as error:  # noqa: BLE001 - raised by poll; here it would drop records
                self._callback_error = self._callback_error or error

        return call

    def _on_assign(self, sources: list[Source]) -> None:
        # From the committed offset, as the client finds it; what comes before it is checked is dropped. Never from a
        # logical offset (END, BEGINNING): its late answer would undo the seek that follows (librdkafka 2.16, measured).
        self._consumer.incremental_assign([TopicPartition(*source, OFFSET_INVALID) for source in sources])
        self._assignment.add(sources)
        self._told().assigned(sources)

    def _on_revoke(self, sources: list[Source]) -> None:
        try:
            self._told().revoked(sources)
        finally:
            self._assignment.remove(sources)

    def _on_lost(self, sources: list[Source]) -> None:
        self._assignment.remove(sources)
        self._told().lost(sources)

    def _told(self) -> RebalanceListener:
        assert self._listener is not None
        return self._listener

    # ------------------------------------------------------------------ records and errors

    def _sorted(self, messages: Sequence[Message]) -> Sequence[Fetched]:
        """The records by partition. What stands in the place of a record comes after them: it says which it precedes."""
        told: list[tuple[KafkaError, Message]] = []
        by_partition: defaultdict[tuple[str | None, int | None], list[Message]] = defaultdict(list)
        for message in messages:
            error = message.error()
            if error is None:
                by_partition[message.topic(), message.partition()].append(message)
            else:
                told.append((error, message))
        fetched = []
        for (topic, number), mine in by_partition.items():
            source = Source(topic or "", number or 0)
            if records := self._taken(source, mine):
                fetched.append(Fetched(source, records))
        for error, message in told:
            self._on_error(error, message)
        return fetched

    def _taken(self, source: Source, messages: Sequence[Message]) -> Sequence[Record]:
        progress = self._assignment.get(source)
        if progress is None:
            return []
        records = records_of(messages)
        return list(compress(records, progress.take([record.offset for record in records])))

    def _on_error(self, error: KafkaError, message: Message) -> None:
        """Errors that come in the place of a record; those that stop us are kept for `poll`."""
        code = error.code()
        source = _source(message)
        if code == PARTITION_EOF:
            self._assignment.reached_end(source, message.offset() or 0)
        elif code == AUTO_OFFSET_RESET:
            self._on_out_of_range(source, message.offset() or 0)
        elif code in _TOPIC_GONE:
            self._topics.suspect()
        elif is_fatal(error) or forbidden(error) is not None:
            self._callback_error = self._callback_error or self._failure(error)
        elif code == MAX_POLL_EXCEEDED:
            self._options.logger.warning("no poll for longer than max.poll.interval.ms: %s", error.str())
        else:
            self._options.logger.info("kafka: %s", error.str())  # the client tries again

    def _on_out_of_range(self, source: Source, offset: int) -> None:
        progress = self._assignment.get(source)
        if progress is None:
            return  # of an earlier assignment
        progress.stopped = True  # the client fetches no more of it, whatever the offset was
        if progress.next is None:
            return  # it found no committed offset: our own start will be explicit
        if offset < progress.next:
            self._starts.move(source, progress.next)  # about a position that we have left since
            return
        try:
            self._look_at_topics(now=True)  # recreated explains it better
            if self._options.on_lost_data == "stop":
                raise out_of_range(source, offset, group=self._options.group_id)
        except StreamMonitorError as error:
            self._callback_error = self._callback_error or error
        self._assignment.forget_position([source])

    def _look_at_topics(self, *, now: bool) -> None:
        for topic, before, current in self._topics.look_if_due(now=now):
            lost = recreated(topic, before, current, group=self._options.group_id)
            if self._options.on_lost_data == "stop":
                raise lost
            self._options.logger.warning("%s", lost)
            self._assignment.forget_position(s for s in self._assignment.sources() if s.topic == topic)

    def _raise_kept(self) -> None:
        self._raise_callback_error()
        if self._errors.fatal is not None:
            raise self._failure(self._errors.fatal)
        if self._errors.authentication is not None:
            raise self._failure(self._errors.authentication)

    def _raise_callback_error(self) -> None:
        error, self._callback_error = self._callback_error, None
        if error is not None:
            raise error

    def _failure(self, error: KafkaError) -> StreamMonitorError:
        if instance_taken(error) and member_metadata(self._consumer) is None:
            # No broker answered for longer than the session, and nobody polled: back again, a static member's heartbeats
            # go out without a member id and fence it (confluentinc/librdkafka#3437). One fenced by another keeps its id.
            return _SessionGone("the session ended while no broker answered; joining the group anew")
        if instance_taken(error):
            return Fenced(
                f"another process runs with the instance id {self._options.instance_id} in group"
                f" {self._options.group_id} ({error.str()}); every instance needs its own"
            )
        return StreamMonitorError(forbidden(error) or f"Kafka gave up: {error.str()}")


def _source(message: Message) -> Source:
    return Source(message.topic() or "", message.partition() or 0)
