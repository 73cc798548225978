"""When a columns partition writes snapshots: each has moments of its own, so that a large state does not stop the loop at once.

Pure: time comes in as an argument.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class SnapshotSchedule:
    """every: seconds between two snapshots of a partition. rows: as many have to be observed again after a crash, over all
    partitions. count: partitions of the columns topic, over which the moments are spread.
    """

    every: float
    rows: int
    count: int
    _next: dict[int, float] = field(default_factory=dict)  # by partition: when its snapshots are due
    _observed: dict[int, int] = field(default_factory=dict)  # rows since its last ones

    def begin(self, partition: int, rows: int, now: float) -> None:
        """The partition is live from now on; so many rows came behind the snapshots that it was restored from."""
        self._observed[partition] = rows
        self._plan(partition, now)

    def end(self, partition: int) -> None:
        """It is no longer."""
        self._next.pop(partition, None)
        self._observed.pop(partition, None)

    def observed(self, partition: int, rows: int) -> None:
        """So many more rows would have to be observed again."""
        self._observed[partition] += rows

    def take_due(self, now: float) -> Sequence[int]:
        """The live partitions whose snapshots are to be written now, in order; they are taken as written.

        Those whose moment has come, and the ones with the most rows while these are too many: so they spread by themselves.
        """
        due = {partition for partition, moment in self._next.items() if moment <= now}
        left = {partition: rows for partition, rows in self._observed.items() if partition not in due}
        while sum(left.values()) >= self.rows:
            fullest = max(left, key=lambda partition: (left[partition], partition))
            due.add(fullest)
            del left[fullest]
        return self._taken(due, now)

    def take_all(self, now: float) -> Sequence[int]:
        """All live partitions, likewise."""
        return self._taken(set(self._next), now)

    def _taken(self, due: set[int], now: float) -> Sequence[int]:
        for partition in due:
            self._observed[partition] = 0
            self._plan(partition, now)
        return sorted(due)

    def _plan(self, partition: int, now: float) -> None:
        """The next of its moments: what hangs on the partition alone stays spread when partitions come and go."""
        offset = self.every * partition / self.count
        self._next[partition] = offset + self.every * ((now - offset) // self.every + 1)
