"""What the window counts, and that a snapshot of nonsense is refused."""

from typing import Any

import numpy as np
import pytest

from stream_monitor.core.errors import CorruptState
from stream_monitor.core.performance.pairs import encode
from stream_monitor.core.performance.task import Task, TaskKind
from stream_monitor.core.performance.window import PerformanceWindow
from tests.unit.core.performance.test_task import NAN, labelled

TASK = Task(kind=TaskKind.BINARY, classes=("a", "b"), positive="b")
NUMBERS = Task(kind=TaskKind.REGRESSION)


def filled(pairs: int = 40) -> PerformanceWindow:
    window = PerformanceWindow(TASK, length=64)
    probability = [0.9] * (pairs - 1) + [NAN]
    window.add(encode(labelled(["a"] * pairs, ["b"] * pairs, probabilities={"a": probability}), TASK))
    return window


def test_figures_are_of_closed_blocks() -> None:
    assert filled().figures()["accuracy"].n == 32
    assert filled(31).figures()["accuracy"].reason == "no pairs"


def test_what_was_left_out_is_counted() -> None:
    window = filled()
    window.add(encode(labelled(["a", "c"], ["b", "b"], probabilities={"a": [1.5, 0.5]}), window.task))
    assert (window.seen, window.foreign, window.unsound) == (41, 1, 1)


@pytest.mark.parametrize("length", [0, 31, 100])
def test_a_window_is_whole_blocks(length: int) -> None:
    with pytest.raises(ValueError, match="multiple of 32"):
        PerformanceWindow(TASK, length=length)


def test_a_window_of_numbers_is_itself_again() -> None:
    window = PerformanceWindow(NUMBERS, length=32)
    window.add(encode(labelled([1.5] * 70, [2.5] * 70), NUMBERS))
    again = PerformanceWindow.load(window.dump())
    assert again.dump() == window.dump()
    assert again.figures() == window.figures()
    assert len(again) == 32


def changed(**fields: Any) -> dict[str, Any]:
    return {**filled().dump(), **fields}


@pytest.mark.parametrize(
    "plain",
    [
        None,
        {},
        changed(task={"kind": "binary"}),
        changed(length=33),
        changed(length="64"),
        changed(seen=7),
        changed(seen=-1),
        changed(foreign=None),
        changed(predicted=b"\x00"),
        changed(predicted=b"\x02" * 40),
        changed(actual=b"\x09" * 40),
        changed(probabilities=b"\x00" * 7),
        changed(probabilities=np.full((40, 2), 0.9).tobytes()),
        changed(probabilities=np.tile([2.0, -1.0], (40, 1)).tobytes()),
        changed(probabilities=np.full((40, 2), np.nan).tobytes()),
        changed(probabilities=np.full((39, 2), 0.5).tobytes()),
        changed(task=NUMBERS.to_plain()),
    ],
)
def test_nonsense_is_corrupt(plain: Any) -> None:
    with pytest.raises(CorruptState):
        PerformanceWindow.load(plain)
