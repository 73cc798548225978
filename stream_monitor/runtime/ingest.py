"""Stage 1: records of input partitions → rows → column batches and ticks. Stateless but for what the next commit will write.

Knows no partitions of the columns topic and no transaction; a bad record is a value that goes to the dead-letter topic.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from stream_monitor.core.batch import ColumnBatch
from stream_monitor.core.columnise import Arrived, Gathered
from stream_monitor.core.events import Record, Rejected, Source
from stream_monitor.core.tick import SourceProgress, Tick
from stream_monitor.runtime.ports import RecordSource

FAR_AHEAD_MS = 60_000

Read = Callable[[Source, Sequence[Record], Gathered], Arrived]
"""The rows of these records of a source into what is gathered, and what came of them."""


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


class Ingest:
    """Rows and rejects since the last commit, and the progress of the sources that are owned."""

    def __init__(self, read: Read, *, max_models: int, far_ahead_rows: int) -> None:
        self._read = read
        self._far_ahead_rows = far_ahead_rows
        self._gathered = Gathered(max_models)
        self.rejected: list[Rejected] = []
        self.progress: dict[Source, Progress] = {}

    def own(self, source: Source) -> None:
        """The source is ours from now on."""
        self.progress[source] = Progress()

    def disown(self, source: Source) -> None:
        """It is no longer ours; nothing of it may be waiting."""
        self.progress.pop(source, None)

    def forget(self) -> None:
        """Drop what was not committed; the sources will be read again from their committed offsets."""
        self._gathered.clear()
        self.rejected = []
        self.progress = {source: Progress() for source in self.progress}

    @property
    def waiting(self) -> int:
        """Rows that the next commit will write."""
        return self._gathered.rows

    @property
    def event_times(self) -> dict[Source, int]:
        """Latest event time read, ms UTC, of the sources that had events."""
        return {source: p.max_time for source, p in self.progress.items() if p.max_time is not None}

    def take(self, source: Source, records: Sequence[Record]) -> int:
        """Read `records` of one owned source, in order, and keep what they hold. Returns how many rows that is."""
        arrived = self._read(source, records, self._gathered)
        self.rejected += arrived.rejected
        progress = self.progress[source]
        progress.next_offset = records[-1].offset + 1
        progress.rows += arrived.rows
        if arrived.newest is not None:
            progress.newest = newest = arrived.newest
            progress.max_time = newest if progress.max_time is None else max(progress.max_time, newest)
        return arrived.rows

    def drain(self) -> Sequence[ColumnBatch]:
        """One batch per model of the rows that wait."""
        return self._gathered.drain()

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
