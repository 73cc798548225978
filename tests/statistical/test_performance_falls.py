"""How often a version that is as good as ever is said to have fallen, and how soon one that has is: the figures of the docs."""

from collections.abc import Callable

import numpy as np
import pytest

from stream_monitor.core.decline import LEADS, Declines
from stream_monitor.core.performance.expected import from_window
from stream_monitor.core.performance.figures import figures_named
from stream_monitor.core.performance.marks import Look
from stream_monitor.core.performance.pairs import Pairs
from stream_monitor.core.performance.task import Task, TaskKind
from stream_monitor.core.performance.version import STEP
from stream_monitor.core.performance.window import LENGTH
from stream_monitor.core.series import Transition
from stream_monitor.core.window import BLOCK

pytestmark = pytest.mark.slow

STREAMS, PAIRS, REFERENCE = 40, 40_000, 1_024
BINARY = Task(kind=TaskKind.BINARY, classes=("no", "yes"), positive="yes")
MANY = Task(kind=TaskKind.MULTICLASS, classes=tuple("abcde"))
NUMBERS = Task(kind=TaskKind.REGRESSION)


def even(rng: np.random.Generator, n: int) -> Pairs:
    p = rng.beta(0.5, 0.5, n)
    happened = (rng.random(n) < p).astype(np.float64)
    return Pairs(
        predicted=(p > 0.5).astype(np.float64), actual=happened, probabilities=np.column_stack([1 - p, p])
    )


def rare(rng: np.random.Generator, n: int) -> Pairs:
    p = rng.beta(0.3, 6.0, n)
    happened = (rng.random(n) < p).astype(np.float64)
    return Pairs(
        predicted=(p > 0.2).astype(np.float64), actual=happened, probabilities=np.column_stack([1 - p, p])
    )


def many(rng: np.random.Generator, n: int) -> Pairs:
    table = rng.dirichlet(np.full(5, 0.4), n)
    actual = (table.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1).astype(np.float64)
    return Pairs(predicted=table.argmax(axis=1).astype(np.float64), actual=actual, probabilities=table)


def numbers(rng: np.random.Generator, n: int) -> Pairs:
    actual = 10.0 * rng.normal(size=n)
    return Pairs(predicted=actual + rng.standard_t(4, size=n), actual=actual, probabilities=np.zeros((n, 0)))


def first_fall(pairs: Pairs, task: Task) -> int | None:
    """Pairs until a fall below the first window is told, with the default window and tolerance."""
    expected = from_window(figures_named(pairs.take(slice(0, REFERENCE)), task, LEADS[task.kind]))
    declines = Declines(0.02)
    for end in range(REFERENCE + STEP, len(pairs) + 1, STEP):
        first = max(0, end - LENGTH)
        starts = np.arange(first, end, BLOCK)
        look = Look(end - 1, end - 1, pairs.take(slice(first, end)), task, expected, starts, starts)
        if any(finding.transition is Transition.BEGAN for finding in declines.decide(None, look)):
            return end
    return None


@pytest.mark.parametrize(("draw", "task"), [(even, BINARY), (rare, BINARY), (many, MANY), (numbers, NUMBERS)])
def test_a_version_that_stays_as_good_is_hardly_ever_said_to_have_fallen(
    draw: Callable[[np.random.Generator, int], Pairs], task: Task
) -> None:
    told = [first_fall(draw(np.random.default_rng(seed), PAIRS), task) for seed in range(STREAMS)]
    assert sum(one is not None for one in told) <= 1


def test_a_fall_by_ten_points_of_accuracy_is_told_within_a_window() -> None:
    delays = []
    for seed in range(STREAMS):
        rng = np.random.default_rng(seed)
        pairs = even(rng, 12_000)
        wrong = (np.arange(12_000) >= 8_192) & (rng.random(12_000) < 0.16)  # of which four fifths were right
        worse = Pairs(
            predicted=pairs.predicted,
            actual=np.where(wrong, 1.0 - pairs.actual, pairs.actual),
            probabilities=pairs.probabilities,
        )
        told = first_fall(worse, BINARY)
        assert told is not None
        delays.append(told - 8_192)
    assert min(delays) > 0
    assert float(np.median(delays)) <= LENGTH
