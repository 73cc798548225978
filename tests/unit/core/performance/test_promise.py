"""Promises: the figures of known pairs, and of two parts those of the whole where figures alone can tell."""

from dataclasses import replace

import numpy as np
import pytest

from stream_monitor.core.errors import CorruptState, StreamMonitorError
from stream_monitor.core.performance.expected import Origin
from stream_monitor.core.performance.figure import Figure
from stream_monitor.core.performance.figures import figures_of
from stream_monitor.core.performance.pairs import Pairs, concatenate
from stream_monitor.core.performance.promise import Promise, merged, promise_of
from stream_monitor.core.performance.task import Task, TaskKind

BINARY = Task(kind=TaskKind.BINARY, classes=("legit", "other"), positive="other")
REGRESSION = Task(kind=TaskKind.REGRESSION)


def classified(n: int, seed: int) -> Pairs:
    rng = np.random.default_rng(seed)
    p = rng.beta(0.5, 0.5, n)
    actual = (rng.random(n) < p).astype(np.float64)
    return Pairs(
        predicted=(p > 0.5).astype(np.float64), actual=actual, probabilities=np.column_stack([1 - p, p])
    )


def measured(n: int, seed: int) -> Pairs:
    rng = np.random.default_rng(seed)
    actual = rng.normal(50.0, 10.0, n)
    return Pairs(predicted=actual + rng.normal(1.0, 3.0, n), actual=actual, probabilities=np.zeros((n, 0)))


@pytest.mark.parametrize(
    ("a", "b", "task"),
    [
        (classified(400, 1), classified(900, 2), BINARY),
        (measured(640, 3), measured(320, 4), REGRESSION),
    ],
)
def test_merged_figures_are_those_of_all_pairs(a: Pairs, b: Pairs, task: Task) -> None:
    both = merged(promise_of(a, task, seen=len(a)), promise_of(b, task, seen=len(b)))
    whole = figures_of(concatenate([a, b]), task)
    assert both.pairs == len(a) + len(b)
    assert {"accuracy", "log_loss"} & both.figures.keys() or {"mae", "rmse"} <= both.figures.keys()
    for name, figure in both.figures.items():
        figure.check()
        assert figure.value == pytest.approx(whole[name].value), name
        assert figure.n == whole[name].n
        low, high = whole[name].low, whole[name].high
        assert low is not None
        assert high is not None
        assert figure.low == pytest.approx(low, abs=0.5 * (high - low)), name
    both.check()


def test_what_figures_cannot_tell_is_left_out() -> None:
    parts = [promise_of(classified(400, seed), BINARY, seen=400) for seed in (1, 2)]
    assert {"roc_auc", "f1", "calibration_error", "precision_macro"} <= parts[0].figures.keys()
    left = merged(*parts).figures.keys()
    assert not {name for name in left if name.startswith(("roc", "pr_", "f1", "cal")) or "_macro" in name}


def test_the_interval_of_a_merged_share_is_made_anew() -> None:
    a, b = classified(400, 1), classified(900, 2)
    both = merged(promise_of(a, BINARY, seen=400), promise_of(b, BINARY, seen=900))
    assert both.figures["accuracy"] == figures_of(concatenate([a, b]), BINARY)["accuracy"]


@pytest.mark.parametrize("task", [REGRESSION, replace(BINARY, positive="legit")])
def test_other_tasks_do_not_merge(task: Task) -> None:
    one = promise_of(classified(100, 1), BINARY, seen=100)
    other = Promise(task=task, pairs=1, figures={})
    with pytest.raises(StreamMonitorError, match="predicts binary with other positive in one and"):
        merged(one, other)


def test_what_is_promised_is_expected() -> None:
    promise = promise_of(classified(100, 1), BINARY, seen=5_000)
    assert promise.pairs == 5_000
    assert promise.expected().origin is Origin.REFERENCE
    assert promise.expected().figures == promise.figures


@pytest.mark.parametrize(
    "wrong",
    [
        {"pairs": 0},
        {"figures": {"mae": Figure(value=1.0, low=1.0, high=1.0, n=1)}},
        {"figures": {"accuracy": Figure(value=1.0, low=2.0, high=3.0, n=1)}},
        {"figures": {"accuracy": Figure(value=None, low=None, high=None, n=1, reason="none")}},
        {"task": replace(BINARY, positive="third")},
    ],
)
def test_a_promise_that_does_not_fit_together_is_corrupt(wrong: dict[str, object]) -> None:
    promise = promise_of(classified(100, 1), BINARY, seen=100)
    with pytest.raises(CorruptState):
        replace(promise, **wrong).check()  # type: ignore[arg-type]  # what it must refuse
