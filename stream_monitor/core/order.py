"""Brings the rows of one model into event-time order across its sources, by watermarks that ticks carry.

Partitions differ, and reading them in chunks would make stationary data look like drift. So rows are held until the lowest
watermark of the model's sources has passed them, and released by (time, source, offset, item). Everything is decided by
what the columns log holds, so a replay decides the same. Late rows enter at the next tick and are counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import ColumnBatch, concatenate
from stream_monitor.core.detector import Plain
from stream_monitor.core.events import Source
from stream_monitor.core.fields import Fields
from stream_monitor.core.plain import plain_of, value_of
from stream_monitor.core.tick import Tick

ABANDONED_MS = 300_000  # a source that no worker has reported for so long holds nobody back
FOREVER = 2**62


class Heard(NamedTuple):
    """What the ticks said of one source last. wall: when. end_since: since when it has been at its end, or None."""

    topic: str
    partition: int
    max_time: int
    next_offset: int
    wall: int
    end_since: int | None


class HeldBatch(NamedTuple):
    """Rows that wait, and the offset of the log entry that brought them."""

    at: int
    batch: ColumnBatch


class Order:
    """Held rows and what is known of the sources. Cost: one sort and copy per row."""

    def __init__(self, *, lateness_ms: int, cap_rows: int, topics: tuple[str, ...] | None) -> None:
        self._lateness = lateness_ms
        self._cap = cap_rows
        self._topics: set[str] = set(topics or ())
        self._discover = topics is None
        self._heard: dict[Source, Heard] = {}
        self._partitions: dict[str, int] = {}
        self._held: list[HeldBatch] = []
        self._wall = 0
        self.frontier = -FOREVER  # every row up to this event time has been released
        self.late = 0

    @property
    def held_rows(self) -> int:
        """Rows that wait."""
        return sum(len(held.batch) for held in self._held)

    def held_from(self, default: int) -> int:
        """Offset of the oldest log entry with a row that waits."""
        return min((held.at for held in self._held), default=default)

    def add(self, at: int, batch: ColumnBatch) -> None:
        """Hold the rows of the log entry with the offset `at`."""
        if self._discover:
            self._topics.update(source.topic for source in batch.sources)
        self._held.append(HeldBatch(at, batch))

    def add_unreleased(self, at: int, batch: ColumnBatch) -> None:
        """Hold again, after a restore, the rows that an entry of before the snapshot had waiting."""
        waiting = np.flatnonzero(batch.times > self.frontier)
        if len(waiting):
            self._held.append(HeldBatch(at, batch.take(waiting)))

    def tick(self, tick: Tick) -> ColumnBatch | None:
        """Take note of `tick` and release what its watermarks have passed, in order."""
        self._wall = max(self._wall, tick.wall)
        self._partitions.update(tick.partitions)
        for source, progress in tick.sources.items():
            before = self._heard.get(source)
            resting = (
                before is not None
                and before.end_since is not None
                and before.next_offset == progress.next_offset
            )
            since = before.end_since if before is not None and resting else tick.wall
            known = before.max_time if before is not None else -FOREVER
            self._heard[source] = Heard(
                topic=source.topic,
                partition=source.partition,
                max_time=max(known, -FOREVER if progress.max_time is None else progress.max_time),
                next_offset=progress.next_offset,
                wall=tick.wall,
                end_since=since if progress.at_end else None,
            )
        return self._release(max(self.frontier, self._bound(), self._bound_of_cap()))

    def _bound(self) -> int:
        """The lowest watermark of the sources that still bring rows; all at rest: no bound."""
        heard = [h for h in self._heard.values() if h.topic in self._topics]
        moving = [h for h in heard if h.end_since is None and self._wall - h.wall <= ABANDONED_MS]
        if self._unheard():
            return -FOREVER
        if moving:
            return min(h.max_time for h in moving) - self._lateness
        if all(h.end_since is None or self._wall - h.end_since >= self._lateness for h in heard):
            return FOREVER
        return max(h.max_time for h in heard) - self._lateness

    def _unheard(self) -> bool:
        """Whether some source of this model exists that no worker has reported yet."""
        known = self._heard.keys()
        return any(
            Source(topic, partition) not in known
            for topic in self._topics
            for partition in range(self._partitions.get(topic, 1))
        )

    def _bound_of_cap(self) -> int:
        """Memory is bounded: past the cap the oldest rows are released whatever the watermarks say."""
        excess = self.held_rows - self._cap
        if excess <= 0:
            return -FOREVER
        times = np.concatenate([held.batch.times for held in self._held])
        return int(np.partition(times, excess - 1)[excess - 1])

    def _release(self, bound: int) -> ColumnBatch | None:
        ready, waiting = [], []
        for held in self._held:
            passed = held.batch.times <= bound
            if passed.all():
                ready.append(held.batch)
            elif passed.any():
                ready.append(held.batch.take(np.flatnonzero(passed)))
                waiting.append(HeldBatch(held.at, held.batch.take(np.flatnonzero(~passed))))
            else:
                waiting.append(held)
        self._held = waiting
        batch = concatenate(ready) if ready else None
        if batch is not None:
            self.late += int((batch.times <= self.frontier).sum())
            if bound == FOREVER:
                bound = int(batch.times.max())
        if bound < FOREVER:
            self.frontier = max(self.frontier, bound)
        return None if batch is None else batch.take(_in_order(batch))

    def dump(self) -> dict[str, Plain]:
        """Explicit fields. Held rows are not among them: a restore reads them again from the log, from `held_from`."""
        return {
            "topics": sorted(self._topics),
            "heard": [plain_of(heard) for heard in self._heard.values()],
            "partitions": dict(self._partitions),
            "wall": self._wall,
            "frontier": self.frontier,
            "late": self.late,
        }

    def load(self, plain: Plain) -> None:
        """The inverse of `dump`. Raises CorruptState."""
        fields = Fields(plain, "order")
        self._topics |= set(fields.texts("topics"))
        heard = [value_of(Heard, row) for row in fields.rows("heard")]
        self._heard = {Source(h.topic, h.partition): h for h in heard}
        self._partitions = dict(value_of(_Partitions, {"of": fields.plain("partitions")}).of)
        self._wall = fields.integer("wall", least=0)
        self.frontier = fields.integer("frontier")
        self.late = fields.integer("late", least=0)


@dataclass(frozen=True)
class _Partitions:
    of: Mapping[str, int]


def _in_order(batch: ColumnBatch) -> NDArray[np.intp]:
    """The order (n,) by time, source, offset and item."""
    rank = {source: at for at, source in enumerate(sorted(batch.sources))}
    ranks = np.array([rank[source] for source in batch.sources], np.int64)[batch.source_at]
    return np.lexsort((batch.items, batch.offsets, ranks, batch.times))
