"""Brings the rows of one model into event-time order across its sources, by the watermarks that ticks carry.

Partitions differ, and reading them in chunks would make stationary data look like drift. So rows are held until the lowest
watermark of the model's sources has passed them, and released by (time, source, offset, item). Everything is decided by
what the columns log holds, so a replay decides the same. Late rows enter at the next tick and are counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stream_monitor.core.batch import ColumnBatch, concatenate
from stream_monitor.core.detector import Plain
from stream_monitor.core.plain import plain_of, value_of
from stream_monitor.core.watermarks import FOREVER, NEVER, Watermarks


class HeldBatch(NamedTuple):
    """Rows that wait, and the offset of the log entry that brought them."""

    at: int
    batch: ColumnBatch


class Order:
    """Held rows of one model. Cost: one sort and copy per row."""

    def __init__(self, *, lateness_ms: int, cap_rows: int, topics: tuple[str, ...] | None) -> None:
        self._lateness = lateness_ms
        self._cap = cap_rows
        self._discover = topics is None
        self._topics = frozenset(topics or ())
        self._held: list[HeldBatch] = []
        self.frontier = NEVER  # every row up to this event time has been released
        self.late = 0

    @property
    def held_rows(self) -> int:
        """Rows that wait."""
        return sum(len(held.batch) for held in self._held)

    def silence(self, watermarks: Watermarks, since: int) -> int:
        """For how long, ms, nothing has come after a row of the event time `since`; 0 while rows wait."""
        return 0 if self._held else watermarks.silence(self._topics, since)

    def held_from(self, default: int) -> int:
        """Offset of the oldest log entry with a row that waits."""
        return min((held.at for held in self._held), default=default)

    def add(self, at: int, batch: ColumnBatch) -> None:
        """Hold the rows of the log entry with the offset `at`."""
        if self._discover:
            self._topics |= {source.topic for source in batch.sources}
        self._held.append(HeldBatch(at, batch))

    def add_unreleased(self, at: int, batch: ColumnBatch) -> None:
        """Hold again, after a restore, the rows that an entry of before the snapshot had waiting."""
        waiting = np.flatnonzero(batch.times > self.frontier)
        if len(waiting):
            self._held.append(HeldBatch(at, batch.take(waiting)))

    def release(self, watermarks: Watermarks) -> Sequence[ColumnBatch]:
        """The rows that the watermarks have passed, which are to be brought `in_order`."""
        bound = max(self.frontier, watermarks.bound(self._topics, self._lateness), self._bound_of_cap())
        ready = self._split(bound)
        self.late += sum(int((batch.times <= self.frontier).sum()) for batch in ready)
        if ready and bound == FOREVER:
            bound = max(int(batch.times.max()) for batch in ready)
        if bound < FOREVER:
            self.frontier = max(self.frontier, bound)
        return ready

    def _bound_of_cap(self) -> int:
        """Memory is bounded: past the cap the oldest rows are released whatever the watermarks say."""
        excess = self.held_rows - self._cap
        if excess <= 0:
            return NEVER
        times = np.concatenate([held.batch.times for held in self._held])
        return int(np.partition(times, excess - 1)[excess - 1])

    def _split(self, bound: int) -> list[ColumnBatch]:
        """Take the rows up to `bound` out of what is held."""
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
        return ready

    def dump(self) -> Plain:
        """Explicit fields. Held rows are not among them: a restore reads them again from the log."""
        return plain_of(_State(tuple(sorted(self._topics)), self.frontier, self.late))

    def load(self, plain: Plain) -> None:
        """The inverse of `dump`. Raises CorruptState."""
        state = value_of(_State, plain)
        self._topics |= frozenset(state.topics)
        self.frontier, self.late = state.frontier, state.late


@dataclass(frozen=True, slots=True)
class _State:
    topics: tuple[str, ...]
    frontier: int
    late: int


def in_order(*releases: Sequence[ColumnBatch]) -> ColumnBatch:
    """The rows of releases (n >= 1 of them) that followed each other, those of each by time, source, offset and item."""
    batch = concatenate([one for release in releases for one in release])
    rank = {source: at for at, source in enumerate(sorted(batch.sources))}
    ranks = np.array([rank[source] for source in batch.sources], np.int64)[batch.source_at]
    turns = np.repeat(np.arange(len(releases)), [sum(map(len, release)) for release in releases])
    at = np.lexsort((batch.items, batch.offsets, ranks, batch.times, turns))
    return batch if bool((at[1:] > at[:-1]).all()) else batch.take(at)
