"""One checkpoint, one Kafka transaction (KIP-98, KIP-447): records and offsets become true together, or not at all.

Nothing is produced outside `commit`. After any error whose outcome is not certain the producer is thrown away and a new
one is made, whose epoch fences the old one: without KIP-890 in librdkafka (confluentinc/librdkafka#5423) a late EndTxn of
the old epoch could otherwise end a later transaction. Knows nothing of what the records mean.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import Final, NoReturn, Protocol

from confluent_kafka import KafkaError, KafkaException, Message, Producer, TopicPartition

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Source
from stream_monitor.kafka.clients import ClientErrors, make_producer
from stream_monitor.kafka.cluster import Cluster
from stream_monitor.kafka.failpoints import no_failpoint
from stream_monitor.kafka.failures import (
    EPOCH_GONE,
    PURGED,
    TIMED_OUT,
    cause_of,
    forbidden,
    refusal,
    unreachable,
)
from stream_monitor.kafka.options import KafkaOptions
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.runtime.ports import Fenced, OutRecord, Transaction, TransactionAborted

# No call blocks longer, so that signals are served; a call that timed out is taken up again where it was.
_SLICE_SECONDS: Final = 1.0
# A call that must have returned by then never will; the broker that coordinates the group answers in milliseconds.
_HANGING_SECONDS: Final = 5.0
# An abort is worth some time even when the deadline has passed: it spares a new producer.
_ABORT_SECONDS: Final = 5.0


class Member(Protocol):
    """What the transactor asks of the group member whose offsets it commits."""

    def group_metadata(self, sources: Collection[Source]) -> bytes:
        """Of this moment. Raises TransactionAborted when not all `sources` are owned."""
        ...

    def offsets(self, offsets: Mapping[Source, int]) -> list[TopicPartition]:
        """What to commit for these next offsets."""
        ...

    def committed(self, offsets: Mapping[Source, int]) -> None:
        """They are committed now."""
        ...


class KafkaCheckpointer:
    """Implements `runtime.ports.Checkpointer`.

    Made before the source subscribes: init_transactions resolves what an earlier run of this instance left open, before
    anything is read. failpoint: called with the name of every step (see `kafka.failpoints`). Raises StreamMonitorError
    when the broker cannot be reached or refuses.
    """

    def __init__(
        self,
        options: KafkaOptions,
        member: Member,
        *,
        columns: str,
        failpoint: Callable[[str], None] = no_failpoint,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._options = options
        self._member = member
        self._columns = columns
        self._failpoint = failpoint
        self._monotonic = monotonic
        self._cluster = Cluster(options)
        self._cluster.reach()
        self._errors = ClientErrors()
        self._producer: Producer | None = self._connect(
            Deadline(options.recovery_seconds, monotonic=monotonic)
        )

    def commit(self, transaction: Transaction, deadline: Deadline) -> None:
        """See the port. On one loopback broker 13-16 ms."""
        if not transaction.offsets:
            raise ValueError("a transaction without offsets would not be checked against the group")
        # 1. Only an owner may begin; and a lost producer is replaced before anything depends on it.
        self._member.group_metadata(transaction.offsets.keys())
        if self._producer is None:
            self._producer = self._connect(deadline)
        producer = self._producer
        attempt = _Attempt(self._monotonic())
        try:
            # 2. Begin: only now, an idle open transaction would time out.
            producer.begin_transaction()
            self._failpoint("begin")
            # 3. Write, and wait until the brokers have it all.
            self._write(producer, transaction, attempt, deadline)
            self._failpoint("produced")
            # 4. Offsets, with the membership of this very moment: it may have moved while we wrote.
            attempt.step = "offsets"
            metadata = self._member.group_metadata(transaction.offsets.keys())
            offsets = self._member.offsets(transaction.offsets)
            _bounded(
                lambda: _resumed(
                    lambda s: producer.send_offsets_to_transaction(offsets, metadata, s), deadline
                ),
                min(_HANGING_SECONDS, deadline.left() + _SLICE_SECONDS),
            )
            self._failpoint("offsets_sent")
            # 5. Commit.
            attempt.step = "commit"
            self._failpoint("commit_sent")
            _resumed(producer.commit_transaction, deadline)
            self._failpoint("committed")
        except (KafkaException, SystemError) as error:
            self._recover(producer, cause_of(error), attempt, deadline)
        except StreamMonitorError:
            self._abort(producer, attempt, deadline)
            raise
        self._member.committed(transaction.offsets)

    def purge(self, partition: int, before: int) -> None:
        """See the port. DeleteRecords (KIP-107); needs the Delete permission on the columns topic."""
        self._cluster.delete_records(Source(self._columns, partition), before)

    def close(self) -> None:
        """Let go of the producer."""
        self._discard()

    # ------------------------------------------------------------------ writing

    def _write(
        self, producer: Producer, transaction: Transaction, attempt: "_Attempt", deadline: Deadline
    ) -> None:
        for record in transaction.records:
            self._produce(producer, record, attempt, deadline)
        while _flushed(producer, min(_SLICE_SECONDS, deadline.left())):
            if deadline.passed:
                raise TransactionAborted(
                    f"the brokers did not take the records in time: {self._errors.last or 'no answer'}"
                )
            if attempt.undelivered is not None:
                break
        if attempt.undelivered is not None:
            raise KafkaException(attempt.undelivered)

    def _produce(
        self, producer: Producer, record: OutRecord, attempt: "_Attempt", deadline: Deadline
    ) -> None:
        partition = -1 if record.partition is None else record.partition
        while True:
            try:
                producer.produce(
                    record.topic,
                    record.value,
                    record.key,
                    partition,
                    on_delivery=attempt.delivered,
                    headers=list(record.headers),
                )
            except BufferError:  # the queue is full: let it drain
                if deadline.passed:
                    raise TransactionAborted("the brokers did not take the records in time") from None
                producer.poll(min(0.1, deadline.left()))
            else:
                return

    # ------------------------------------------------------------------ when it goes wrong

    def _recover(
        self, producer: Producer, error: KafkaError, attempt: "_Attempt", deadline: Deadline
    ) -> NoReturn:
        """Make ourselves usable again, then say what happened. Nothing of this transaction is retried."""
        said = f"{attempt.step} failed: {error.str()}"
        why = refusal(attempt.undelivered or error) if attempt.step == "write" else forbidden(error)
        if error.fatal() and error.code() in EPOCH_GONE:
            self._epoch_gone(said, attempt)
        elif error.txn_requires_abort() or (attempt.step == "write" and not error.fatal()):
            self._abort(producer, attempt, deadline)
        else:
            # Fatal, or nobody knows whether it was committed: only a new epoch is safe.
            self._replace()
        if why is not None:
            raise StreamMonitorError(f"cannot commit: {why}")
        raise TransactionAborted(said)

    def _epoch_gone(self, said: str, attempt: "_Attempt") -> None:
        """Somebody else has our transactional id, or the broker has ended a transaction that took too long.

        Brokers use the same error for both. Nobody else can have a random id; and only a transaction older than its
        time-out can have been ended by the broker. In that case a process that was paused and replaced must not fence
        its successor: it makes no new producer before it has seen, by polling, that it is still a member.
        """
        took_too_long = (
            self._monotonic() - attempt.began >= self._options.transaction_timeout_ms / 1000
            or self._options.instance_id is None
        )
        self._discard()
        if not took_too_long:
            raise Fenced(
                f"another process runs with the transactional id {self._options.transactional_id}"
                f" (instance id {self._options.instance_id}): {said}; every instance needs its own"
            )

    def _abort(self, producer: Producer, attempt: "_Attempt", deadline: Deadline) -> None:
        budget = Deadline(max(deadline.left(), _ABORT_SECONDS), monotonic=self._monotonic)
        try:
            _resumed(producer.abort_transaction, budget)
        except (KafkaException, SystemError) as failed:
            error = cause_of(failed)
            self._options.logger.warning("abort failed, so a new producer: %s", error.str())
            if error.fatal() and error.code() in EPOCH_GONE:
                self._epoch_gone(f"abort failed: {error.str()}", attempt)
            else:
                self._replace()

    def _replace(self) -> None:
        """A new producer with the next epoch: it ends what the old one left open. Has a time budget of its own."""
        self._discard()
        self._producer = self._connect(Deadline(self._options.recovery_seconds, monotonic=self._monotonic))

    def _discard(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            # Not close(): it would abort or wait. Without references the client goes; what it still has is fenced.
            producer.purge()

    def _connect(self, deadline: Deadline) -> Producer:
        self._errors = ClientErrors()
        producer = make_producer(self._options, self._errors)
        try:
            _resumed(producer.init_transactions, deadline)
        except (KafkaException, SystemError) as failed:
            error = cause_of(failed)
            why = refusal(error)
            with contextlib.suppress(KafkaException, SystemError):  # the fatal error we already have
                producer.poll(0)  # serves error_cb, which tells more
            last = self._errors.last or error
            raise StreamMonitorError(why or unreachable(self._options.bootstrap_servers, last)) from failed
        return producer


class _Attempt:
    """One transaction on its way: the step it is at, and the first record that could not be delivered."""

    def __init__(self, began: float) -> None:
        self.began = began
        self.step = "write"
        self.undelivered: KafkaError | None = None

    def delivered(self, error: KafkaError | None, _: Message) -> None:
        """Delivery report. Records purged because another one failed say nothing: the cause is told by that one."""
        if error is not None and self.undelivered is None and error.code() not in PURGED:
            self.undelivered = error


def _flushed(producer: Producer, seconds: float) -> int:
    """Records not delivered yet. Raises KafkaException; the binding turns a fatal error into a bare SystemError when
    delivery reports follow it in the same call, so the error is asked for by a call that would not change anything more.
    """
    try:
        return producer.flush(seconds)
    except SystemError as error:
        producer.abort_transaction(seconds)
        raise TransactionAborted("the client failed while writing") from error


def _bounded(call: Callable[[], None], seconds: float) -> None:
    """Give a call up that does not keep its own time-out, as a time-out.

    send_offsets_to_transaction does not (librdkafka#5456), and hangs for good when the group's coordinator has left the
    cluster for a moment, as after a restart (librdkafka#5511). The thread that hangs in it keeps the producer, which is
    replaced and fenced.
    """
    outcome: list[BaseException | None] = []

    def run() -> None:
        try:
            call()
        except BaseException as error:  # noqa: BLE001 - raised below, in the thread of the caller
            outcome.append(error)
        else:
            outcome.append(None)

    thread = threading.Thread(target=run, name="send-offsets", daemon=True)
    thread.start()
    thread.join(seconds)
    if not outcome:
        raise KafkaException(KafkaError(TIMED_OUT, "the group's coordinator cannot be reached"))
    failure = outcome.pop()
    if failure is not None:
        try:
            raise failure
        finally:
            del (
                failure
            )  # else it refers to itself through this frame, and keeps the producer until the collector comes


def _resumed(call: Callable[[float], object], deadline: Deadline) -> None:
    """Call again while the error is retriable and time is left; librdkafka resumes the same operation."""
    while True:
        try:
            call(max(0.05, min(_SLICE_SECONDS, deadline.left())))
        except KafkaException as error:
            if not error.args[0].retriable() or deadline.passed:
                raise
        else:
            return
