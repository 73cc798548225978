"""What is known of the predictions since a row, as of a row: the same however rows were cut, and across a restart."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from stream_monitor.core.errors import CorruptState
from stream_monitor.core.performance.pairs import Pairs
from stream_monitor.core.performance.recent import Recent, Tail
from stream_monitor.core.performance.task import Task, TaskKind

BINARY = Task(kind=TaskKind.BINARY, classes=("no", "yes"), positive="yes")
MANY = Task(kind=TaskKind.MULTICLASS, classes=("a", "b", "c"))


def tail_of(cuts: list[int], *, reborn_at: int = -1) -> Tail:
    """Twenty values that came in batches; each was told three rows after it was asked for."""
    tail = Tail(8, "<f8")
    for at, (first, end) in enumerate(pairwise(cuts)):
        if at == reborn_at:
            dumped, tail = tail.dump(), Tail(8, "<f8")
            tail.load(dumped, width=1)
        tail.begin()
        rows = np.arange(first, end)
        tail.add(rows[:, None].astype(np.float64), rows, rows + 3)
    return tail


@pytest.mark.parametrize("cuts", [[0, 20], [0, 5, 12, 20], list(range(21))])
def test_the_last_ones_by_the_row_that_asked_and_by_the_row_that_told(cuts: list[int]) -> None:
    tail = tail_of(cuts)
    assert tail.since(0, 22).ravel().tolist() == list(range(12, 20))
    assert tail.since(17, 22).ravel().tolist() == [17, 18, 19]
    assert tail.since(17, 22, by_told=True).ravel().tolist() == [14, 15, 16, 17, 18, 19]
    assert tail.dump() == tail_of([0, 20]).dump()


def test_within_a_batch_every_row_knows_only_what_came_before() -> None:
    whole, cut = tail_of([0, 20]), tail_of([0, 10, 20])
    for row in range(13, 23):  # told in the batch at hand
        assert whole.since(0, row).tolist() == cut.since(0, row).tolist()
        assert whole.since(0, row).ravel().tolist() == list(range(max(0, row - 10), row - 2))


def test_a_restart_changes_nothing() -> None:
    assert tail_of([0, 6, 13, 20], reborn_at=2).dump() == tail_of([0, 20]).dump()


def pairs(n: int) -> Pairs:
    at = np.arange(n, dtype=np.float64) % 2
    return Pairs(predicted=at, actual=1.0 - at, probabilities=np.full((n, 2), 0.5))


def rows(first: int, end: int) -> NDArray[np.int64]:
    return np.arange(first, end, dtype=np.int64)


def filled(task: Task = BINARY) -> Recent:
    recent = Recent(task)
    recent.learn(pairs(10), rows(0, 10), rows(100, 110))
    recent.see(np.array([0.0, 1.0, 0.0, 1.0]), np.full((4, 2), 0.5), rows(110, 114))
    return recent


def test_pairs_and_predictions_of_a_version() -> None:
    recent = filled()
    assert len(recent.pairs(6, 109, 2, by_label=False)) == 4
    assert len(recent.pairs(6, 107, 2, by_label=False)) == 2
    assert len(recent.pairs(106, 109, 2, by_label=True)) == 4
    predicted, probabilities = recent.predictions(111, 112, 2)
    assert predicted.tolist() == [1, 0]
    assert probabilities.shape == (2, 2)


def test_a_class_that_comes_later_has_been_given_nothing() -> None:
    recent = filled(MANY)
    recent.see(np.array([2.0]), np.array([[0.0, 0.25, 0.75]]), rows(114, 115))
    _, probabilities = recent.predictions(113, 114, 3)
    assert probabilities.tolist() == [[0.5, 0.5, 0.0], [0.0, 0.25, 0.75]]


def test_state_comes_back_and_nonsense_does_not() -> None:
    recent = filled()
    dumped = recent.dump()
    assert Recent.load(dumped, BINARY).dump() == dumped
    one_class = Task(kind=TaskKind.MULTICLASS, classes=("a",))
    with pytest.raises(CorruptState):
        Recent.load(dumped, one_class)
    for name, wrong in (("told", b"\x00" * 8), ("asked", b""), ("width", 7), ("values", b"\xff" * 160)):
        labelled = {**recent.labelled.dump(), name: wrong}
        with pytest.raises(CorruptState):
            Recent.load({**dumped, "labelled": labelled}, BINARY)
