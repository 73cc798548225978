"""Drives whole workers over the in-memory log, with simulated time: raw bytes in, topics out, no broker, no sleep."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from prometheus_client import CollectorRegistry

from stream_monitor.app.composition import (
    Adapters,
    Shown,
    compose,
    first_view,
    input_topics,
    parameters_by_name,
)
from stream_monitor.config import Settings, load
from stream_monitor.core.drift_event import DriftEvent
from stream_monitor.core.events import Record, Source
from stream_monitor.core.partition_monitor import PartitionMonitor
from stream_monitor.core.snapshot import Snapshot
from stream_monitor.detectors import registry
from stream_monitor.formats import columns, drift_events, snapshots
from stream_monitor.memory.checkpointer import MemoryCheckpointer
from stream_monitor.memory.log import MemoryLog
from stream_monitor.memory.source import MemorySource
from stream_monitor.memory.state_store import MemoryStateStore
from stream_monitor.runtime.worker import Worker
from stream_monitor.telemetry.recorder import Telemetry
from stream_monitor.telemetry.view import View, ViewHolder


@dataclass(slots=True)
class SimulatedClock:
    """Time that only a test moves."""

    seconds: float = 0.0

    def wall(self) -> int:
        return 1_800_000_000_000 + round(self.seconds * 1000)

    def monotonic(self) -> float:
        return self.seconds


def settings_for(topics: Mapping[str, int], overrides: Mapping[str, Any] | None = None) -> Settings:
    """Settings that discover models in `topics`, with few columns partitions and small warm-ups by `overrides`."""
    base = {
        "kafka.bootstrap_servers": "memory:1",
        "kafka.partitions": 3,
        "discovery.topics": list(topics),
        "http.listen": "off",
    }
    return load(None, {}, {**base, **(overrides or {})})


@dataclass(slots=True)
class RunningWorker:
    """A worker with what a test needs to touch of it."""

    worker: Worker
    source: MemorySource
    holder: ViewHolder

    @property
    def view(self) -> View:
        return self.holder.view


@dataclass(slots=True)
class Cluster:
    """One in-memory cluster: input topics with their partition counts, the monitor's topics, and any number of workers."""

    topics: Mapping[str, int]
    overrides: Mapping[str, Any] = field(default_factory=dict)
    settings: Settings = field(init=False)
    log: MemoryLog = field(init=False)
    clock: SimulatedClock = field(default_factory=SimulatedClock)
    patch: Callable[[Worker], None] = field(default=lambda _: None)

    def __post_init__(self) -> None:
        self.settings = settings_for(self.topics, self.overrides)
        self.log = MemoryLog(now=self.clock.wall)
        for topic, partitions in self.topics.items():
            self.log.create_topic(topic, partitions=partitions)
        names = self.settings.topics
        for topic in (names.columns, names.state):
            self.log.create_topic(topic, partitions=self.settings.kafka.partitions)
        for topic in (names.alerts, names.dead_letter, names.status):
            self.log.create_topic(topic)

    def worker(self, name: str, failpoint: Callable[[str], None] = lambda _: None) -> RunningWorker:
        """A new member of the group that has subscribed."""
        kafka, names = self.settings.kafka, self.settings.topics
        source = MemorySource(
            self.log, group=kafka.group_id, inputs=input_topics(self.settings), columns=names.columns
        )
        adapters = Adapters(
            source=source,
            checkpointer=MemoryCheckpointer(
                self.log, source, transactional_id=name, columns=names.columns, failpoint=failpoint
            ),
            store=MemoryStateStore(self.log, group=kafka.group_id, columns=names.columns, state=names.state),
            clock=self.clock,
        )
        holder = ViewHolder(first_view(self.settings, self.clock, name=name))
        shown = Shown(holder=holder, telemetry=Telemetry(CollectorRegistry()))
        worker = compose(self.settings, adapters, shown, name=name)
        self.patch(worker)
        source.subscribe(worker)
        return RunningWorker(worker, source, holder)

    def produce(self, topic: str, partition: int, events: Sequence[Mapping[str, Any]]) -> None:
        for event in events:
            self.log.append(topic, orjson.dumps(event), partition=partition, timestamp=self.clock.wall())

    def run(self, workers: Sequence[RunningWorker], *, turns: int = 1_000) -> None:
        """Let the workers take turns until everything is read, observed and committed."""
        quiet = 0
        for _ in range(turns):
            before = self.progress()
            for running in workers:
                running.worker.step()
            self.clock.seconds += 0.3
            quiet = quiet + 1 if self.progress() == before else 0
            if quiet > 45:  # longer than an idle tick takes
                return
        raise AssertionError("not at rest")

    def progress(self) -> tuple[int, ...]:
        names = self.settings.topics
        tick = sum(
            1
            for _, record in self.log.records(names.columns)
            if dict(record.headers) == dict(columns.TICK_HEADERS)
        )
        return (len(self.log.records(names.columns)) - tick, len(self.log.records(names.alerts)), self.held())

    def held(self) -> int:
        return 0

    def drift_events(self) -> list[DriftEvent]:
        """What a read_committed reader sees on the alerts topic."""
        return [
            drift_events.decode(record.value or b"")
            for _, record in self.log.records(self.settings.topics.alerts)
        ]

    def log_of(self, partition: int) -> list[Record]:
        """The committed columns log of a partition."""
        wanted = Source(self.settings.topics.columns, partition)
        return [record for source, record in self.log.records(wanted.topic) if source == wanted]

    def fold(self) -> tuple[list[DriftEvent], dict[int, PartitionMonitor]]:
        """The oracle: the drift events and states that the committed log alone leads to."""
        events: list[DriftEvent] = []
        monitors = {}
        for partition in range(self.settings.kafka.partitions):
            monitor = monitors[partition] = PartitionMonitor(
                parameters_by_name(self.settings, {}), registry.installed(), first=0
            )
            for record in self.log_of(partition):
                entry = columns.decode_entry(record.value, record.headers)
                events += monitor.apply(record.offset, entry).drift_events
        return events, monitors

    def stored(self) -> dict[tuple[int, str], Snapshot]:
        """Latest snapshots, by partition and key."""
        latest: dict[tuple[int, str], Snapshot] = {}
        for source, record in self.log.records(self.settings.topics.state):
            key = (source.partition, (record.key or b"").decode())
            if record.value is None:
                latest.pop(key, None)
            else:
                latest[key] = snapshots.decode(record.value)
        return latest
