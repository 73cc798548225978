"""The worker: poll → step → accumulate → commit if due → publish the view. One thread, no queue, crash-only.

Both stages run here. Whatever fails inside a transaction leads to one answer: forget, restore, read again.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from stream_monitor.core.batch import ColumnBatch
from stream_monitor.core.checkpoint import Checkpoint
from stream_monitor.core.events import Source
from stream_monitor.core.partition_monitor import Applied, Entry
from stream_monitor.formats import columns
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.runtime.ingest import Ingest
from stream_monitor.runtime.outbox import Outbox
from stream_monitor.runtime.own_status import OwnStatus
from stream_monitor.runtime.partitions import Partitions
from stream_monitor.runtime.ports import (
    Checkpointer,
    Clock,
    Fetched,
    OutRecord,
    RecordSource,
    Transaction,
    TransactionAborted,
)
from stream_monitor.runtime.publisher import Publisher
from stream_monitor.runtime.reject_limit import RejectLimit
from stream_monitor.runtime.schedule import Schedule
from stream_monitor.telemetry.metric import Abort, Rebalance, Stage
from stream_monitor.telemetry.recorder import Telemetry


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOptions:
    """name: instance id. poll_records: at most that many a turn. revoke_seconds: for the last commit of a partition.

    echo_seconds: how long a poll waits after a commit, whose entries of the log come back at once.
    """

    name: str
    poll_records: int = 2_000
    poll_seconds: float = 0.2
    echo_seconds: float = 0.05
    commit_seconds: float = 60.0
    revoke_seconds: float = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a worker is composed of; made by the composition root or a test."""

    source: RecordSource
    checkpointer: Checkpointer
    clock: Clock
    ingest: Ingest
    partitions: Partitions
    outbox: Outbox
    own: OwnStatus
    schedule: Schedule
    publisher: Publisher
    telemetry: Telemetry
    reject_limit: RejectLimit


