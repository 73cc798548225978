"""Stage 1: records of input partitions → rows → column batches and ticks. Stateless but for what the next commit will write.

Knows no partitions of the columns topic and no transaction; a bad record is a value that goes to the dead-letter topic.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import repeat

from stream_monitor.core.batch import ColumnBatch, concatenate
from stream_monitor.core.columnise import PlacedRow, columnise
from stream_monitor.core.events import Decoded, Reason, Record, Rejected, Source
from stream_monitor.core.tick import SourceProgress, Tick
from stream_monitor.runtime.ports import RecordSource

FAR_AHEAD_MS = 60_000
CHUNK_ROWS = 1_000  # of a model that are made into columns at once

Decode = Callable[[Source, Sequence[Record]], Decoded]


@dataclass(slots=True)
class Progress:
    """How far a source has been read. newest: latest event time of the last batch that had events.

    passed: (max_time, rows) at recent commits, to tell how many rows it is ahead.
    """

    next_offset: int | None = None
    max_time: int | None = None
    newest: int | None = None
    rows: int = 0
    passed: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=1024))


class Ingest:
    """Rows and rejects since the last commit, and the progress of the sources that are owned."""

    def __init__(self, decode: Decode, *, max_models: int, far_ahead_rows: int) -> None:
        self._decode = decode
        self._max_models = max_models
        self._far_ahead_rows = far_ahead_rows
        self._models: set[str] = set()
        self._sources: dict[Source, int] = {}
        self._rows: dict[str, list[PlacedRow]] = {}
        self._batches: dict[str, list[ColumnBatch]] = {}
        self.rejected: list[Rejected] = []
        self.progress: dict[Source, Progress] = {}
        self.waiting = 0  # rows that the next commit will write

    def own(self, source: Source) -> None:
        """The source is ours from now on."""
        self.progress[source] = Progress()

    def disown(self, source: Source) -> None:
        """It is no longer ours; nothing of it may be waiting."""
        self.progress.pop(source, None)

    def forget(self) -> None:
        """Drop what was not committed; the sources will be read again from their committed offsets."""
        self._rows, self._batches, self._sources, self.rejected, self.waiting = {}, {}, {}, [], 0
        self.progress = {source: Progress() for source in self.progress}

    @property
    def event_times(self) -> dict[Source, int]:
        """Latest event time read, ms UTC, of the sources that had events."""
        return {source: p.max_time for source, p in self.progress.items() if p.max_time is not None}

    def take(self, source: Source, records: Sequence[Record]) -> Decoded:
        """Decode `records` of one owned source, in order, and keep what they hold."""
        decoded = self._decode(source, records)
        self.rejected += decoded.rejected
        progress = self.progress[source]
        progress.next_offset = records[-1].offset + 1
        if decoded.rows:
            progress.rows += len(decoded.rows)
            progress.newest = newest = max(row.time for row in decoded.rows)
            progress.max_time = newest if progress.max_time is None else max(progress.max_time, newest)
            self._keep(decoded, records, self._sources.setdefault(source, len(self._sources)))
        return decoded

    def _keep(self, decoded: Decoded, records: Sequence[Record], source_at: int) -> None:
        placed = map(PlacedRow, decoded.rows, repeat(source_at), decoded.offsets, decoded.items)
        for one in placed:
            model = one.row.model
            rows = self._rows.get(model)
            if rows is None:
                if model not in self._models and len(self._models) >= self._max_models:
                    self.rejected.append(self._too_many(decoded.source, records, one))
                    continue
                self._models.add(model)
                rows = self._rows[model] = []
            rows.append(one)
            self.waiting += 1
            if len(rows) >= CHUNK_ROWS:
                self._columnise(model)

    def _too_many(self, source: Source, records: Sequence[Record], placed: PlacedRow) -> Rejected:
        record = records[bisect_left(records, placed.offset, key=lambda record: record.offset)]
        detail = f"more than {self._max_models} models are being discovered (discovery.max_models)"
        return Rejected(source, record, placed.item, Reason.TOO_MANY_MODELS, detail)

    def _columnise(self, model: str) -> None:
        """Turn the rows of a model into columns while they are fresh in the caches, and let them go."""
        rows, self._rows[model] = self._rows[model], []
        if rows:
            self._batches.setdefault(model, []).append(columnise(model, rows, list(self._sources)))

    def drain(self) -> Iterable[ColumnBatch]:
        """One batch per model of the rows that wait."""
        for model in self._rows:
            self._columnise(model)
        batches = self._batches
        self._rows, self._batches, self._sources, self.waiting = {}, {}, {}, 0
        return map(concatenate, batches.values())

    def tick(self, worker: str, wall: int, reader: RecordSource) -> Tick:
        """What this worker can say of its sources right now; one whose position is not settled yet is left out."""
        sources = {}
        for source, progress in self.progress.items():
            offset = reader.position(source) if progress.next_offset is None else progress.next_offset
            if offset is not None:
                sources[source] = SourceProgress(progress.max_time, offset, reader.at_end(source))
            if progress.max_time is not None:
                progress.passed.append((progress.max_time, progress.rows))
        return Tick(worker=worker, wall=wall, partitions=dict(reader.partition_counts()), sources=sources)

    def far_ahead(self, slowest: int) -> set[Source]:
        """Sources that should wait for the slowest one, by event time or by rows."""
        return {source for source, progress in self.progress.items() if self._is_far_ahead(progress, slowest)}

    def _is_far_ahead(self, progress: Progress, slowest: int) -> bool:
        if progress.max_time is None or progress.max_time <= slowest:
            return False
        rows = progress.rows - max((rows for time, rows in progress.passed if time <= slowest), default=0)
        return (
            progress.max_time > max(slowest, 0) + FAR_AHEAD_MS > FAR_AHEAD_MS or rows > self._far_ahead_rows
        )
