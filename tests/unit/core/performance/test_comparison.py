"""Verdicts, and intervals against published values and simulation."""

import numpy as np
import pytest

from stream_monitor.core.performance.comparison import (
    Both,
    Verdict,
    paired_accuracy,
    paired_errors,
    unpaired,
    verdict_of,
)
from stream_monitor.core.performance.expected import Drop
from stream_monitor.core.performance.figure import Figure, mean_of, proportion


def of(hits: int, n: int) -> Figure:
    return proportion(hits, n, "none")


@pytest.mark.parametrize(
    ("a", "m", "b", "n", "low", "high"),
    [  # Newcombe, Statistics in Medicine 17, 1998, pp. 873-890, table II, method 10
        (56, 70, 48, 80, 0.0524, 0.3339),
        (9, 10, 3, 10, 0.1705, 0.8090),
        (10, 10, 0, 10, 0.6075, 1.0),
    ],
)
def test_independent_proportions_have_newcombes_interval(
    a: int, m: int, b: int, n: int, low: float, high: float
) -> None:
    one = unpaired("accuracy", of(a, m), of(b, n), least=10)
    assert one.worse is not None
    assert one.worse.low == pytest.approx(low, abs=5e-5)
    assert one.worse.high == pytest.approx(high, abs=5e-5)
    assert (one.verdict, one.n, one.paired) == (Verdict.WORSE, min(m, n), False)


def test_the_direction_of_a_figure_counts() -> None:
    smaller, larger = of(100, 1_000), of(300, 1_000)
    assert unpaired("accuracy", smaller, larger).verdict is Verdict.BETTER
    assert unpaired("brier", smaller, larger).verdict is Verdict.WORSE
    near, far = (Figure(value=v, low=v - 0.1, high=v + 0.1, n=500) for v in (-0.2, 1.0))
    assert unpaired("bias", far, near).verdict is Verdict.BETTER


def test_no_difference_is_shown_within_the_farther_end() -> None:
    one = unpaired("accuracy", of(800, 1_000), of(795, 1_000))
    assert one.verdict is Verdict.NO_DIFFERENCE
    assert one.worse is not None
    assert one.within == one.worse.high == pytest.approx(0.0403, abs=5e-4)
    assert unpaired("accuracy", of(800, 1_000), of(600, 1_000)).within is None


@pytest.mark.parametrize(
    ("worse", "n", "tolerance", "verdict"),
    [
        (None, 900, 0.0, Verdict.NOT_ENOUGH),
        (Drop(value=0.1, low=None, high=None), 900, 0.0, Verdict.NOT_ENOUGH),
        (Drop(value=0.1, low=0.05, high=0.15), 99, 0.0, Verdict.NOT_ENOUGH),
        (Drop(value=0.1, low=0.05, high=0.15), 100, 0.0, Verdict.WORSE),
        (Drop(value=0.1, low=0.05, high=0.15), 100, 0.05, Verdict.NO_DIFFERENCE),
        (Drop(value=-0.1, low=-0.15, high=-0.05), 100, 0.04, Verdict.BETTER),
    ],
)
def test_verdicts(worse: Drop | None, n: int, tolerance: float, verdict: Verdict) -> None:
    assert verdict_of(worse, n, tolerance=tolerance) is verdict


def test_an_undefined_figure_is_not_enough() -> None:
    none = Figure(value=None, low=None, high=None, n=0, reason="never predicted")
    assert unpaired("precision", none, of(50, 100)).verdict is Verdict.NOT_ENOUGH


@pytest.mark.parametrize(
    ("cases", "low", "high"),
    [  # Newcombe, Statistics in Medicine 17, 1998, pp. 2635-2650, table II, method 10; and turned round
        (Both(both=36, old_alone=12, new_alone=2, neither=0), 0.0569, 0.3404),
        (Both(both=36, old_alone=2, new_alone=12, neither=0), -0.3404, -0.0569),
    ],
)
def test_paired_proportions_have_newcombes_interval(cases: Both, low: float, high: float) -> None:
    worse = paired_accuracy(cases)
    assert worse is not None
    assert worse.low == pytest.approx(low, abs=5e-5)
    assert worse.high == pytest.approx(high, abs=5e-5)


def test_without_cases_there_is_nothing_to_say() -> None:
    assert paired_accuracy(Both(both=0, old_alone=0, new_alone=0, neither=0)) is None
    assert paired_errors(np.zeros(0)) is None
    assert paired_errors(np.ones(1)) == Drop(value=1.0, low=None, high=None)


def test_paired_intervals_cover_what_is_true_and_are_narrower_than_unpaired_ones() -> None:
    rng = np.random.default_rng(3)
    covered = narrower = 0
    runs = 1_000
    for _ in range(runs):
        old = rng.random(500) < 0.9
        new = np.where(rng.random(500) < 0.06, rng.random(500) < 0.4, old)  # mostly they agree
        cases = Both(
            both=int((old & new).sum()),
            old_alone=int((old & ~new).sum()),
            new_alone=int((~old & new).sum()),
            neither=int((~old & ~new).sum()),
        )
        worse, apart = (
            paired_accuracy(cases),
            unpaired("accuracy", of(int(old.sum()), 500), of(int(new.sum()), 500)),
        )
        assert worse is not None
        assert apart.worse is not None
        assert worse.low is not None
        assert worse.high is not None
        assert apart.worse.low is not None
        assert apart.worse.high is not None
        covered += worse.low <= 0.9 - (0.94 * 0.9 + 0.06 * 0.4) <= worse.high
        narrower += worse.high - worse.low < apart.worse.high - apart.worse.low
    assert 0.93 <= covered / runs <= 0.985
    assert narrower == runs


def test_intervals_of_errors_cover_what_is_true() -> None:
    rng = np.random.default_rng(4)
    paired = apart = 0
    runs = 500
    for _ in range(runs):
        difficulty = rng.exponential(1.0, 640)
        old, new = difficulty * rng.random(640), difficulty * rng.random(640) * 1.2
        worse = paired_errors(new - old)
        figure = unpaired("mae", mean_of(old, positive=True), mean_of(new, positive=True)).worse
        assert worse is not None
        assert figure is not None
        assert worse.low is not None
        assert worse.high is not None
        assert figure.low is not None
        assert figure.high is not None
        paired += worse.low <= 0.1 <= worse.high
        apart += figure.low <= 0.1 <= figure.high
    assert 0.92 <= paired / runs <= 0.98
    assert apart / runs >= 0.92
