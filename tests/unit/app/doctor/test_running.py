from collections.abc import Iterable
from dataclasses import replace

import pytest

from stream_monitor.app.doctor.checks import Check, Verdict
from stream_monitor.app.doctor.running import (
    future_check,
    group_check,
    lag_check,
    restore_checks,
    state_check,
    worker_checks,
)
from stream_monitor.core.events import Source
from stream_monitor.formats.worker_status import WorkerStatus
from stream_monitor.kafka.cluster import Bounds
from stream_monitor.kafka.group_offsets import Noted
from stream_monitor.kafka.inspection import GroupFacts
from tests.unit.formats.core_values import NOON
from tests.unit.formats.topic_values import WORKER
from tests.unit.runtime.board.boards import a_board

A, B, LOG = Source("in", 0), Source("in", 1), Source("m.columns", 0)
STEADY = replace(WORKER, rejected={}, losses=(), last_checkpoint=NOON)


def verdicts(checks: Iterable[Check]) -> dict[str, Verdict]:
    found = list(checks)
    assert all((check.fix is None) == (check.verdict is Verdict.OK) for check in found)
    return {check.what: check.verdict for check in found}


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        (GroupFacts(state="stable", members=2, permitted=frozenset({"all"})), Verdict.OK),
        (GroupFacts(state="stable", members=2, permitted=None), Verdict.OK),
        (GroupFacts(state="stable", members=2, permitted=frozenset({"describe"})), Verdict.FAIL),
        (GroupFacts(state="empty", members=0, permitted=frozenset({"read"})), Verdict.WARN),
        (GroupFacts(state="dead", members=0, permitted=None), Verdict.WARN),
        (GroupFacts(state="unknown", members=1, permitted=None), Verdict.WARN),
    ],
)
def test_the_group(facts: GroupFacts, verdict: Verdict) -> None:
    assert verdicts(group_check("g", facts)) == {"group g": verdict}


def test_lag_is_a_warning_only_where_nobody_reads() -> None:
    committed, bounds = {A: Noted(40, "")}, {A: Bounds(0, 100), B: Bounds(0, 10)}
    check = lag_check(committed, bounds, [A, B], runs=True)
    assert check.said == "60 records behind the ends of 1 input partition, 1 never read"
    assert check.verdict is Verdict.OK
    assert lag_check(committed, bounds, [A, B], runs=False).verdict is Verdict.WARN
    assert lag_check({A: Noted(100, "")}, bounds, [A], runs=False).verdict is Verdict.OK


def restored(committed: int, *, note: str = "id-in", low: int = 0) -> list[Check]:
    return list(
        restore_checks(
            [A, LOG],
            {A: Noted(committed, note), LOG: Noted(5, "id-log")},
            {A: Bounds(low, 100), LOG: Bounds(0, 9)},
            {"in": "id-in", "m.columns": "id-log"},
            group="g",
            columns="m.columns",
        )
    )


def test_a_restore_point_that_fits() -> None:
    (check,) = restored(40)
    assert (check.verdict, check.said) == (Verdict.OK, "2 partitions can be read on where the group left off")


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (restored(40, low=50), "topic in partition 0: offsets 40 to 49 were removed before they were read"),
        (restored(400), "committed up to 400, but the log ends at 100"),
        (restored(40, note="older"), "topic in was deleted and created again"),
    ],
)
def test_a_restore_point_that_does_not_fit(found: list[Check], said: str) -> None:
    (check,) = found
    assert check.verdict is Verdict.FAIL
    assert said in check.said
    assert "kafka.on_lost_data" in (check.fix or "")


def test_snapshots_must_be_there_where_the_log_before_them_is_gone() -> None:
    state = Source("m.state", 0)
    fine = state_check({LOG: Bounds(7, 9)}, {state: Bounds(0, 3)}, topic="m.state", group="g")
    assert fine.verdict is Verdict.OK
    lost = state_check({LOG: Bounds(7, 9)}, {state: Bounds(0, 0)}, topic="m.state", group="g")
    assert (lost.verdict, "partitions [0]" in lost.said) == (Verdict.FAIL, True)
    young = state_check({LOG: Bounds(0, 9)}, {state: Bounds(0, 0)}, topic="m.state", group="g")
    assert young.verdict is Verdict.OK


@pytest.mark.parametrize(
    ("worker", "expected"),
    [
        (STEADY, {"worker monitor-0": Verdict.OK, "clocks": Verdict.OK}),
        (replace(STEADY, wall=NOON - 61_000), {"worker monitor-0": Verdict.WARN}),
        (replace(STEADY, ready=False), {"worker monitor-0": Verdict.WARN, "clocks": Verdict.OK}),
        (
            replace(STEADY, last_checkpoint=NOON - 61_000),
            {"worker monitor-0": Verdict.WARN, "clocks": Verdict.OK},
        ),
        (
            replace(STEADY, losses=WORKER.losses),
            {"worker monitor-0": Verdict.WARN, "clocks": Verdict.OK},
        ),
        (
            replace(STEADY, wall=NOON + 1_001),
            {"worker monitor-0": Verdict.OK, "clock of monitor-0": Verdict.WARN},
        ),
        (
            replace(STEADY, rejected=WORKER.rejected),
            {"worker monitor-0": Verdict.OK, "clocks": Verdict.OK, "rejected events": Verdict.WARN},
        ),
    ],
)
def test_workers_by_what_they_say(worker: WorkerStatus, expected: dict[str, Verdict]) -> None:
    assert verdicts(worker_checks(a_board(worker).pipeline(NOON), NOON)) == expected


def test_records_from_the_future() -> None:
    assert future_check("in", NOON + 1_000, NOON, 1_000).verdict is Verdict.OK
    check = future_check("in", NOON + 7_200_000, NOON, 1_000)
    assert (check.verdict, "2 hours ahead" in check.said) == (Verdict.WARN, True)
