"""A checkpoint as one transaction: which value goes to which topic, partition and key. Bytes are made in `formats`."""

from collections.abc import Iterator
from dataclasses import dataclass

from stream_monitor.core.checkpoint import Checkpoint
from stream_monitor.formats import (
    columns,
    dead_letter,
    drift_events,
    history,
    reference_status,
    retrain_requests,
    snapshots,
    status,
)
from stream_monitor.formats.encoded import EncodedRecord
from stream_monitor.runtime.ports import OutRecord, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicNames:
    """Names of the monitor's own topics."""

    columns: str
    state: str
    alerts: str
    dead_letter: str
    status: str
    history: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """How a checkpoint is written. payload: whether dead letters carry the original record."""

    topics: TopicNames
    group: str
    payload: bool

    def transaction(self, checkpoint: Checkpoint, own: EncodedRecord | None = None) -> Transaction:
        """Everything that `checkpoint` makes true, and what the worker tells of itself. Cost: the encoding."""
        records = list(self._records(checkpoint))
        if own is not None:
            records.append(_to(self.topics.status, own))
        return Transaction(records=records, offsets=dict(checkpoint.offsets))

    def _records(self, checkpoint: Checkpoint) -> Iterator[OutRecord]:
        topics = self.topics
        for partition, batch in checkpoint.batches:
            value = columns.encode_batch(batch)
            yield OutRecord(topics.columns, partition, batch.model.encode(), value, columns.BATCH_HEADERS)
        for partition, tick in checkpoint.ticks:
            value = columns.encode_tick(tick)
            yield OutRecord(topics.columns, partition, tick.worker.encode(), value, columns.TICK_HEADERS)
        for event in checkpoint.drift_events:
            yield _to(topics.alerts, drift_events.encode(event, self.group))
        for request in checkpoint.retrain_requests:
            yield _to(topics.alerts, retrain_requests.encode(request, self.group))
        for rejected in checkpoint.rejected:
            yield _to(topics.dead_letter, dead_letter.encode(rejected, self.group, payload=self.payload))
        yield from self._told(checkpoint)
        for partition, snapshot in checkpoint.snapshots:
            yield OutRecord(topics.state, partition, snapshot.key.encode(), snapshots.encode(snapshot))
        for partition, key in checkpoint.retired:
            yield OutRecord(topics.state, partition, key.encode(), None)

    def _told(self, checkpoint: Checkpoint) -> Iterator[OutRecord]:
        """What is for those who watch."""
        topics = self.topics
        for model in checkpoint.statuses:
            yield _to(topics.status, status.encode(model, self.group))
        for references in checkpoint.references:
            yield _to(topics.status, reference_status.encode(references))
        for gathered in checkpoint.histories:
            yield from (_to(topics.history, record) for record in history.encode(gathered))


def _to(topic: str, record: EncodedRecord) -> OutRecord:
    return OutRecord(topic, None, record.key, record.value, record.headers)
