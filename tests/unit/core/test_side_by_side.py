"""Errors of two versions on the same cases, out of the label join's pairs."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from stream_monitor.core import side_by_side
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.outcomes import TimedErrors
from stream_monitor.core.performance.task import Task, TaskKind
from stream_monitor.core.side_by_side import SideBySide, Two

BINARY = Task(kind=TaskKind.BINARY, classes=("no", "yes"), positive="yes")


def outcomes(task: Task = BINARY, **errors: dict[int, float]) -> Any:
    """What `SideBySide` reads of outcomes: errors by row of each version, and the task."""
    return SimpleNamespace(
        errors={
            version.removeprefix("v"): TimedErrors(np.array([*rows], np.int64), np.array([*rows.values()]))
            for version, rows in errors.items()
        },
        versions={v.removeprefix("v"): SimpleNamespace(window=SimpleNamespace(task=task)) for v in errors},
    )


def test_only_rows_that_completed_both_count() -> None:
    beside = SideBySide()
    beside.observe(outcomes(v1={3: 0.0, 5: 1.0, 9: 0.0}, v2={5: 0.0, 8: 1.0, 9: 1.0}))
    assert beside.cases.keys() == {Two("1", "2")}
    assert beside.cases[Two("1", "2")].tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_the_second_version_is_held_against_the_first() -> None:
    beside = SideBySide()
    rows = dict.fromkeys(range(400), 0.0)
    wrong = {row: float(row % 4 == 0) for row in rows}
    told = outcomes(v1=rows, v2=wrong)
    beside.observe(told)
    ((two, compared),) = beside.compared(told)
    assert (two, compared.figure, compared.cases) == (Two("1", "2"), "accuracy", 400)
    assert compared.worse.value == 0.25
    assert compared.worse.low is not None
    assert compared.worse.low > 0.2


def test_a_regression_is_compared_by_the_size_of_its_errors() -> None:
    beside = SideBySide()
    rng = np.random.default_rng(0)
    first = dict(enumerate(rng.exponential(1.0, 320)))
    told = outcomes(
        Task(kind=TaskKind.REGRESSION),
        v1=first,
        v2={row: error + 0.5 for row, error in first.items()} | {7: np.inf},
    )
    beside.observe(told)
    ((_, compared),) = beside.compared(told)
    assert (compared.figure, compared.cases) == ("mae", 319)
    assert compared.worse.value == pytest.approx(0.5, abs=1e-6)


def test_the_last_cases_of_so_many_versions_are_kept() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(side_by_side, "KEPT", 3)
        patch.setattr(side_by_side, "MOST", 2)
        beside = SideBySide()
        beside.observe(outcomes(v1={1: 0.0, 2: 1.0}, v2={1: 0.0}, v3={2: 0.0, 1: 1.0}))
        assert list(beside.cases) == [Two("1", "2"), Two("1", "3")]
        assert beside.left_out == 1
        beside.observe(outcomes(v1={3: 1.0, 4: 0.0, 5: 1.0, 6: 1.0}, v2={3: 1.0, 4: 1.0, 5: 0.0, 6: 0.0}))
        assert beside.cases[Two("1", "2")].tolist() == [[0.0, 1.0], [1.0, 0.0], [1.0, 0.0]]
    beside.retire("2")
    assert list(beside.cases) == [Two("1", "3")]


def test_what_was_dumped_is_loaded_again_and_nonsense_is_not() -> None:
    beside = SideBySide()
    beside.observe(outcomes(v1={1: 0.0, 2: 1.0}, v2={1: 1.0, 2: 1.0}, v3={1: 0.25, 2: 3.0}))
    plain = beside.dump()
    assert SideBySide.load(plain).dump() == plain
    wrongs: list[Any] = [
        [["1", "2"]],
        [["2", "1", "u1", b""]],
        [["1", "2", "u1", b"\x00"]],
        [[1, "2", "u1", b""]],
        [["1", "2", "f8", b""]],
    ]
    for wrong in wrongs:
        with pytest.raises(CorruptState):
            SideBySide.load({**plain, "cases": wrong})
