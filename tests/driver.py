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
from stream_monitor.formats import alerts_topic, columns, snapshots
from stream_monitor.memory.checkpointer import MemoryCheckpointer
from stream_monitor.memory.log import MemoryLog
from stream_monitor.memory.source import MemorySource
from stream_monitor.memory.state_store import MemoryStateStore
from stream_monitor.runtime.ports import Fetched
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
    base: dict[str, Any] = {
        "kafka.bootstrap_servers": "memory:1",
        "kafka.partitions": 3,
        "http.listen": "off",
    }
    if "models" not in (overrides or {}):
        base["discovery.topics"] = list(topics)
    return load(None, {}, {**base, **(overrides or {})})


class RememberingLog(MemoryLog):
    """What DeleteRecords takes away is kept aside: the fold of the whole log is the oracle of every test."""

    def __init__(self, *, now: Callable[[], int]) -> None:
        super().__init__(now=now)
        self.purged: dict[Source, list[Record]] = {}

    def delete_records(self, source: Source, before: int) -> None:
        seen, _ = self.read(source, self.low(source), self.high(source))
        self.purged.setdefault(source, []).extend(record for record in seen if record.offset < before)
        super().delete_records(source, before)


class ShortPolls(MemorySource):
    """Returns only a few records a turn, so that a test with few records has many turns."""

    most = 1_000_000

    def poll(self, max_records: int, timeout: float) -> Sequence[Fetched]:
        return super().poll(min(max_records, self.most), timeout)


@dataclass(slots=True)
class RunningWorker:
    """A worker with what a test needs to touch of it."""

    name: str
    worker: Worker
    source: ShortPolls
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
    log: RememberingLog = field(init=False)
    most_records: int = 1_000_000  # that a poll returns
    clock: SimulatedClock = field(default_factory=SimulatedClock)
    patch: Callable[[Worker], None] = field(default=lambda _: None)

    def __post_init__(self) -> None:
        self.settings = settings_for(self.topics, self.overrides)
        self.log = RememberingLog(now=self.clock.wall)
        for topic, partitions in self.topics.items():
            self.log.create_topic(topic, partitions=partitions)
        names = self.settings.topics
        for topic in (names.columns, names.state):
            self.log.create_topic(topic, partitions=self.settings.kafka.partitions)
        for topic in (names.alerts, names.dead_letter, names.status, names.history):
            self.log.create_topic(topic)

    def worker(self, name: str, failpoint: Callable[[str], None] = lambda _: None) -> RunningWorker:
        """A new member of the group that has subscribed."""
        kafka, names = self.settings.kafka, self.settings.topics
        source = ShortPolls(
            self.log,
            group=kafka.group_id,
            inputs=input_topics(self.settings),
            columns=names.columns,
            on_lost_data=kafka.on_lost_data,
        )
        source.most = self.most_records
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
        return RunningWorker(name, worker, source, holder)

    def append(self, source: Source, value: bytes | None, timestamp: int) -> None:
        """A record as a producer writes it."""
        self.log.append(source.topic, value, partition=source.partition, timestamp=timestamp)

    def new_monitor(self) -> PartitionMonitor:
        """The state of a partition before its log."""
        return PartitionMonitor(parameters_by_name(self.settings, {}), registry.installed(), first=0)

    def produce(self, topic: str, partition: int, events: Sequence[Mapping[str, Any]]) -> None:
        for event in events:
            self.log.append(topic, orjson.dumps(event), partition=partition, timestamp=self.clock.wall())

    def run(self, workers: Sequence[RunningWorker], *, turns: int = 1_000) -> None:
        """Let the workers take turns until everything is read, observed and committed."""
        for _ in range(turns):
            for running in workers:
                running.worker.step()
            self.clock.seconds += 0.3
            if self.at_rest(workers):
                return
        raise AssertionError("not at rest")

    def at_rest(self, workers: Sequence[RunningWorker]) -> bool:
        """Whether no record is left to be read, no row waits, and all that was found is committed."""
        inputs = [Source(topic, at) for topic, n in self.topics.items() for at in range(n)]
        if any((self.committed(source) or 0) < self.log.high(source) for source in inputs):
            return False
        checkpoints = [running.worker._checkpoint for running in workers]
        if any(one.drift_events or one.retrain_requests for one in checkpoints):
            return False
        live = {at: m for r in workers for at, m in r.worker._parts.partitions._live.items()}
        if len(live) < self.settings.kafka.partitions:
            return False
        return all(
            monitor.next_offset > self._last_batch(at)
            and not any(t.order.held_rows for t in monitor.models.values())
            for at, monitor in live.items()
        )

    def committed(self, source: Source) -> int | None:
        """Of the group."""
        noted = self.log.committed(self.settings.kafka.group_id, source)
        return None if noted is None else noted.offset

    def _last_batch(self, partition: int) -> int:
        batches = (r.offset for r in self.log_of(partition) if tuple(r.headers) == columns.BATCH_HEADERS)
        return max(batches, default=-1)

    def drift_events(self) -> list[DriftEvent]:
        """What a read_committed reader sees on the alerts topic."""
        return [one for one in self.published() if isinstance(one, DriftEvent)]

    def published(self) -> list[alerts_topic.Published]:
        """All of it, requests to train anew too."""
        records = self.log.records(self.settings.topics.alerts)
        return [alerts_topic.decode(record.value or b"") for _, record in records]

    def log_of(self, partition: int) -> list[Record]:
        """The committed columns log of a partition, with what was purged of it."""
        source = Source(self.settings.topics.columns, partition)
        present, _ = self.log.read(source, self.log.low(source), self.log.high(source))
        return [*self.log.purged.get(source, ()), *present]

    def fold(self) -> tuple[list[alerts_topic.Published], dict[int, PartitionMonitor]]:
        """The oracle: the drift events, requests and states that the committed log alone leads to."""
        published: list[alerts_topic.Published] = []
        monitors = {}
        for partition in range(self.settings.kafka.partitions):
            monitor = monitors[partition] = self.new_monitor()
            for record in self.log_of(partition):
                entry = columns.decode_entry(record.value, record.headers)
                applied = monitor.apply(record.offset, entry)
                published += [*applied.drift_events, *applied.retrain_requests]
        return published, monitors

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
