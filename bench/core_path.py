"""The core without Kafka: bytes → rows → columns → log entries → drift events, with the product's own functions.

Each step is timed over whole polls and checkpoints, and the floor (orjson.loads of the same bytes) in between, so that a
busy machine disturbs both alike. CPU time of the process, the threads of libraries included.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Final, Protocol, TypeAlias

import orjson

from bench.stream import PARTITIONS, TOPIC
from stream_monitor.core.columnise import Arrived
from stream_monitor.core.events import Record, Source
from stream_monitor.core.parameters import ModelParameters
from stream_monitor.core.partition_monitor import PartitionMonitor
from stream_monitor.core.tick import SourceProgress, Tick
from stream_monitor.detectors import registry
from stream_monitor.formats import columns, drift_events
from stream_monitor.formats.native_json import Rules
from stream_monitor.formats.shaped import ShapedReader
from stream_monitor.runtime.ingest import Ingest

FLOOR: Final = "floor: orjson.loads"
STEPS: Final = ("decode", "columnise", "encode", "read back", "observe", "publish")
_POLL: Final = 2_000  # records, as the worker asks for
_CHECKPOINT: Final = 20_000  # rows: what a second brings at 20,000 events/s

Polls: TypeAlias = Sequence[tuple[Source, Sequence[Record]]]


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


class Core:
    """One fresh run of both stages over an in-memory stream. drift_events: found; a bench of a blind core is none."""

    def __init__(self, meter: Meter) -> None:
        rules = Rules()

        reader = ShapedReader()

        def read_native(source: Source, records: Sequence[Record]) -> Arrived:
            with meter.step("decode"):
                return reader.read(source, records, rules)

        self.drift_events = 0
        self._meter = meter
        self._ingest = Ingest(read_native, max_models=1, far_ahead_rows=100_000)
        self._monitor = PartitionMonitor(
            lambda name: ModelParameters(name=name), registry.installed(), first=0
        )
        self._offset = 0

    def run(self, stream: Mapping[Source, Sequence[Record]]) -> None:
        """All of `stream`, checkpoint by checkpoint."""
        for source in stream:
            self._ingest.own(source)
        for polls in _checkpoints(stream):
            with self._meter.step(FLOOR):
                for _, records in polls:
                    for record in records:
                        orjson.loads(record.value or b"")
            self._checkpoint(polls, at_end=False)
        self._checkpoint([], at_end=True)  # releases what waits for the watermark

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
            applied = [self._monitor.apply(at, entry) for at, entry in enumerate(entries, self._offset)]
            self._offset += len(entries)
        with step("publish"):
            published = [drift_events.encode(event, "bench") for one in applied for event in one.drift_events]
        self.drift_events += len(published)

    def _tick(self, *, at_end: bool) -> Tick:
        sources = {
            source: SourceProgress(progress.max_time, progress.next_offset or 0, at_end)
            for source, progress in self._ingest.progress.items()
        }
        return Tick(worker="bench", wall=0, partitions={TOPIC: PARTITIONS}, sources=sources)


def _checkpoints(stream: Mapping[Source, Sequence[Record]]) -> Iterator[Polls]:
    """What is polled between two commits: every partition in turn."""
    longest = max(map(len, stream.values()))
    polls = [
        (source, records[begin : begin + _POLL])
        for begin in range(0, longest, _POLL)
        for source, records in stream.items()
        if records[begin : begin + _POLL]
    ]
    step = _CHECKPOINT // _POLL
    yield from (polls[begin : begin + step] for begin in range(0, len(polls), step))
