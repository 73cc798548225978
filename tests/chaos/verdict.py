"""The oracles: where every event ended up, what the committed columns log alone leads to, and what labels have taught.

Everything is read as a subscriber reads it (read_committed), after the workers have ended.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TypeAlias

from stream_monitor.app.composition import parameters_by_name
from stream_monitor.config import Settings
from stream_monitor.core.batch import ColumnBatch
from stream_monitor.core.events import Record
from stream_monitor.core.history import ModelHistory
from stream_monitor.core.partition_monitor import PartitionMonitor
from stream_monitor.core.snapshot import Snapshot
from stream_monitor.core.state import dump_all_chunks, dump_model, dump_series, model_key
from stream_monitor.detectors import registry
from stream_monitor.formats import columns, dead_letter, drift_events, history, retrain_requests, snapshots
from tests.chaos.truth import Learned
from tests.chaos.workload import VERSION, Item
from tests.committed import Read, read_topic
from tests.contract.worlds import answer
from tests.property.history_sums import Sums, sums, told_now, width_of

StateKey: TypeAlias = tuple[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """All that a run has left on its topics. log: the columns topic; states: latest snapshots as bytes, without tombstones."""

    settings: Settings
    log: Sequence[Read]
    dead_letters: Sequence[Read]
    alerts: Sequence[Read]
    history: Sequence[Read]
    states: Mapping[StateKey, bytes]

    @property
    def series_and_models(self) -> Mapping[StateKey, bytes]:
        """States apart from where in its own log a run wrote them: no clocks, no `as_of`."""
        found = {key: snapshots.decode(value) for key, value in self.states.items()}
        return {
            key: snapshots.encode(replace(snapshot, as_of=0))
            for key, snapshot in found.items()
            if snapshot.kind != "clock"
        }


def read_outcome(settings: Settings) -> Outcome:
    """Read the topics of a run."""
    bootstrap, topics = settings.kafka.bootstrap_servers or "", settings.topics
    states: dict[StateKey, bytes] = {}
    for read in read_topic(bootstrap, topics.state):
        key = (read.partition, (read.key or b"").decode())
        states.pop(key, None)
        if read.value is not None:
            states[key] = read.value
    return Outcome(
        settings=settings,
        log=read_topic(bootstrap, topics.columns),
        dead_letters=read_topic(bootstrap, topics.dead_letter),
        alerts=read_topic(bootstrap, topics.alerts),
        history=read_topic(bootstrap, topics.history),
        states=states,
    )


def places(outcome: Outcome) -> Counter[tuple[Item, str]]:
    """How often every event is in columns (under its model) or among the dead letters (under its reason)."""
    found: Counter[tuple[Item, str]] = Counter()
    for read in outcome.log:
        entry = columns.decode_entry(read.value, list(read.headers.items()))
        if isinstance(entry, ColumnBatch):
            found.update((item, entry.model) for item in _items(entry))
    for read in outcome.dead_letters:
        said = {name: text.decode() for name, text in read.headers.items()}
        place, offset = dead_letter.CONNECT, int(said[dead_letter.CONNECT + "offset"])
        item = Item(
            said[place + "topic"], int(said[place + "partition"]), offset, int(said[dead_letter.ITEM_HEADER])
        )
        found[item, said[dead_letter.REASON_HEADER]] += 1
    return found


def _items(batch: ColumnBatch) -> list[Item]:
    sources = [batch.sources[at] for at in batch.source_at.tolist()]
    rows = zip(sources, batch.offsets.tolist(), batch.items.tolist(), strict=True)
    return [Item(source.topic, source.partition, offset, item) for source, offset, item in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """What the log leads to. states: every stored state as it should be. held: rows that still wait at its end."""

    alerts: Sequence[bytes]
    history: Sequence[ModelHistory]
    states: Mapping[StateKey, bytes]
    rows: int
    late: int
    held: int


def fold(outcome: Outcome) -> Folded:
    """Fold the committed log, and write down every state at the moment at which the stored one was written."""
    settings = outcome.settings
    parameters = parameters_by_name(settings, {})
    alerts: list[bytes] = []
    states: dict[StateKey, bytes] = {}
    monitors = [
        PartitionMonitor(parameters, registry.installed(), first=0) for _ in range(settings.kafka.partitions)
    ]
    due: dict[tuple[int, int], list[str]] = {}
    for (partition, key), value in outcome.states.items():
        due.setdefault((partition, snapshots.decode(value).as_of), []).append(key)
    for read in outcome.log:
        monitor = monitors[read.partition]
        record = Record(read.offset, -1, read.key, read.value, list(read.headers.items()))
        applied = monitor.apply(read.offset, columns.decode_entry(record.value, record.headers))
        group = settings.kafka.group_id
        alerts += [drift_events.encode(event, group).value or b"" for event in applied.drift_events]
        alerts += [retrain_requests.encode(one, group).value or b"" for one in applied.retrain_requests]
        for key in due.get((read.partition, read.offset + 1), ()):
            states[read.partition, key] = snapshots.encode(_state(monitor, key))
    tasks = [task for monitor in monitors for task in monitor.models.values()]
    return Folded(
        alerts=alerts,
        history=[one for monitor in monitors for one in told_now(monitor)],
        states=states,
        rows=sum(task.monitor.rows for task in tasks),
        late=sum(task.order.late for task in tasks),
        held=sum(task.order.held_rows for task in tasks),
    )


def history_told(outcome: Outcome) -> list[ModelHistory]:
    """What readers of the history have seen, and what the next owner of each partition will tell them."""
    seen = [history.decode(read.value or b"") for read in outcome.history]
    partitions = range(outcome.settings.kafka.partitions)
    return [*seen, *(one for at in partitions for one in told_now(_restored(outcome, at)))]


def unlike(told: Sequence[ModelHistory], wanted: Sequence[ModelHistory]) -> Sums:
    """What is counted more or less often in one than in the other, as readers add it up."""
    width = width_of([*told, *wanted])
    one, other = sums(told, width), sums(wanted, width)
    return (one - other) + (other - one)


def _restored(outcome: Outcome, partition: int) -> PartitionMonitor:
    """The state of one who takes the partition over, and has read its log to the end."""
    monitor = PartitionMonitor(parameters_by_name(outcome.settings, {}), registry.installed(), first=0)
    resume = answer(
        monitor.restore(
            {key: snapshots.decode(value) for (at, key), value in outcome.states.items() if at == partition}
        )
    )
    assert not monitor.problems
    first = 0 if resume is None else resume.first
    answer(
        monitor.refold(
            (read.offset, columns.decode_entry(read.value, list(read.headers.items())))
            for read in outcome.log
            if read.partition == partition and read.offset >= first
        )
    )
    return monitor


def _state(monitor: PartitionMonitor, key: str) -> Snapshot:
    """The snapshot under `key` as of now, whether or not it is due."""
    if key == "clock":
        return monitor._clock()
    for task in monitor.models.values():
        as_of, model = monitor._as_of, task.monitor
        every = [dump_model(model, as_of)] if key.startswith("model/") else []
        if key.startswith("series/"):
            every = [dump_series(model.parameters.name, series, as_of) for series in model.series.values()]
        if key.startswith("join/"):
            every = dump_all_chunks(model, as_of)
        for snapshot in every:
            if snapshot.key == key:
                return snapshot
    raise AssertionError(f"{key} is stored, but nothing of that name is in the log")


def learned(outcome: Outcome, model: str) -> Learned:
    """What a worker that restores the stored states, and reads the log to its end, knows of the labels of `model`."""
    (partition,) = [partition for partition, key in outcome.states if key == model_key(model)]
    monitor = _restored(outcome, partition)
    outcomes = monitor.models[model].monitor.outcomes
    report = outcomes.versions[VERSION].report(coverage=1.0)
    assert report.expected is not None, "too few labels: it proves little"
    return Learned(
        counts={name: number for name, number in asdict(outcomes.join.counts).items() if number},
        waiting=(outcomes.join.pending, outcomes.join.early),
        figures={name: one.value for name, one in report.figures.items() if one.value is not None},
        expected={name: one.value for name, one in report.expected.figures.items() if one.value is not None},
    )