class Worker:
    """One member of the group. `run` it, or call `step` yourself; it is its own rebalance listener."""

    def __init__(self, options: WorkerOptions, parts: Parts) -> None:
        self._options = options
        self._parts = parts
        self._checkpoint = Checkpoint()
        self._committed: dict[Source, int] = {}  # known for sure, of what is owned
        self._aborted = False  # inside a callback; answered by the loop
        self._echo = False  # entries of the log have been written since the last poll

    def run(self, stop: Callable[[], bool]) -> None:
        """Until `stop`, then commit with snapshots and leave the group. Raises StreamMonitorError."""
        parts = self._parts
        parts.source.subscribe(self)
        try:
            while not stop():
                self.step()
            if not self._aborted:  # else nothing here may be committed: whoever comes next reads it again
                parts.own.leaving = True
                self._commit(Deadline(self._options.revoke_seconds), snapshots=True)
        except BaseException:
            self._aborted = True  # whatever is half done must not be committed while leaving
            raise
        finally:
            parts.publisher.stopped()
            parts.source.close()
            parts.checkpointer.close()

    def step(self) -> None:
        """One turn of the loop."""
        parts = self._parts
        for partition, offset in parts.partitions.restore_some():
            columns_source = parts.partitions.source(partition)
            parts.source.seek(columns_source, offset)
            parts.source.resume([columns_source])
            parts.publisher.changed(parts.partitions.monitor(partition).models)
        began = parts.clock.monotonic()
        polled = parts.source.poll(self._options.poll_records, self._patience(began))
        self._echo = False
        parts.telemetry.stage_seconds(Stage.POLL, parts.clock.monotonic() - began)
        for fetched in polled:
            if not self._aborted:
                self._take(fetched)
                self._commit_news()
        if self._aborted:
            self._start_over()
        elif parts.schedule.commit_due(parts.clock.monotonic(), rows=parts.ingest.waiting):
            self._commit(Deadline(self._options.commit_seconds), snapshots=False)
            self._hold_back()
        parts.publisher.publish(parts.partitions, parts.ingest.event_times)

    def _patience(self, now: float) -> float:
        """How long a poll may wait for records: it comes back with fewer of them only then."""
        if not self._parts.partitions.restored:
            return 0.0
        most = self._options.echo_seconds if self._echo else self._options.poll_seconds
        return min(most, self._parts.schedule.until_commit(now, news=self._checkpoint.news))

    def _take(self, fetched: Fetched) -> None:
        parts = self._parts
        source, records = fetched
        size = sum(len(record.value or b"") for record in records)
        parts.telemetry.records_consumed(source, len(records), size)
        if source.topic == parts.partitions.topic:
            self._observe(fetched)
        else:
            began = parts.clock.monotonic()
            rows = parts.ingest.take(source, records)
            parts.telemetry.rows_decoded(source, rows)
            if rows and (newest := parts.ingest.progress[source].newest) is not None:
                parts.telemetry.event_delay(source, (parts.clock.wall() - newest) / 1000)
            parts.telemetry.stage_seconds(Stage.DECODE, parts.clock.monotonic() - began)
        self._checkpoint.offsets[source] = records[-1].offset + 1

    def _observe(self, fetched: Fetched) -> None:
        """Stage 2: the next entries of the log of one columns partition."""
        parts = self._parts
        began = parts.clock.monotonic()
        monitor = parts.partitions.monitor(fetched.source.partition)
        for record in fetched.records:
            entry = columns.decode_entry(record.value, record.headers)
            applied = monitor.apply(record.offset, entry)
            self._checkpoint.drift_events += applied.drift_events
            self._checkpoint.retrain_requests += applied.retrain_requests
            for model, rows in applied.rows.items():
                parts.telemetry.rows_observed(model, rows)
                parts.telemetry.late_rows(model, applied.late[model])
                parts.telemetry.suppressed(model, applied.suppressed[model])
                parts.partitions.snapshots.observed(fetched.source.partition, rows)
            parts.publisher.changed(_models_of(entry, applied))
        parts.telemetry.stage_seconds(Stage.OBSERVE, parts.clock.monotonic() - began)

    def _commit(self, deadline: Deadline, *, snapshots: bool) -> None:
        """All that has come true since the last one."""
        began = self._parts.clock.monotonic()
        checkpoint = self._complete(self._checkpoint, snapshots=snapshots)
        self._checkpoint = Checkpoint()
        if checkpoint is not None:
            self._write(checkpoint, deadline, began)
            self._echo = bool(checkpoint.ticks)

    def _commit_news(self) -> None:
        """What was found, if it is due, ahead of what is read meanwhile: that waits for the next commit."""
        now = self._parts.clock.monotonic()
        if self._checkpoint.news and self._parts.schedule.news_due(now):
            found = self._checkpoint.take_found(self._parts.partitions.topic)
            self._write(found, Deadline(self._options.commit_seconds), now)

    def _write(self, checkpoint: Checkpoint, deadline: Deadline, began: float) -> None:
        """One transaction. Any failure: forget, restore, read again."""
        parts = self._parts
        transaction = parts.outbox.transaction(checkpoint, parts.own.due())
        encoded = parts.clock.monotonic()
        parts.telemetry.stage_seconds(Stage.ENCODE, encoded - began)
        try:
            parts.checkpointer.commit(transaction, deadline)
        except TransactionAborted as error:
            self._note_abort(Abort.TRANSACTION, str(error))
            return
        done = parts.clock.monotonic()
        parts.telemetry.stage_seconds(Stage.COMMIT, done - encoded)
        parts.telemetry.checkpoint_committed(
            done - began, len(transaction.records), _bytes(transaction.records)
        )
        self._committed.update(checkpoint.offsets)
        self._tell(checkpoint, transaction)
        for partition, before in parts.partitions.purgeable({at for at, _ in checkpoint.snapshots}):
            parts.checkpointer.purge(partition, before)
        parts.publisher.committed(parts.clock.wall())
        parts.reject_limit.add(len(checkpoint.rejected), began)

    def _note_abort(self, kind: Abort, why: str) -> None:
        """A checkpoint came to nothing, or nobody knows; what was committed, neither."""
        self._parts.telemetry.checkpoint_aborted(kind, why)
        self._parts.own.aborted += 1
        self._committed = {}
        self._aborted = True

    def _tell(self, checkpoint: Checkpoint, transaction: Transaction) -> None:
        """What has become true, as metrics and log lines."""
        telemetry, state = self._parts.telemetry, self._parts.outbox.topics.state
        snapshots = [one for one in transaction.records if one.topic == state and one.value is not None]
        telemetry.snapshots_written(len(snapshots), _bytes(snapshots))
        for event in checkpoint.drift_events:
            telemetry.drift_event(event)
        for request in checkpoint.retrain_requests:
            telemetry.retrain_requested(request)
        for reason, n in Counter(rejected.reason for rejected in checkpoint.rejected).items():
            telemetry.rejected(reason, n)
            self._parts.own.rejected[reason.value] += n

    def _complete(self, checkpoint: Checkpoint, *, snapshots: bool) -> Checkpoint | None:
        """Add what the commit itself brings: batches, ticks, rejects, statuses, snapshots. None: nothing to commit."""
        parts, monotonic = self._parts, self._parts.clock.monotonic()
        ingest, partitions, schedule = parts.ingest, parts.partitions, parts.schedule
        if parts.own.last_word_due:  # a transaction needs offsets
            checkpoint.offsets = {**self._committed, **checkpoint.offsets}
        busy = bool(checkpoint.offsets)
        tick = schedule.tick_due(monotonic, rows=ingest.waiting, inputs=bool(ingest.progress))
        if tick:
            report = ingest.tick(self._options.name, parts.clock.wall(), parts.source)
            for source, progress in report.sources.items():
                checkpoint.offsets.setdefault(source, progress.next_offset)
            if not checkpoint.offsets:
                return None
            checkpoint.ticks += [(partition, report) for partition in range(partitions.count)]
        elif not busy:
            return None
        checkpoint.batches += [
            (partitions.of(part.model), part) for batch in ingest.drain() for part in columns.split(batch)
        ]
        checkpoint.rejected, ingest.rejected = ingest.rejected, []
        checkpoint.statuses += parts.publisher.due_statuses(partitions)
        due = partitions.snapshots.take_all if snapshots else partitions.snapshots.take_due
        partitions.add_snapshots(checkpoint, due(monotonic))
        return checkpoint

    def _hold_back(self) -> None:
        """Pause sources that are far ahead of the slowest one, on whatever worker that is; resume the others."""
        parts = self._parts
        slowest = parts.partitions.slowest({source.topic for source in parts.ingest.progress})
        ahead = parts.ingest.far_ahead(slowest) if slowest is not None else set()
        parts.source.pause(sorted(ahead - parts.publisher.paused))
        parts.source.resume(sorted(parts.publisher.paused - ahead))
        parts.publisher.paused = ahead

    def _start_over(self) -> None:
        """The answer to every failed transaction: forget all that was not committed, restore, read again."""
        parts = self._parts
        self._aborted = False
        self._checkpoint = Checkpoint()
        parts.ingest.forget()
        parts.source.pause(parts.partitions.restart())
        parts.source.rewind(Deadline(self._options.commit_seconds))

    def assigned(self, sources: Sequence[Source]) -> None:
        """Begin with new partitions: inputs at once, columns partitions after their state is restored."""
        parts = self._parts
        self._note_rebalance(Rebalance.ASSIGNED, sources)
        for source in sources:
            if source.topic == parts.partitions.topic:
                parts.source.pause([source])
                parts.partitions.begin(source.partition)
            else:
                parts.ingest.own(source)
        parts.publisher.assignment.update(sources)
        parts.publisher.joined = True

    def revoked(self, sources: Sequence[Source]) -> None:
        """Commit what was done, with snapshots so that the next owner restores quickly; then let go."""
        self._note_rebalance(Rebalance.REVOKED, sources)
        if not self._aborted:
            self._commit(Deadline(self._options.revoke_seconds), snapshots=True)
        self._let_go(sources)

    def lost(self, sources: Sequence[Source]) -> None:
        """Somebody else owns these already: nothing of this checkpoint may be committed."""
        self._note_rebalance(Rebalance.LOST, sources)
        self._let_go(sources)
        self._note_abort(Abort.LOST, "partitions were lost")

    def _note_rebalance(self, kind: Rebalance, sources: Sequence[Source]) -> None:
        self._parts.telemetry.rebalanced(kind, sources)
        self._parts.own.rebalances[kind.value] += 1

    def _let_go(self, sources: Sequence[Source]) -> None:
        parts = self._parts
        for source in sources:
            if source.topic == parts.partitions.topic:
                parts.partitions.end(source.partition)
            else:
                parts.ingest.disown(source)
            self._committed.pop(source, None)
        parts.publisher.assignment.difference_update(sources)
        parts.publisher.paused -= set(sources)


def _models_of(entry: Entry, applied: Applied) -> set[str]:
    """Those that are no longer what they were before this entry of the log."""
    if isinstance(entry, ColumnBatch):
        return {entry.model}
    return {*applied.rows, *(event.model for event in applied.drift_events)}


def _bytes(records: Iterable[OutRecord]) -> int:
    """Of keys and values."""
    return sum(len(record.key or b"") + len(record.value or b"") for record in records)
