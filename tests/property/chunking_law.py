"""The first law: cutting the same rows differently, or writing the state down and reading it back, changes no bit."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from stream_monitor.core.batch import ColumnBatch
from stream_monitor.core.columnise import PlacedRow
from stream_monitor.core.drift_event import DriftEvent
from stream_monitor.core.events import Source
from stream_monitor.core.model_monitor import ModelMonitor
from stream_monitor.core.order import Order, in_order
from stream_monitor.core.parameters import ModelParameters
from stream_monitor.core.partition_monitor import PartitionMonitor
from stream_monitor.core.retrain_request import RetrainRequest
from stream_monitor.core.snapshot import Snapshot
from stream_monitor.core.state import dump_chunks, dump_model, dump_series, join_key, load_model, load_series
from stream_monitor.core.tick import Tick
from stream_monitor.core.watermarks import Watermarks
from stream_monitor.detectors import registry
from stream_monitor.formats import snapshots
from stream_monitor.formats.alerts_topic import Published
from tests.contract.worlds import answer
from tests.property.rows import batch_of

Log = Sequence[tuple[int, ColumnBatch | Tick]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What rows led to: the drift events and the requests to train anew in order, and the state as bytes by key."""

    events: list[DriftEvent]
    requests: list[RetrainRequest]
    state: dict[str, bytes]


def answer_of(
    parameters: ModelParameters,
    batches: Sequence[ColumnBatch],
    *,
    reborn_before: frozenset[int] = frozenset(),
) -> Answer:
    """Observe `batches` one after the other; before some of them the monitor is dumped to bytes and loaded anew."""
    monitor = ModelMonitor(parameters, registry.installed())
    events: list[DriftEvent] = []
    requests: list[RetrainRequest] = []
    written: dict[str, bytes] = {}
    for at, batch in enumerate(batches):
        if at in reborn_before:
            monitor = reborn(monitor, written)
        outcome = monitor.observe(batch)
        events += outcome.drift_events
        requests += outcome.retrain_requests
    write_chunks(monitor, written)
    return Answer(events, requests, {**state_of(monitor), **written})


def write_chunks(monitor: ModelMonitor, written: dict[str, bytes]) -> None:
    """Bring what was written of the label join, by key, up to date."""
    name = monitor.parameters.name
    written.update((snapshot.key, snapshots.encode(snapshot)) for snapshot in dump_chunks(monitor, 0))
    for number in monitor.outcomes.join.gone_chunks():
        written.pop(join_key(name, number), None)


def state_of(monitor: ModelMonitor) -> dict[str, bytes]:
    """Bytes of the model and its series, by key."""
    dumped = [dump_model(monitor, 0)]
    dumped += [dump_series(monitor.parameters.name, series, 0) for series in monitor.series.values()]
    return {snapshot.key: snapshots.encode(snapshot) for snapshot in dumped}


def reborn(monitor: ModelMonitor, written: dict[str, bytes]) -> ModelMonitor:
    """Another monitor with the same state, by way of bytes. written: chunks of the label join so far, brought up to date."""
    write_chunks(monitor, written)
    stored = {key: snapshots.decode(value) for key, value in {**state_of(monitor), **written}.items()}
    other = ModelMonitor(monitor.parameters, registry.installed())
    name = f"model/{monitor.parameters.name}"
    births = load_model(other, stored[name], {key: stored[key] for key in written}, _sound)
    load_series(other, births, stored, registry.installed(), _sound)
    return other


def _sound(key: str, why: str) -> None:
    raise AssertionError(f"{key}: {why}")


def check_same(one: Answer, other: Answer) -> None:
    """Events equal in all fields; state equal byte for byte."""
    assert [event.id for event in one.events] == [event.id for event in other.events]
    assert one.events == other.events
    assert one.requests == other.requests
    assert one.state.keys() == other.state.keys()
    differing = [key for key in one.state if one.state[key] != other.state[key]]
    assert not differing, _difference(one, other, differing[0])


def _difference(one: Answer, other: Answer, key: str) -> str:
    a, b = snapshots.decode(one.state[key]).fields, snapshots.decode(other.state[key]).fields
    return f"{key}: " + ", ".join(
        f"{name}: {a.get(name)!r} != {b.get(name)!r}"[:600]
        for name in a.keys() | b.keys()
        if a.get(name) != b.get(name)
    )


# ---------------------------------------------------------------------- whole partitions, with snapshots and refolds

Parameters = Callable[[str], ModelParameters]


def fold(parameters: Parameters, log: Log) -> tuple[list[list[Published]], PartitionMonitor]:
    """The drift events and requests that every entry led to, and the state behind them."""
    monitor = PartitionMonitor(parameters, registry.installed(), first=0)
    return [_published(monitor, at, entry) for at, entry in log], monitor


def _published(monitor: PartitionMonitor, at: int, entry: ColumnBatch | Tick) -> list[Published]:
    applied = monitor.apply(at, entry)
    return [*applied.drift_events, *applied.retrain_requests]


def resumed(
    parameters: Parameters, log: Log, written: Sequence[int], died: int
) -> tuple[list[list[Published]], PartitionMonitor]:
    """The same, for a program that wrote snapshots behind the entries `written` and died behind the entry `died`:
    another one restores them, refolds what was committed and goes on. Events of before the death are left out.
    """
    stored: dict[str, bytes] = {}
    monitor = PartitionMonitor(parameters, registry.installed(), first=0)
    for number, (at, entry) in enumerate(log[:died]):
        monitor.apply(at, entry)
        if number in written:
            stored.update((snapshot.key, snapshots.encode(snapshot)) for snapshot in monitor.snapshots())
            for key in monitor.retired():
                stored.pop(key, None)
    monitor = PartitionMonitor(parameters, registry.installed(), first=0)
    resume = answer(monitor.restore({key: snapshots.decode(value) for key, value in stored.items()}))
    assert not monitor.problems
    first = 0 if resume is None else resume.first
    answer(monitor.refold((at, entry) for at, entry in log[:died] if at >= first))
    return [_published(monitor, at, entry) for at, entry in log[died:]], monitor


def partition_state(monitor: PartitionMonitor) -> dict[str, bytes]:
    """Bytes of everything on the partition, the clock included, by key."""
    return {snapshot.key: snapshots.encode(snapshot) for snapshot in _all_snapshots(monitor)}


def _all_snapshots(monitor: PartitionMonitor) -> Iterator[Snapshot]:
    clock = monitor._clock()
    yield clock
    for name, task in monitor.models.items():
        yield dump_model(task.monitor, clock.as_of)
        for series in task.monitor.series.values():
            yield dump_series(name, series, clock.as_of)


# ---------------------------------------------------------------------- the order of rows


def check_order(log: Log, rows: Sequence[PlacedRow], *, lateness_ms: int) -> None:
    """All rows come out, by time, source, offset and item, and none is late."""
    order, watermarks = Order(lateness_ms=lateness_ms, cap_rows=10**6, topics=None), Watermarks()
    released: list[tuple[int, Source, int, int]] = []
    for at, entry in log:
        if isinstance(entry, ColumnBatch):
            order.add(at, entry)
            continue
        watermarks.hear(entry)
        if batches := order.release(watermarks):
            released += _places(in_order(batches))
    assert order.late == 0
    assert released == sorted(_places(batch_of(rows)))


def _places(batch: ColumnBatch) -> list[tuple[int, Source, int, int]]:
    """Time, source, offset and item of every row."""
    sources = [batch.sources[at] for at in batch.source_at.tolist()]
    return list(zip(batch.times.tolist(), sources, batch.offsets.tolist(), batch.items.tolist(), strict=True))
