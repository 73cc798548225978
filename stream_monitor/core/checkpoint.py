"""What must become true together: the results of both stages since the last commit, and the offsets they stand for."""

from dataclasses import dataclass, field

from stream_monitor.core.batch import ColumnBatch
from stream_monitor.core.drift_event import DriftEvent
from stream_monitor.core.events import Rejected, Source
from stream_monitor.core.history import ModelHistory
from stream_monitor.core.reference_status import ReferenceStatus
from stream_monitor.core.retrain_request import RetrainRequest
from stream_monitor.core.snapshot import Snapshot
from stream_monitor.core.status import ModelStatus
from stream_monitor.core.tick import Tick


@dataclass(slots=True, kw_only=True)
class Checkpoint:
    """Grows between two commits, then becomes one transaction.

    batches, ticks, snapshots: each with the columns partition it belongs to, in the order in which they must be written.
    retired: keys of snapshots to be deleted, likewise. histories: of the models among the snapshots, since their last ones.
    references: of these models, where they are others than before.
    offsets: next offset to read, of every input and columns partition touched.
    """

    batches: list[tuple[int, ColumnBatch]] = field(default_factory=list)
    ticks: list[tuple[int, Tick]] = field(default_factory=list)
    drift_events: list[DriftEvent] = field(default_factory=list)
    retrain_requests: list[RetrainRequest] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    statuses: list[ModelStatus] = field(default_factory=list)
    snapshots: list[tuple[int, Snapshot]] = field(default_factory=list)
    retired: list[tuple[int, str]] = field(default_factory=list)
    histories: list[ModelHistory] = field(default_factory=list)
    references: list[ReferenceStatus] = field(default_factory=list)
    offsets: dict[Source, int] = field(default_factory=dict)

    @property
    def news(self) -> bool:
        """Whether somebody waits for what was found."""
        return bool(self.drift_events or self.retrain_requests)

    def take_found(self, log: str) -> "Checkpoint":
        """What the entries of the topic `log` have led to, with its offsets; the rest stays.

        Both stages read, work and write on their own: what one has done can be committed without the other.
        """
        offsets = {source: offset for source, offset in self.offsets.items() if source.topic == log}
        self.offsets = {source: offset for source, offset in self.offsets.items() if source.topic != log}
        found = Checkpoint(
            drift_events=self.drift_events, retrain_requests=self.retrain_requests, offsets=offsets
        )
        self.drift_events, self.retrain_requests = [], []
        return found
