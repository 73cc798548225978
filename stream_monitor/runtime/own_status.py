"""What this worker tells others of itself: a record on the status topic every few seconds, and its end.

Read from the view that the worker published last, with counts of what happened since it started.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from stream_monitor import __version__
from stream_monitor.core.events import Source
from stream_monitor.formats import worker_status
from stream_monitor.formats.encoded import EncodedRecord
from stream_monitor.formats.worker_status import AssignedPartition, PartitionLoss, WorkerStatus
from stream_monitor.runtime.ports import Clock
from stream_monitor.telemetry.view import View, ViewHolder

OWN_SECONDS: Final = 5.0


@dataclass(slots=True, kw_only=True)
class OwnStatus:
    """rejected: by reason; rebalances: by kind; aborted: checkpoints. leaving: the next record is the last."""

    holder: ViewHolder
    clock: Clock
    rejected: Counter[str] = field(default_factory=Counter)
    rebalances: Counter[str] = field(default_factory=Counter)
    aborted: int = 0
    leaving: bool = False
    _told: float | None = None
    _gone: bool = False

    @property
    def last_word_due(self) -> bool:
        """Whether the worker is about to leave and has not said so."""
        return self.leaving and not self._gone

    def due(self) -> EncodedRecord | None:
        """What to write with the next commit, if anything; asked once a commit."""
        now = self.clock.monotonic()
        regular = self._told is None or now - self._told >= OWN_SECONDS
        if self._gone or not (self.leaving or regular):
            return None
        self._told, self._gone = now, self.leaving
        view = self.holder.view
        if self.leaving:
            return worker_status.farewell(view.worker)
        return worker_status.encode(self._status(view))

    def _status(self, view: View) -> WorkerStatus:
        return WorkerStatus(
            worker=view.worker,
            group=view.group,
            wall=self.clock.wall(),
            started=view.started,
            release=__version__,
            ready=view.ready,
            last_checkpoint=view.last_checkpoint,
            assigned=tuple(_assigned(source, view) for source in view.assigned),
            rejected=dict(sorted(self.rejected.items())),
            rebalances=dict(sorted(self.rebalances.items())),
            aborted=self.aborted,
            losses=tuple(
                PartitionLoss(
                    topic=source.topic, partition=source.partition, times=loss.times, records=loss.records
                )
                for source, loss in sorted(view.losses.items())
            ),
        )


def _assigned(source: Source, view: View) -> AssignedPartition:
    return AssignedPartition(
        topic=source.topic,
        partition=source.partition,
        lag=view.lag.get(source),
        paused=source in view.paused,
    )
