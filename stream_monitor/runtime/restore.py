"""Brings the state of one columns partition back: latest snapshots, then a silent refold of the log up to the committed
offset. In slices, so that the group is served meanwhile.

Every way in which snapshots, log and offsets may not fit is decided here, and never silently.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from stream_monitor.core.errors import CorruptState
from stream_monitor.core.partition_monitor import CLOCK, PartitionMonitor
from stream_monitor.core.snapshot import Snapshot
from stream_monitor.formats import columns, snapshots
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.runtime.ports import Asked, LostData, StateStore
from stream_monitor.runtime.positions import OnLostData

ARRIVAL_SECONDS = 10.0  # how long a committed offset may take to show that a snapshot already speaks of


@dataclass(slots=True, kw_only=True)
class Restored:
    """The partition's state once `done`: go on reading at `monitor.next_offset`.

    refolded: rows observed again. discarded: snapshots that could not be used, by key, with the reason.
    """

    partition: int
    monitor: PartitionMonitor
    refolded: int
    discarded: list[tuple[str, str]]


_CAN_BE_MADE_ANEW: Final = ("series/", "join/")  # a clock or a model cannot


class Restore:
    """One partition on its way back. Iterate until it ends, then take `result`."""

    def __init__(
        self,
        partition: int,
        store: StateStore,
        new_monitor: Callable[[int], PartitionMonitor],
        deadline: Deadline,
        *,
        on_lost_data: OnLostData,
    ) -> None:
        self.partition = partition
        self.result: Restored | None = None
        self._store = store
        self._new_monitor = new_monitor
        self._deadline = deadline
        self._continue = on_lost_data == "continue"
        self._discarded: list[tuple[str, str]] = []

    def run(self) -> Iterator[None]:
        """Yields between slices. Raises LostData, NewerState, StreamMonitorError when the deadline has passed."""
        store, partition, deadline = self._store, self.partition, self._deadline
        committed = yield from store.committed(partition, deadline)
        yield
        stored: dict[str, Snapshot] = {}
        for record in store.snapshots(partition, deadline):
            if record is not None:
                self._decode(*record, stored)
            yield
        low = yield from store.low_watermark(partition, deadline)
        monitor = self._new_monitor(low)
        resume = yield from monitor.restore(stored, [name for name, _ in self._discarded])
        first = low if resume is None else resume.first
        as_of = low if resume is None else resume.as_of
        end = yield from self._end(committed, as_of, low, stored)
        if (first < low or (resume is None and low > 0)) and end is not None:
            self._complain(f"the log begins at offset {low}, but the state needs it from offset {first} on")
            monitor, first, end = self._new_monitor(max(low, end)), max(low, end), max(low, end)
        before = _rows(monitor)
        log = store.log(partition, first, first if end is None else end, deadline)
        yield from monitor.refold(
            None if record is None else (record.offset, columns.decode_entry(record.value, record.headers))
            for record in log
        )
        if end is not None:
            monitor.next_offset = end
        self.result = Restored(
            partition=partition,
            monitor=monitor,
            refolded=_rows(monitor) - before,
            discarded=self._discarded + monitor.problems,
        )

    def _decode(self, key: bytes, value: bytes, stored: dict[str, Snapshot]) -> None:
        name = key.decode(errors="replace")
        try:
            snapshot = snapshots.decode(value)
        except CorruptState as error:
            if not name.startswith(_CAN_BE_MADE_ANEW):
                self._complain(f"the snapshot {name} cannot be read: {error}")
            self._discarded.append((name, str(error)))
            return
        stored[name] = snapshot

    def _end(
        self, committed: int | None, as_of: int, low: int, stored: dict[str, Snapshot]
    ) -> Asked[int | None]:
        """Up to where the log has been taken into account by what was committed; None on the first start."""
        if CLOCK not in stored:
            return committed
        if committed is None:
            self._complain(f"there are snapshots as of offset {as_of}, but the group has no committed offset")
            return max(as_of, low)
        patience = Deadline(min(ARRIVAL_SECONDS, self._deadline.left()))
        while committed is not None and committed < as_of and not patience.passed:
            yield
            committed = yield from self._store.committed(self.partition, self._deadline)
        return max(as_of, committed or as_of)

    def _complain(self, what: str) -> None:
        """Stop with what was found and what can be done, unless the configuration says to go on."""
        if self._continue:
            self._discarded.append((f"partition {self.partition}", what))
            return
        raise LostData(
            f"columns partition {self.partition}: {what}. Nothing was overwritten. If the group's offsets were reset or "
            "expired, restore them; to begin anew with what is there (series warm up again, some alerts may be raised "
            "twice or not at all), set kafka.on_lost_data: continue for one start."
        )


def _rows(monitor: PartitionMonitor) -> int:
    return sum(task.monitor.rows for task in monitor.models.values())
