"""The columns partitions that this worker owns: those being restored and those that are live."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from stream_monitor.core.checkpoint import Checkpoint
from stream_monitor.core.events import Source
from stream_monitor.core.partition_monitor import ModelTask, PartitionMonitor
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.runtime.partitioner import partition_of
from stream_monitor.runtime.ports import Clock, StateStore
from stream_monitor.runtime.positions import OnLostData
from stream_monitor.runtime.restore import Restore
from stream_monitor.runtime.snapshot_schedule import SnapshotSchedule
from stream_monitor.telemetry.metric import Discard
from stream_monitor.telemetry.recorder import Telemetry

SLICE_SECONDS = 0.2
RESTORE_SECONDS = 240.0  # below max.poll.interval.ms; the group is served between slices anyway


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnsLog:
    """The columns topic, its number of partitions, and what is done when it lost data or is no longer needed."""

    topic: str
    count: int
    on_lost_data: OnLostData
    purge: bool


class Partitions:
    """State by columns partition, and the restores under way."""

    def __init__(
        self,
        log: ColumnsLog,
        store: StateStore,
        new_monitor: Callable[[int], PartitionMonitor],
        snapshots: SnapshotSchedule,
        clock: Clock,
        telemetry: Telemetry,
    ) -> None:
        self.topic = log.topic
        self.count = log.count
        self.snapshots = snapshots
        self._log = log
        self._store = store
        self._new_monitor = new_monitor
        self._clock = clock
        self._telemetry = telemetry
        self._live: dict[int, PartitionMonitor] = {}
        self._restoring: dict[int, tuple[Restore, Iterator[None], float]] = {}
        self._purged: dict[int, int] = {}

    def of(self, model: str) -> int:
        """The partition of a model."""
        return partition_of(model, self.count)

    def source(self, partition: int) -> Source:
        """The columns partition as a source."""
        return Source(self.topic, partition)

    @property
    def restored(self) -> bool:
        """Whether nothing is on its way back."""
        return not self._restoring

    @property
    def restoring(self) -> int:
        """How many partitions are on their way back."""
        return len(self._restoring)

    def monitor(self, partition: int) -> PartitionMonitor:
        """The live state of a partition."""
        return self._live[partition]

    def task(self, model: str) -> ModelTask | None:
        """A model, if it lives here."""
        monitor = self._live.get(self.of(model))
        return None if monitor is None else monitor.models.get(model)

    @property
    def live(self) -> Sequence[int]:
        """The partitions whose state is here."""
        return sorted(self._live)

    def models(self) -> Iterator[str]:
        """Every model that lives here, in order of partition and name."""
        for _, monitor in sorted(self._live.items()):
            yield from sorted(monitor.models)

    def begin(self, partition: int) -> None:
        """The partition is ours: bring its state back."""
        restore = Restore(
            partition,
            self._store,
            self._new_monitor,
            Deadline(RESTORE_SECONDS, monotonic=self._clock.monotonic),
            on_lost_data=self._log.on_lost_data,
        )
        self._forget(partition)
        self._restoring[partition] = (restore, restore.run(), self._clock.monotonic())

    def end(self, partition: int) -> None:
        """The partition is no longer ours."""
        self._forget(partition)
        self._restoring.pop(partition, None)

    def _forget(self, partition: int) -> None:
        self._live.pop(partition, None)
        self.snapshots.end(partition)

    def restart(self) -> Sequence[Source]:
        """Forget the state of all partitions and bring it back. Returns them; they must be paused meanwhile."""
        owned = sorted([*self._live, *self._restoring])
        for partition in owned:
            self.begin(partition)
        return [self.source(partition) for partition in owned]

    def restore_some(self) -> Iterator[tuple[int, int]]:
        """Work on the restores for a moment. Yields every partition that became live, with the offset to read on from."""
        slice_ends = Deadline(SLICE_SECONDS, monotonic=self._clock.monotonic)
        for partition, (restore, progress, began) in list(self._restoring.items()):
            for _ in progress:
                if slice_ends.passed:
                    return
            assert restore.result is not None
            result = restore.result
            del self._restoring[partition]
            self._live[partition] = result.monitor
            self.snapshots.begin(partition, result.refolded, self._clock.monotonic())
            for key, why in result.discarded:
                reason = Discard.PARAMETERS if "parameters" in why else Discard.CORRUPT
                self._telemetry.snapshot_discarded(key, reason, why)
            self._telemetry.restored(partition, self._clock.monotonic() - began, result.refolded)
            yield partition, result.monitor.next_offset

    def add_snapshots(self, checkpoint: Checkpoint, partitions: Iterable[int]) -> None:
        """Snapshots of all that changed in these live partitions since their last ones, and what goes with them."""
        for partition in partitions:
            monitor = self._live[partition]
            checkpoint.snapshots += [(partition, snapshot) for snapshot in monitor.snapshots()]
            checkpoint.retired += [(partition, key) for key in monitor.retired()]
            checkpoint.histories += monitor.told.histories
            checkpoint.references += monitor.told.references

    def purgeable(self, partitions: Iterable[int]) -> Iterator[tuple[int, int]]:
        """Those of these partitions, whose snapshots have just been committed, whose log is no longer needed below an offset;
        none where the log is to be kept.
        """
        for partition in partitions if self._log.purge else ():
            before = self._live[partition].purgeable
            if before > self._purged.get(partition, 0):
                self._purged[partition] = before
                yield partition, before

    def slowest(self, topics: set[str]) -> int | None:
        """Event time of the slowest source of `topics` on any worker, as far as the ticks of an own partition tell."""
        monitor = next(iter(self._live.values()), None)
        return None if monitor is None else monitor.watermarks.slowest(frozenset(topics))
