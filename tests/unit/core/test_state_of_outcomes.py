"""What becomes of a label join or a performance that cannot be used: it begins afresh, and the model goes on."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from stream_monitor.core.errors import CorruptState, NewerState
from stream_monitor.core.outcomes import Outcomes
from stream_monitor.core.parameters import ModelParameters, OutcomeParameters, SeriesParameters
from stream_monitor.core.partition_monitor import PartitionMonitor
from stream_monitor.core.performance.version import PerformanceParameters
from stream_monitor.core.snapshot import Snapshot
from stream_monitor.core.state import JOIN_VERSION, join_key, model_key
from stream_monitor.detectors import registry
from tests.contract.worlds import answer
from tests.property.chunking_law import partition_state
from tests.property.logs import log_of
from tests.property.rows import Shape, rows_of

PARAMETERS = ModelParameters(
    name="m", default=SeriesParameters(warm_up=50), outcomes=OutcomeParameters(expected=True)
)
MODEL, JOIN = model_key("m"), "join/1:m"


@cache
def log() -> list[tuple[int, Any]]:
    return list(log_of({"m": rows_of("m", Shape(seed=3, rows=1_200))}, shuffle=3))


def new_monitor(parameters: ModelParameters = PARAMETERS) -> PartitionMonitor:
    return PartitionMonitor(lambda _: parameters, registry.installed(), first=0)


@cache
def stored() -> Mapping[str, Snapshot]:
    """As of two thirds of the log."""
    monitor = new_monitor()
    for at, entry in log()[: len(log()) * 2 // 3]:
        monitor.apply(at, entry)
    return {snapshot.key: snapshot for snapshot in monitor.snapshots()}


CHUNKS = [key for key in stored() if key.startswith(f"{JOIN}/")]


def outcomes_of(monitor: PartitionMonitor) -> Outcomes:
    return monitor.models["m"].monitor.outcomes


def restored(snapshots: Mapping[str, Snapshot], *unreadable: str) -> PartitionMonitor:
    monitor = new_monitor()
    answer(monitor.restore(snapshots, unreadable))
    return monitor


def with_outcomes(**changed: Any) -> dict[str, Snapshot]:
    fields: dict[str, Any] = dict(stored()[MODEL].fields)
    fields["outcomes"] = {**fields["outcomes"], **changed}
    return {**stored(), MODEL: replace(stored()[MODEL], fields=fields)}


def with_chunk(**changed: Any) -> dict[str, Snapshot]:
    fields: dict[str, Any] = dict(stored()[CHUNKS[0]].fields)
    fields["chunk"] = {**fields["chunk"], **changed}
    return {**stored(), CHUNKS[0]: replace(stored()[CHUNKS[0]], fields=fields)}


BROKEN = {
    "a chunk that is missing": {key: one for key, one in stored().items() if key != CHUNKS[0]},
    "a chunk too many": {**stored(), join_key("m", 999): stored()[CHUNKS[0]]},
    "a chunk without a number": {**stored(), f"{JOIN}/x": stored()[CHUNKS[0]]},
    "a chunk without rows": {**stored(), CHUNKS[0]: replace(stored()[CHUNKS[0]], fields={})},
    "keys of another length": with_chunk(key=b"123"),
    "an id twice": with_chunk(key=bytes(len(stored()[CHUNKS[0]].fields["chunk"]["key"]))),  # type: ignore[arg-type,call-overload,index]
    "no join": with_outcomes(join=None),
    "no journals": with_outcomes(join={}),
}


def test_the_log_has_labels_that_wait() -> None:
    monitor = restored(stored())
    assert monitor.problems == []
    assert outcomes_of(monitor).join.pending > 0
    assert len(CHUNKS) >= 3
    assert outcomes_of(monitor).versions


@pytest.mark.parametrize("broken", BROKEN)
def test_a_join_that_cannot_be_used_begins_afresh_and_nothing_else_does(broken: str) -> None:
    monitor = restored(BROKEN[broken])
    ((key, why),) = monitor.problems
    assert key == JOIN
    assert why
    join = outcomes_of(monitor).join
    assert (join.pending, join.early, join.remembered, join.counts.predictions) == (0, 0, 0, 0)
    assert outcomes_of(monitor).versions.keys() == outcomes_of(restored(stored())).versions.keys()
    before, after = partition_state(restored(stored())), partition_state(monitor)
    series = {key for key in before if key.startswith("series/")}
    assert series
    assert {key for key in series if before[key] != after[key]} == set()


@pytest.mark.parametrize("broken", BROKEN)
def test_its_chunks_are_deleted_with_the_next_snapshots_and_the_state_is_sound_again(broken: str) -> None:
    monitor = restored(BROKEN[broken])
    held = set(BROKEN[broken])
    assert monitor.snapshots() == []
    assert monitor.retired() == []  # the model as it is stored still names them
    for at, entry in log():
        if at >= monitor.next_offset:
            monitor.apply(at, entry)
    written = {snapshot.key: snapshot for snapshot in monitor.snapshots()}
    gone = monitor.retired()
    assert sorted(gone) == sorted(key for key in held if key.startswith(f"{JOIN}/"))
    assert not set(gone) & written.keys()
    assert outcomes_of(monitor).join.counts.predictions > 0
    left = {key: one for key, one in {**BROKEN[broken], **written}.items() if key not in gone}
    again = restored(left)
    assert again.problems == []
    assert partition_state(again) == partition_state(monitor)
    assert monitor.retired() == []


def test_a_chunk_that_could_not_even_be_read_is_deleted_too() -> None:
    snapshots = {key: one for key, one in stored().items() if key != CHUNKS[0]}
    monitor = restored(snapshots, CHUNKS[0], "series/1:m//feature:amount")
    assert [key for key, _ in monitor.problems] == [JOIN]
    for at, entry in log():
        if at >= monitor.next_offset:
            monitor.apply(at, entry)
    assert monitor.snapshots()
    assert sorted(monitor.retired()) == sorted(CHUNKS)


def test_a_newer_chunk_stops_the_start() -> None:
    newer = replace(stored()[CHUNKS[0]], state_version=JOIN_VERSION + 1)
    with pytest.raises(NewerState, match="start the newer release again"):
        restored({**stored(), CHUNKS[0]: newer})


@pytest.mark.parametrize("outcomes", [None, [], {}, {"active": 1}])
def test_outcomes_that_make_no_sense_at_all_begin_afresh(outcomes: Any) -> None:
    fields = {**stored()[MODEL].fields, "outcomes": outcomes}
    monitor = restored({**stored(), MODEL: replace(stored()[MODEL], fields=fields)})
    assert [key for key, _ in monitor.problems] == [JOIN]
    assert outcomes_of(monitor).versions == {}
    assert outcomes_of(monitor).join.pending == 0


def test_the_performance_of_a_version_alone_begins_afresh() -> None:
    outcomes: Any = stored()[MODEL].fields["outcomes"]
    (name, _, fallen), *others = outcomes["versions"]
    monitor = restored(with_outcomes(versions=[[name, {}, fallen], *others]))
    assert [key for key, _ in monitor.problems] == [f"performance/1:m/{name or ''}".removesuffix("/")]
    assert name not in outcomes_of(monitor).versions
    assert len(outcomes_of(monitor).versions) == len(others)
    assert outcomes_of(monitor).join.dump() == outcomes_of(restored(stored())).join.dump()


def test_another_window_begins_the_performance_afresh_not_the_join() -> None:
    performance = PerformanceParameters(window=4_096)
    changed = replace(PARAMETERS, outcomes=OutcomeParameters(expected=True, performance=performance))
    monitor = new_monitor(changed)
    answer(monitor.restore(stored()))
    told = [one for one in outcomes_of(restored(stored())).versions.values() if one.window is not None]
    assert len(monitor.problems) == len(told)
    assert all("parameters in the configuration have changed" in why for _, why in monitor.problems)
    assert outcomes_of(monitor).join.pending == outcomes_of(restored(stored())).join.pending


def test_a_model_that_cannot_be_used_still_stops_the_start() -> None:
    with pytest.raises(CorruptState):
        restored({**stored(), MODEL: replace(stored()[MODEL], fields={})})
