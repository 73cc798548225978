"""Logs of a columns partition as workers would write them: batches and ticks of several sources, read in any turns."""

from collections.abc import Mapping, Sequence

import numpy as np

from stream_monitor.core.batch import ColumnBatch
from stream_monitor.core.columnise import PlacedRow
from stream_monitor.core.tick import SourceProgress, Tick
from tests.property.rows import SOURCES, T0, batch_of

COUNTS = {"features": 2, "labels": 1}
STEP_MS = 1_000  # between ticks


def log_of(
    models: Mapping[str, Sequence[PlacedRow]], *, shuffle: int, most: int = 120
) -> list[tuple[int, ColumnBatch | Tick]]:
    """Every source is read in order, each in its own random strides; offsets of the log have gaps (markers)."""
    rng = np.random.default_rng(shuffle)
    reader = _Reader(models, rng, most)
    entries: list[ColumnBatch | Tick] = []
    while not reader.at_end:
        entries += reader.turn()
    for _ in range(3):  # at rest for longer than rows may be late
        entries += reader.turn()
    offsets = np.cumsum(rng.integers(1, 3, size=len(entries))) - 1
    return list(zip(offsets.tolist(), entries, strict=True))


class _Reader:
    """The rows of all models by source, and how far each has been read."""

    def __init__(
        self, models: Mapping[str, Sequence[PlacedRow]], rng: np.random.Generator, most: int
    ) -> None:
        self._queues: dict[int, list[PlacedRow]] = {at: [] for at in range(len(SOURCES))}
        for rows in models.values():
            for row in rows:
                self._queues[row.source_at].append(row)
        for queue in self._queues.values():
            queue.sort(key=lambda placed: placed.offset)
        self._rng = rng
        self._most = most
        self._max_time: dict[int, int] = {}
        self._next: dict[int, int] = dict.fromkeys(self._queues, 0)
        self._wall = T0

    @property
    def at_end(self) -> bool:
        return not any(self._queues.values())

    def turn(self) -> list[ColumnBatch | Tick]:
        """Some rows of some sources, a batch a model; then a tick, of all sources or of one worker's."""
        taken: list[PlacedRow] = []
        read = [at for at in self._queues if self._rng.random() < 0.7]
        for at in read:
            n = int(self._rng.integers(0, self._most))
            taken += self._queues[at][:n]
            del self._queues[at][:n]
        for one in taken:
            self._max_time[one.source_at] = max(self._max_time.get(one.source_at, 0), one.row.time)
            self._next[one.source_at] = one.offset + 1
        order = self._rng.permutation(len(SOURCES)).tolist()
        batches: list[ColumnBatch | Tick] = [
            batch_of([one for one in taken if one.row.model == model], order)
            for model in sorted({one.row.model for one in taken})
        ]
        self._wall += STEP_MS
        return [*batches, self._tick(sorted(read) if self._queues_left() else list(self._queues))]

    def _queues_left(self) -> bool:
        return any(self._queues.values())

    def _tick(self, told: Sequence[int]) -> Tick:
        sources = {
            SOURCES[at]: SourceProgress(self._max_time.get(at), self._next[at], not self._queues[at])
            for at in told
        }
        return Tick(worker="w", wall=self._wall, partitions=COUNTS, sources=sources)
