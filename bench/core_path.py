"""The core without Kafka: bytes → rows → columns → log entries → drift events, with the product's own functions.

Each step is timed over whole polls and checkpoints, and what it is held against (the floor, the naive loop) in between, so
that a busy machine disturbs all alike. CPU time of the process, the threads of libraries included.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Final, Protocol, TypeAlias

from bench.stream import ONE_MODEL, Shape
from stream_monitor.core.columnise import Arrived, Gathered
from stream_monitor.core.events import Record, Source
from stream_monitor.core.parameters import ModelParameters
from stream_monitor.core.partition_monitor import PartitionMonitor
from stream_monitor.core.series import DetectorCatalogue
from stream_monitor.core.tick import SourceProgress, Tick
from stream_monitor.detectors import registry
from stream_monitor.formats import columns, drift_events
from stream_monitor.formats.native_json import Rules
from stream_monitor.formats.shaped import ShapedReader
from stream_monitor.runtime.ingest import Ingest

STEPS: Final = ("decode", "columnise", "encode", "read back", "observe", "publish")

Polls: TypeAlias = Sequence[tuple[Source, Sequence[Record]]]
Beside: TypeAlias = Mapping[str, Callable[[Sequence[bytes]], object]]
"""What else takes the values of every poll, by name."""


class Meter(Protocol):
    """Watches one step at a time: a clock, or a profiler."""

    def step(self, name: str) -> AbstractContextManager[object]:
        """What runs in the block is the step `name`, but for steps inside it. Entered many times."""
        ...


class Stopwatch:
    """CPU seconds of the process by step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._steps: list[str] = []
        self._since = 0.0

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Add what the block takes, but for steps inside it."""
        self._charge()
        self._steps.append(name)
        yield
        self._charge()
        self._steps.pop()

    def _charge(self) -> None:
        now = time.process_time()
        if self._steps:
            self.seconds[self._steps[-1]] = self.seconds.get(self._steps[-1], 0.0) + now - self._since
        self._since = now


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """poll: records, as the worker asks for. checkpoint: rows, by default what a second brings at 20,000 events/s.

    parameters: of every model, but for its name.
    """

    poll: int = 2_000
    checkpoint: int = 20_000
    parameters: ModelParameters = field(default_factory=lambda: ModelParameters(name=""))


USUAL: Final = Setting()


class Core:
    """One fresh run of both stages over an in-memory stream. drift_events: found; a bench of a blind core is none."""

    def __init__(
        self,
        meter: Meter,
        shape: Shape = ONE_MODEL,
        setting: Setting = USUAL,
        catalogue: DetectorCatalogue | None = None,
    ) -> None:
        rules, reader = Rules(), ShapedReader()

        def read_native(source: Source, records: Sequence[Record], gathered: Gathered) -> Arrived:
            with meter.step("decode"):
                return reader.read(source, records, rules, gathered)

        self.drift_events = 0
        self._meter = meter
        self._partitions = shape.partitions
        self._ingest = Ingest(read_native, max_models=shape.models, far_ahead_rows=100_000)
        self.monitor = PartitionMonitor(
            lambda name: replace(setting.parameters, name=name),
            registry.installed() if catalogue is None else catalogue,
            first=0,
        )
        self._offset = self._wall = 0
        for source in shape.sources():
            self._ingest.own(source)

    def run(self, batches: Iterator[Polls], beside: Beside | None = None) -> None:
        """All of `batches`, and what waits for the watermark."""
        for polls in batches:
            for name, take in (beside or {}).items():
                values = [[record.value or b"" for record in records] for _, records in polls]
                with self._meter.step(name):
                    for poll in values:
                        take(poll)
            self.checkpoint(polls)
        self.end()

    def checkpoint(self, polls: Polls) -> None:
        """What is polled between two commits."""
        self._checkpoint(polls, at_end=False)

    @property
    def rows(self) -> int:
        """Observed so far, of all models."""
        return sum(task.monitor.rows for task in self.monitor.models.values())

    def end(self) -> None:
        """The sources are at their end, and have been for longer than rows may be late: nothing waits any more."""
        self._checkpoint([], at_end=True)
        self._wall += 60_000
        self._checkpoint([], at_end=True)

    def _checkpoint(self, polls: Polls, *, at_end: bool) -> None:
        step = self._meter.step
        with step("columnise"):  # decode is a step inside
            for source, records in polls:
                self._ingest.take(source, records)
            batches = list(self._ingest.drain())
        with step("encode"):
            encoded = [columns.encode_batch(part) for batch in batches for part in columns.split(batch)]
            tick = columns.encode_tick(self._tick(at_end=at_end))
        with step("read back"):
            entries = [columns.decode_entry(value, columns.BATCH_HEADERS) for value in encoded]
            entries.append(columns.decode_entry(tick, columns.TICK_HEADERS))
        with step("observe"):
            applied = [self.monitor.apply(at, entry) for at, entry in enumerate(entries, self._offset)]
            self._offset += len(entries)
        with step("publish"):
            published = [drift_events.encode(event, "bench") for one in applied for event in one.drift_events]
        self.drift_events += len(published)

    def _tick(self, *, at_end: bool) -> Tick:
        sources = {
            source: SourceProgress(progress.max_time, progress.next_offset or 0, at_end)
            for source, progress in self._ingest.progress.items()
        }
        topics = {source.topic: self._partitions for source in sources}
        return Tick(worker="bench", wall=self._wall, partitions=topics, sources=sources)


def checkpoints(stream: Mapping[Source, Sequence[Record]], setting: Setting = USUAL) -> Iterator[Polls]:
    """What is polled between two commits: every partition in turn."""
    longest = max(map(len, stream.values()))
    polls = [
        (source, records[begin : begin + setting.poll])
        for begin in range(0, longest, setting.poll)
        for source, records in stream.items()
        if records[begin : begin + setting.poll]
    ]
    waiting: list[tuple[Source, Sequence[Record]]] = []
    for poll in polls:
        waiting.append(poll)
        if sum(len(records) for _, records in waiting) >= setting.checkpoint:
            yield waiting
            waiting = []
    if waiting:
        yield waiting
