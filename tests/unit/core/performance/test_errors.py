"""The series that detectors see of each pair."""

import numpy as np
import pytest

from stream_monitor.core.performance.errors import error_scale, errors_of
from stream_monitor.core.performance.figures import figures_of
from stream_monitor.core.performance.pairs import Pairs
from stream_monitor.core.performance.task import Task, TaskKind

BINARY = Task(kind=TaskKind.BINARY, classes=("a", "b"), positive="b")
REGRESSION = Task(kind=TaskKind.REGRESSION)
PAIRS = Pairs(
    predicted=np.array([1.0, 0.0, 1.0]),
    actual=np.array([1.0, 1.0, 0.0]),
    probabilities=np.array([[0.25, 0.75], [0.5, 0.5], [np.nan, np.nan]]),
)
NUMBERS = Pairs(predicted=np.array([1.0, 5.0]), actual=np.array([2.0, 2.0]), probabilities=np.zeros((2, 0)))


def test_a_wrong_class_is_one_and_unknown_probabilities_are_no_number() -> None:
    errors = errors_of(PAIRS, BINARY)
    assert errors["error"].tolist() == [0.0, 1.0, 1.0]
    assert errors["log_loss"][:2] == pytest.approx(-np.log([0.75, 0.5]))
    assert errors["brier"][:2] == pytest.approx([0.0625, 0.25])
    assert np.isnan([errors["log_loss"][2], errors["brier"][2]]).all()


def test_their_means_are_the_figures() -> None:
    errors, figures = errors_of(PAIRS, BINARY), figures_of(PAIRS, BINARY)
    assert figures["accuracy"].value == pytest.approx(1 - errors["error"].mean())
    assert figures["log_loss"].value == pytest.approx(np.nanmean(errors["log_loss"]))
    assert figures["brier"].value == pytest.approx(np.nanmean(errors["brier"]))


def test_errors_of_numbers_are_absolute_and_standardised_by_the_reference() -> None:
    assert errors_of(NUMBERS, REGRESSION) == {"error": pytest.approx([1.0, 3.0])}
    scale = error_scale(NUMBERS)
    assert scale == (2.0, 1.0)
    assert errors_of(NUMBERS, REGRESSION, scale) == {"error": pytest.approx([-1.0, 1.0])}


def test_a_reference_without_any_error_has_a_scale() -> None:
    perfect = Pairs(predicted=np.ones(3), actual=np.ones(3), probabilities=np.zeros((3, 0)))
    assert error_scale(perfect).scale > 0.0
