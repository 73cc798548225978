"""The second law: whatever crashed, every event is in one place once, and what readers see is the fold of the log."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from stream_monitor.core.batch import ColumnBatch
from stream_monitor.core.drift_event import DriftEvent
from stream_monitor.core.history import ModelHistory
from stream_monitor.core.partition_monitor import CLOCK, PartitionMonitor
from stream_monitor.core.snapshot import Snapshot
from stream_monitor.core.state import dump_all_chunks, dump_model, dump_series
from stream_monitor.formats import (
    alerts_topic,
    columns,
    dead_letter,
    drift_events,
    history,
    retrain_requests,
    snapshots,
)
from tests.contract.worlds import answer
from tests.driver import Cluster
from tests.property.history_sums import Sums, sums, told_now, width_of
from tests.property.produced import SETTINGS, TOPICS, Place, Produced, records


def check(cluster: Cluster, produced: Sequence[Produced]) -> None:
    """The parts of the law that hold whatever happened. Raises AssertionError."""
    check_every_event_is_in_one_place_once(cluster, produced)
    check_alerts_are_the_fold(cluster)
    check_snapshots_are_the_fold(cluster)
    check_history_adds_up_to_the_fold(cluster)


# ---------------------------------------------------------------------------------------------- every event once


def check_every_event_is_in_one_place_once(cluster: Cluster, produced: Sequence[Produced]) -> None:
    offsets: Counter[tuple[str, int]] = Counter()
    good: Counter[Place] = Counter()
    bad: Counter[Place] = Counter()
    for record in produced:
        place = (*record.source, offsets[record.source])
        offsets[record.source] += 1
        good.update((*place, item) for item in record.good)
        bad.update((*place, item) for item in record.bad)
    _check_equal("columns", Counter(_in_columns(cluster)), good)
    _check_equal("dead letters", Counter(_in_dead_letters(cluster)), bad)


def _check_equal(where: str, found: Counter[Place], wanted: Counter[Place]) -> None:
    missing, extra = wanted - found, found - wanted
    assert not missing, f"{where}: {missing.total()} events are missing, {sorted(missing)[:3]}"
    assert not extra, f"{where}: {extra.total()} events too many, {sorted(extra)[:3]}"


def _in_columns(cluster: Cluster) -> Iterator[Place]:
    for partition in range(cluster.settings.kafka.partitions):
        for record in cluster.log_of(partition):
            batch = columns.decode_entry(record.value, record.headers)
            if isinstance(batch, ColumnBatch):
                for at, offset, item in zip(batch.source_at, batch.offsets, batch.items, strict=True):
                    yield (*batch.sources[int(at)], int(offset), int(item))


def _in_dead_letters(cluster: Cluster) -> Iterator[Place]:
    for _, record in cluster.log.records(cluster.settings.topics.dead_letter):
        headers = {name: (value or b"").decode() for name, value in record.headers}
        where = [headers[dead_letter.CONNECT + name] for name in ("topic", "partition", "offset")]
        yield where[0], int(where[1]), int(where[2]), int(headers[dead_letter.ITEM_HEADER])


# ---------------------------------------------------------------------------------------------- alerts and states


def check_alerts_are_the_fold(cluster: Cluster) -> None:
    """Each exactly once, the alerts of a model in their order, byte for byte."""
    published = [record.value or b"" for _, record in cluster.log.records(cluster.settings.topics.alerts)]
    folded, _ = cluster.fold()
    ids = Counter(event.id for event in folded)
    assert ids.total() == len(ids), "the fold itself repeats an id"
    assert _by_model(published) == _by_model(_encoded(cluster, folded)), (
        f"{len(published)} alerts were published, the log leads to {len(folded)}"
    )


def _encoded(cluster: Cluster, published: Iterable[alerts_topic.Published]) -> list[bytes]:
    return [encoded(one, cluster.settings.kafka.group_id) for one in published]


def encoded(published: alerts_topic.Published, group: str) -> bytes:
    """The value of the record of a drift event or of a request to train anew."""
    if isinstance(published, DriftEvent):
        return drift_events.encode(published, group).value or b""
    return retrain_requests.encode(published, group).value or b""


def _by_model(values: Iterable[bytes]) -> Mapping[tuple[str, bool], list[bytes]]:
    """Drift events and requests apart: requests follow the drift events of their transaction."""
    by_model: dict[tuple[str, bool], list[bytes]] = {}
    for value in values:
        one = alerts_topic.decode(value)
        by_model.setdefault((one.model, isinstance(one, DriftEvent)), []).append(value)
    return by_model


def check_snapshots_are_the_fold(cluster: Cluster) -> None:
    """The latest snapshot of every key, byte for byte, is the state that the log below its `as_of` leads to."""
    stored = cluster.stored()
    for partition in range(cluster.settings.kafka.partitions):
        mine = {key: snapshot for (at, key), snapshot in stored.items() if at == partition}
        _check_partition(cluster, partition, mine)


def _check_partition(cluster: Cluster, partition: int, stored: Mapping[str, Snapshot]) -> None:
    monitor = cluster.new_monitor()
    clock = stored.get(CLOCK)
    clocks: list[
        bytes
    ] = []  # one knows of the batches behind its tick too, which its transaction had consumed
    due = sorted((s for s in stored.values() if s.kind != CLOCK), key=lambda snapshot: snapshot.as_of)
    for record in cluster.log_of(partition):
        while due and due[0].as_of <= record.offset:
            _check_snapshot(due.pop(0), monitor)
        monitor.apply(record.offset, columns.decode_entry(record.value, record.headers))
        if clock is not None and monitor._as_of == clock.as_of:
            clocks.append(snapshots.encode(monitor._clock()))
    for snapshot in due:
        _check_snapshot(snapshot, monitor)
    assert clock is None or snapshots.encode(clock) in clocks, f"the clock of partition {partition} differs"


def _check_snapshot(snapshot: Snapshot, monitor: PartitionMonitor) -> None:
    states = states_of(monitor, as_of=snapshot.as_of)
    assert snapshot.as_of <= monitor.next_offset, f"{snapshot.key} is as of an offset behind the log"
    assert snapshot.key in states, f"{snapshot.key} as of {snapshot.as_of} should not exist"
    assert snapshots.encode(snapshot) == states[snapshot.key], (
        f"{snapshot.key} as of {snapshot.as_of} differs"
    )


def states_of(monitor: PartitionMonitor, *, as_of: int = 0) -> dict[str, bytes]:
    """Bytes of all models and series, by key."""
    states = {}
    for name, task in monitor.models.items():
        dumped = [dump_model(task.monitor, as_of)]
        dumped += [dump_series(name, series, as_of) for series in task.monitor.series.values()]
        dumped += dump_all_chunks(task.monitor, as_of)
        states.update({snapshot.key: snapshots.encode(snapshot) for snapshot in dumped})
    return states


# ---------------------------------------------------------------------------------------------- history


def check_history_adds_up_to_the_fold(cluster: Cluster) -> None:
    """What readers have seen, and what the next owner would tell them, is what the log leads to: nothing twice."""
    seen = [
        history.decode(record.value or b"")
        for _, record in cluster.log.records(cluster.settings.topics.history)
    ]
    to_come = [one for at in range(cluster.settings.kafka.partitions) for one in _to_come(cluster, at)]
    folded = _folded_history(cluster)
    width = width_of([*seen, *to_come, *folded])
    told, wanted = sums([*seen, *to_come], width), sums(folded, width)
    assert told == wanted, f"{sorted(map(str, (told - wanted)))[:3]} {sorted(map(str, (wanted - told)))[:3]}"


def _folded_history(cluster: Cluster) -> list[ModelHistory]:
    _, monitors = cluster.fold()
    return [one for monitor in monitors.values() for one in told_now(monitor)]


def _to_come(cluster: Cluster, partition: int) -> list[ModelHistory]:
    """Of one who restores the latest snapshots, refolds the log and writes snapshots of its own."""
    monitor = cluster.new_monitor()
    resume = answer(
        monitor.restore(
            {key: snapshot for (at, key), snapshot in cluster.stored().items() if at == partition}
        )
    )
    first = 0 if resume is None else resume.first
    answer(
        monitor.refold(
            (record.offset, columns.decode_entry(record.value, record.headers))
            for record in cluster.log_of(partition)
            if record.offset >= first
        )
    )
    return told_now(monitor)


# ---------------------------------------------------------------------------------------------- the undisturbed run


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What does not depend on how the log was written while no row was late. late: rows that were."""

    late: int
    events: tuple[bytes, ...]
    states: Mapping[str, bytes]
    history: Sums


