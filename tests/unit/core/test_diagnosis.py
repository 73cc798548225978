"""What is said of a series that the sequential test watches."""

import numpy as np
import pytest

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.diagnosis import sequential_status as told
from stream_monitor.core.sequential.series import Blocks
from stream_monitor.core.sequential.tests import Diagnosis, SequentialTests
from stream_monitor.core.sequential.views import View
from stream_monitor.core.status import SequentialStatus
from stream_monitor.core.window import BLOCK


def seen(values: FloatArray) -> SequentialStatus:
    tests, m = SequentialTests(), len(values) // BLOCK
    tests.add("x", seed=1)
    numbers = values[: m * BLOCK].reshape(m, BLOCK)
    tests.advance({"x": Blocks(numbers, np.zeros((m, BLOCK), np.int64), np.full(m, BLOCK / 1e9))})
    return told(tests.diagnosis("x"))


def autoregression(n: int, coefficient: float) -> FloatArray:
    values = np.random.default_rng(1).normal(size=n)
    for at in range(1, n):
        values[at] += coefficient * values[at - 1]
    return values


def test_independent_values_have_the_bound() -> None:
    status = seen(np.random.default_rng(1).normal(size=12_000))
    assert (status.view, status.bounded, status.learning) == ("value", True, False)
    assert status.lag_1 == pytest.approx(0, abs=0.05)
    assert status.effective_share == pytest.approx(1, abs=0.1)
    assert status.words.endswith("the bound on false alarms holds")


def test_values_that_depend_on_those_before_are_said_to() -> None:
    status = seen(autoregression(12_000, 0.8))
    assert (status.view, status.bounded) == ("residual", False)
    assert status.lag_1 == pytest.approx(0.8, abs=0.05)
    assert status.effective_share == pytest.approx(1 / 9, abs=0.04)
    assert "what a forecast from the last values leaves" in status.words
    assert f"lag-1 autocorrelation {status.lag_1:.2f}" in status.words


def test_evidence_that_counts_less_is_said_to() -> None:
    tempered = Diagnosis(0.0, 0.9, False, 1, View.RESIDUAL, learning=False, power=0.4)
    assert "counts for 40%" in told(tempered).words
    assert "counts for" not in told(tempered._replace(power=1.0)).words


def test_a_view_that_is_new_is_learned_and_not_blind() -> None:
    status = seen(autoregression(1_024, 0.8))
    assert (status.learning, status.view) == (True, "residual")
    assert "learns" in status.words


def test_a_series_that_has_just_begun_learns() -> None:
    status = seen(np.random.default_rng(1).normal(size=320))
    assert status.learning
    assert "learns" in status.words


def test_a_series_of_which_nothing_is_white_is_blind() -> None:
    blind = Diagnosis(0.0, 0.9, values_white=False, views_white=0, view=View.RESIDUAL, learning=False)
    status = told(blind)
    assert (status.view, status.bounded) == (None, False)
    assert "blind" in status.words
