import numpy as np
import pytest

from stream_monitor.core.errors import CorruptState
from stream_monitor.core.performance.task import Task, TaskKind
from stream_monitor.core.segments.window import SHOWN, SegmentWindow

BINARY = Task(kind=TaskKind.BINARY, classes=("no", "yes"), positive="yes")


def filled(n: int, *, cut: int = 1_000) -> SegmentWindow:
    rng = np.random.default_rng(1)
    predicted, actual = rng.integers(0, 2, n).astype(float), rng.integers(0, 2, n).astype(float)
    window = SegmentWindow(64)
    for begin in range(0, n, cut):
        window.add(predicted[begin : begin + cut], actual[begin : begin + cut])
    return window


def test_figures_are_those_of_the_last_closed_blocks() -> None:
    window = SegmentWindow(64)
    window.add(np.ones(100), np.concatenate([np.zeros(36), np.ones(40), np.zeros(24)]))
    assert len(window) == 64  # rows 32 to 95
    figures = window.figures(BINARY)
    assert figures["accuracy"].value == 40 / 64
    assert tuple(figures) == SHOWN[TaskKind.BINARY]


def test_it_does_not_depend_on_batches() -> None:
    assert filled(333, cut=7).dump(BINARY) == filled(333).dump(BINARY)


def test_what_was_dumped_is_loaded_again_and_nonsense_is_not() -> None:
    window = filled(333)
    assert SegmentWindow.load(64, BINARY, window.dump(BINARY)).figures(BINARY) == window.figures(BINARY)
    plain = window.dump(BINARY)
    for wrong in ({"seen": 40}, {"pairs": b"\x02" * (2 * (64 + 333 % 32))}, {"pairs": b"\x00"}):
        with pytest.raises(CorruptState):
            SegmentWindow.load(64, BINARY, {**plain, **wrong})


def test_a_regression_has_its_own_figures() -> None:
    window = SegmentWindow(64)
    window.add(np.full(64, 3.0), np.full(64, 1.0))
    task = Task(kind=TaskKind.REGRESSION)
    assert [window.figures(task)[name].value for name in ("mae", "bias")] == [2.0, 2.0]
    assert SegmentWindow.load(64, task, window.dump(task)).figures(task) == window.figures(task)