def results_of(cluster: Cluster) -> Results:
    """What the cluster has come to: the published drift events, sorted, and the states of models and series."""
    _, monitors = cluster.fold()
    published = [record.value or b"" for _, record in cluster.log.records(cluster.settings.topics.alerts)]
    states: dict[str, bytes] = {}
    for monitor in monitors.values():
        states.update(states_of(monitor))
    told = [one for monitor in monitors.values() for one in told_now(monitor)]
    late = sum(task.order.late for monitor in monitors.values() for task in monitor.models.values())
    return Results(late=late, events=tuple(sorted(published)), states=states, history=sums(told, 60_000))


@cache
def undisturbed(seed: int) -> Results:
    """One worker, one columns partition, everything there from the start, nothing ever goes wrong."""
    cluster = Cluster(TOPICS, {**SETTINGS, "kafka.partitions": 1})
    for record in records(seed):
        cluster.append(record.source, record.value, record.timestamp)
    worker = cluster.worker("only")
    cluster.run([worker])
    worker.source.close()
    check(cluster, records(seed))
    results = results_of(cluster)
    assert results.late == 0
    return results


def check_same_as_undisturbed(cluster: Cluster, seed: int) -> bool:
    """Whether it could be checked: no row was late. Raises AssertionError."""
    results = results_of(cluster)
    if results.late:
        return False
    wanted = undisturbed(seed)
    assert results.events == wanted.events, (
        f"{len(results.events)} drift events, undisturbed {len(wanted.events)}"
    )
    assert results.history == wanted.history
    assert results.states.keys() == wanted.states.keys()
    differing = [key for key in wanted.states if results.states[key] != wanted.states[key]]
    assert not differing, f"states differ from the undisturbed run: {differing[:5]}"
    return True
