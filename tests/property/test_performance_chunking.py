"""The first law for performance: cutting the same pairs differently, or writing the state down between, changes no bit."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core.performance.estimate import Estimator
from stream_monitor.core.performance.pairs import encode
from stream_monitor.core.performance.task import Labelled, Task, TaskKind
from stream_monitor.core.performance.window import PerformanceWindow
from tests.property.performance_pairs import Sample, classified, sample_of

LENGTH = 128


@st.composite
def cut(draw: st.DrawFn, n: int) -> list[tuple[int, int]]:
    ends = sorted(draw(st.lists(st.integers(0, n), max_size=8)))
    return list(zip([0, *ends], [*ends, n], strict=True))


def parts(labelled: Labelled, cuts: Sequence[tuple[int, int]]) -> list[Labelled]:
    return [labelled.take(np.arange(first, end)) for first, end in cuts]


def watched(
    chunks: Sequence[Labelled], task: Task, *, reborn: bool = False
) -> tuple[PerformanceWindow, Estimator, int]:
    window, estimator = PerformanceWindow(task, length=LENGTH), Estimator(task, length=LENGTH)
    closed = 0
    for chunk in chunks:
        encoded = encode(chunk, window.task)
        closed += window.add(encoded)
        estimator.add(chunk.predictions)
        if reborn:
            window = PerformanceWindow.load(window.dump())
            estimator = Estimator.load(estimator.dump())
    return window, estimator, closed


@given(st.data(), classified(classes=st.integers(2, 5), most=400))
def test_cuts_and_restarts_change_no_bit(data: st.DataObject, sample: Sample) -> None:
    # A multiclass task begins with two classes and learns the others on the way.
    task = sample.task
    if task.kind is TaskKind.MULTICLASS:
        task = Task(kind=task.kind, classes=task.classes[:2])
    n = len(sample.labelled)
    whole, estimator, closed = watched([sample.labelled], task)
    cuts = data.draw(cut(n))
    reborn = data.draw(st.booleans())
    other, other_estimator, other_closed = watched(parts(sample.labelled, cuts), task, reborn=reborn)
    assert closed == other_closed == n // 32
    assert whole.dump() == other.dump()
    assert whole.figures() == other.figures()
    assert estimator.dump() == other_estimator.dump()


@given(st.data(), st.integers(0, 2**32 - 1))
def test_the_window_holds_the_last_closed_blocks(data: st.DataObject, seed: int) -> None:
    n = data.draw(st.integers(1, 400))
    random = np.random.default_rng(seed)
    table = random.dirichlet(np.ones(2), n)
    sample = sample_of(random.integers(0, 2, n).tolist(), random.integers(0, 2, n).tolist(), table, 2)
    window, _, _ = watched(parts(sample.labelled, data.draw(cut(n))), sample.task)
    end = n - n % 32
    first = max(0, end - LENGTH)
    assert len(window) == end - first
    assert window.pairs().actual.tolist() == sample.pairs.actual[first:end].tolist()
    assert window.pairs().probabilities == pytest.approx(table[first:end])
