"""Intervals against published values and against scipy."""

import numpy as np
import pytest
from scipy import stats  # type: ignore[import-untyped]  # no stubs

from stream_monitor.core.errors import CorruptState
from stream_monitor.core.performance.figure import (
    TOO_FEW,
    Figure,
    combined,
    error_of_mean,
    logit,
    mean_of,
    proportion,
    student,
    undefined,
    wilson,
)


@pytest.mark.parametrize(("hits", "n"), [(0, 1), (0, 40), (1, 1), (81, 263), (15, 148), (2048, 2048)])
def test_a_proportion_has_wilson_s_interval(hits: int, n: int) -> None:
    expected = stats.binomtest(hits, n).proportion_ci(method="wilson")
    assert wilson(hits / n, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_s_interval_of_newcombe_s_example() -> None:
    """Newcombe, Two-sided confidence intervals for the single proportion, 1998, table I: 81 of 263."""
    of = proportion(81, 263, "none")
    assert of.low == pytest.approx(0.2553, abs=1e-4)
    assert of.high == pytest.approx(0.3662, abs=1e-4)


def test_a_share_of_nothing_is_undefined_and_says_so() -> None:
    assert proportion(0, 0, "never predicted fraud") == undefined("never predicted fraud")


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 6, 7, 10, 31, 63, 1000])
def test_student_s_quantile_is_scipy_s(freedom: int) -> None:
    assert student(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-3)


def test_a_mean_of_few_values_has_student_s_interval() -> None:
    values = np.array([1.0, 2.0, 4.0, 5.0, 9.0])
    low, high = stats.t.interval(0.95, 4, loc=values.mean(), scale=stats.sem(values))
    of = mean_of(values)
    assert (of.value, of.low, of.high) == pytest.approx((4.2, low, high), rel=1e-3)


def test_a_mean_of_one_value_has_no_interval() -> None:
    assert mean_of(np.array([3.0])) == Figure(value=3.0, low=None, high=None, n=1, reason=TOO_FEW)


def test_the_interval_of_a_mean_comes_from_blocks_and_widens_where_values_depend() -> None:
    random = np.random.default_rng(1)
    alone = random.normal(0, 1, 2_048)
    together = np.repeat(random.normal(0, 1, 64), 32)
    wide, narrow = error_of_mean(together), error_of_mean(alone)
    assert wide is not None
    assert narrow is not None
    assert narrow == pytest.approx(1.96 / np.sqrt(2_048), rel=0.25)
    assert wide == pytest.approx(1.96 / np.sqrt(64), rel=0.25)


def test_a_positive_mean_has_a_positive_interval() -> None:
    of = mean_of(np.array([0.001, 0.001, 50.0]), positive=True)
    assert of.low is not None
    assert 0.0 < of.low < 1.0


def test_the_logit_interval_stays_inside_and_a_certain_share_is_not_certain() -> None:
    low, high = logit(0.99, 0.01, 100)
    assert 0.9 < low < 0.99 < high < 1.0
    assert logit(1.0, 0.0, 30) == wilson(1.0, 30)


def test_an_undefined_part_of_a_mean_may_be_anything() -> None:
    known = Figure(value=0.5, low=0.4, high=0.6, n=100)
    assert combined([known, undefined("never predicted")], [0.5, 0.5]) == pytest.approx(
        (0.05, np.hypot(0.05, 0.5))
    )


@pytest.mark.parametrize(
    "wrong",
    [
        Figure(value=None, low=None, high=None, n=1),
        Figure(value=None, low=0.1, high=0.2, n=1, reason="?"),
        Figure(value=0.3, low=0.1, high=0.2, n=1),
        Figure(value=0.3, low=0.1, high=None, n=1),
        Figure(value=0.3, low=0.1, high=0.5, n=-1),
    ],
)
def test_a_stored_figure_that_cannot_be_is_corrupt(wrong: Figure) -> None:
    with pytest.raises(CorruptState):
        wrong.check()
