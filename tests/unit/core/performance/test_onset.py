"""Where in a window a figure began to fall."""

import numpy as np
import pytest

from stream_monitor.core.performance.onset import costs, onset
from stream_monitor.core.performance.pairs import Pairs
from stream_monitor.core.performance.task import Task, TaskKind
from stream_monitor.core.window import BLOCK

THREE = Task(kind=TaskKind.MULTICLASS, classes=("a", "b", "c"))
NUMBERS = Task(kind=TaskKind.REGRESSION)
NAN = np.nan


@pytest.mark.parametrize("name", ["mae", "rmse", "r2", "bias"])
@pytest.mark.parametrize("sign", [1, -1])
def test_errors_that_grew_from_a_block_on(name: str, sign: int) -> None:
    rng = np.random.default_rng(1)
    actual = rng.normal(size=40 * BLOCK)
    shift = np.where(np.arange(40 * BLOCK) >= 25 * BLOCK, 3.0 * sign, 0.0)
    noise = 0.1 * rng.normal(size=40 * BLOCK)
    pairs = Pairs(predicted=actual + noise + shift, actual=actual, probabilities=np.zeros((40 * BLOCK, 0)))
    assert onset(name, pairs, NUMBERS) == 25


def test_where_nothing_got_worse_it_is_the_first_block() -> None:
    same = Pairs(
        predicted=np.zeros(4 * BLOCK), actual=np.zeros(4 * BLOCK), probabilities=np.zeros((4 * BLOCK, 0))
    )
    better = np.where(np.arange(4 * BLOCK) < 2 * BLOCK, 1.0, 0.0)
    assert onset("mae", same, NUMBERS) == 0
    assert (
        onset("mae", Pairs(predicted=better, actual=same.actual, probabilities=same.probabilities), NUMBERS)
        == 0
    )
    assert onset("mae", same.take(slice(0, BLOCK)), NUMBERS) == 0


def test_what_a_pair_costs_a_figure() -> None:
    pairs = Pairs(
        predicted=np.array([0.0, 1.0, 2.0, 0.0]),
        actual=np.array([0.0, 0.0, 2.0, 2.0]),
        probabilities=np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [NAN, NAN, NAN], [NAN, NAN, NAN]]),
    )
    assert costs("accuracy", pairs, THREE).tolist() == [0, 1, 0, 1]
    assert costs("f1_macro", pairs, THREE).tolist() == [0, 1, 0, 1]
    assert costs("recall:b", pairs, THREE).tolist() == [0, 1, 0, 0]
    assert costs("brier", pairs, THREE).tolist() == [
        0,
        2,
        1,
        1,
    ]  # what is not known costs as much as the rest
    assert costs("log_loss", pairs.take(slice(2, 4)), THREE).tolist() == [0, 1]
