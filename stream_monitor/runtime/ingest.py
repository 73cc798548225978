"""Stage 1: records of input partitions → rows → column batches and ticks. Stateless but for what the next commit will write.

Knows no partitions of the columns topic and no transaction; a bad record is a value that goes to the dead-letter topic.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from stream_monitor.core.batch import ColumnBatch, concatenate
from stream_monitor.core.columnise import Arrived, Run, joined
from stream_monitor.core.events import Reason, Record, Rejected, Source
from stream_monitor.core.tick import SourceProgress, Tick
from stream_monitor.runtime.ports import RecordSource

FAR_AHEAD_MS = 60_000
CHUNK = 500  # records that are read at once, and rows of a model that are made into columns: they stay in the caches

Read = Callable[[Source, Sequence[Record]], Arrived]


@dataclass(slots=True)
class Progress:
    """How far a source has been read. newest: latest event time of the last records that had events.

    passed: (max_time, rows) at recent commits, to tell how many rows it is ahead.
    """

    next_offset: int | None = None
    max_time: int | None = None
    newest: int | None = None
    rows: int = 0
    passed: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=1024))


@dataclass(slots=True)
class Waiting:
    """Runs of one model, each with the position of its source, that are not columns yet, and their rows."""

    runs: list[tuple[Run, int]] = field(default_factory=list)
    rows: int = 0


class Ingest:
    """Rows and rejects since the last commit, and the progress of the sources that are owned."""

    def __init__(self, read: Read, *, max_models: int, far_ahead_rows: int) -> None:
        self._read = read
        self._max_models = max_models
        self._far_ahead_rows = far_ahead_rows
        self._models: set[str] = set()
        self._sources: dict[Source, int] = {}
        self._runs: dict[str, Waiting] = {}
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
        self._runs, self._batches, self._sources, self.rejected, self.waiting = {}, {}, {}, [], 0
        self.progress = {source: Progress() for source in self.progress}

    @property
    def event_times(self) -> dict[Source, int]:
        """Latest event time read, ms UTC, of the sources that had events."""
        return {source: p.max_time for source, p in self.progress.items() if p.max_time is not None}

    def take(self, source: Source, records: Sequence[Record]) -> int:
        """Read `records` of one owned source, in order, and keep what they hold. Returns how many rows that is."""
        before = self.progress[source].rows
        for begin in range(0, len(records), CHUNK):
            self._take(source, records[begin : begin + CHUNK])
        return self.progress[source].rows - before

    def _take(self, source: Source, records: Sequence[Record]) -> None:
        arrived = self._read(source, records)
        self.rejected += arrived.rejected
        progress = self.progress[source]
        progress.next_offset = records[-1].offset + 1
        if arrived.runs:
            progress.rows += arrived.rows
            progress.newest = newest = max(run.newest for run in arrived.runs)
            progress.max_time = newest if progress.max_time is None else max(progress.max_time, newest)
            source_at = self._sources.setdefault(source, len(self._sources))
            for run in arrived.runs:
                self._keep(run, source_at, partial(self._too_many, source, records))

    def _keep(self, run: Run, source_at: int, too_many: Callable[[int, int], Rejected]) -> None:
        waiting = self._runs.get(run.model)
        if waiting is None:
            if run.model not in self._models and len(self._models) >= self._max_models:
                self.rejected += map(too_many, run.offsets.tolist(), run.items.tolist())
                return
            self._models.add(run.model)
            waiting = self._runs[run.model] = Waiting()
        waiting.runs.append((run, source_at))
        waiting.rows += len(run.rows)
        self.waiting += len(run.rows)
        if waiting.rows >= CHUNK:
            self._columnise(run.model)

    def _too_many(self, source: Source, records: Sequence[Record], offset: int, item: int) -> Rejected:
        record = records[bisect_left(records, offset, key=lambda record: record.offset)]
        detail = f"more than {self._max_models} models are being discovered (discovery.max_models)"
        return Rejected(source, record, item, Reason.TOO_MANY_MODELS, detail)

    def _columnise(self, model: str) -> None:
        """Turn the rows of a model into columns while they are fresh in the caches, and let them go."""
        waiting, self._runs[model] = self._runs[model], Waiting()
        self._batches.setdefault(model, []).extend(joined(waiting.runs, list(self._sources)))

    def drain(self) -> Iterable[ColumnBatch]:
        """One batch per model of the rows that wait."""
        for model in self._runs:
            self._columnise(model)
        batches = self._batches
        self._runs, self._batches, self._sources, self.waiting = {}, {}, {}, 0
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
