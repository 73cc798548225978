"""Intervals and estimates, measured: 95 of 100 intervals hold the truth, whatever the task, the rarity and the calibration.

Seeded: the figures are the same every time. Truth is the figure of 200,000 pairs of the same model.
"""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.performance.calibration import fit
from stream_monitor.core.performance.estimate import compare
from stream_monitor.core.performance.expectation import expectation_of, expected_figures
from stream_monitor.core.performance.figures import figures_of
from stream_monitor.core.performance.pairs import Pairs
from stream_monitor.core.performance.task import Task, TaskKind

BINARY = Task(kind=TaskKind.BINARY, classes=("a", "b"), positive="b")
MULTICLASS = Task(kind=TaskKind.MULTICLASS, classes=("a", "b", "c", "d"))
REGRESSION = Task(kind=TaskKind.REGRESSION)
RUNS = 300
# Of 300 intervals that hold the truth with .95, fewer than .91 do so once in 500 times.
LEAST = 0.91
Make = Callable[[np.random.Generator, int], Pairs]


def binary(*, rate: float, distance: float, sharpness: float = 1.0, moved: float = 0.0) -> Make:
    """Two normal classes `distance` apart. sharpness: 1 is calibrated, more overconfident. moved: shift of the inputs alone."""

    def make(random: np.random.Generator, n: int) -> Pairs:
        x = random.normal(np.where(random.random(n) < rate, distance, 0.0), 1.0) + moved
        odds = distance * x - distance**2 / 2 + np.log(rate / (1 - rate))
        actual = random.random(n) < _expit(odds)
        said = _expit(sharpness * odds)
        table = np.stack([1 - said, said], axis=1)
        return Pairs(
            predicted=(said > 0.5).astype(np.float64), actual=actual.astype(np.float64), probabilities=table
        )

    return make


def multiclass(random: np.random.Generator, n: int) -> Pairs:
    """Four classes, the rarest 5 %, overconfident."""
    shares = np.array([0.5, 0.3, 0.15, 0.05])
    actual = random.choice(4, n, p=shares)
    scores = random.normal(0, 1, (n, 4))
    scores[np.arange(n), actual] += 1.5
    table = np.exp(1.5 * (scores + np.log(shares)))
    table /= table.sum(axis=1, keepdims=True)
    return Pairs(
        predicted=table.argmax(axis=1).astype(np.float64),
        actual=actual.astype(np.float64),
        probabilities=table,
    )


def regression(random: np.random.Generator, n: int) -> Pairs:
    """Skewed labels, errors with heavy tails and a bias."""
    actual = random.lognormal(2, 0.5, n)
    errors = 1.5 * random.standard_t(5, n) + 0.3
    return Pairs(predicted=actual + errors, actual=actual, probabilities=np.zeros((n, 0)))


def _expit(x: FloatArray) -> FloatArray:
    return np.asarray(1 / (1 + np.exp(-x)))


EVEN = binary(rate=0.3, distance=1.5)
SHARP = binary(rate=0.3, distance=1.5, sharpness=2.0)
RARE = binary(rate=0.03, distance=2.5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "task", "pairs"),
    [
        (EVEN, BINARY, 256),
        (EVEN, BINARY, 2_048),
        (SHARP, BINARY, 2_048),
        (RARE, BINARY, 256),
        (RARE, BINARY, 2_048),
        (multiclass, MULTICLASS, 256),
        (multiclass, MULTICLASS, 2_048),
        (regression, REGRESSION, 256),
        (regression, REGRESSION, 2_048),
    ],
)
def test_95_of_100_intervals_hold_the_truth(make: Make, task: Task, pairs: int) -> None:
    truth = figures_of(make(np.random.default_rng(99), 200_000), task)
    held, made = Counter[str](), Counter[str]()
    for seed in range(RUNS):
        for name, one in figures_of(make(np.random.default_rng(seed), pairs), task).items():
            true = truth[name].value
            if one.low is not None and one.high is not None and true is not None:
                made[name] += 1
                held[name] += one.low <= true <= one.high
    shares = {name: held[name] / made[name] for name in made}
    assert shares
    assert min(shares.values()) >= LEAST, sorted(shares.items(), key=lambda item: item[1])[:3]
    assert sum(shares.values()) / len(shares) >= 0.935


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "now", "task"),
    [
        (EVEN, EVEN, BINARY),
        (EVEN, binary(rate=0.3, distance=1.5, moved=1.0), BINARY),
        (SHARP, binary(rate=0.3, distance=1.5, sharpness=2.0, moved=1.0), BINARY),
        (RARE, RARE, BINARY),
        (multiclass, multiclass, MULTICLASS),
    ],
    ids=["same", "inputs moved", "overconfident, inputs moved", "rare", "many classes"],
)
def test_95_of_100_estimates_hold_what_comes_out(before: Make, now: Make, task: Task) -> None:
    """The inputs may move, as long as probabilities mean what they meant."""
    inside, made = Counter[str](), Counter[str]()
    errors = []
    for seed in range(200):
        random = np.random.default_rng(seed)
        calibration = fit(before(random, 2_048), task)
        later = now(random, 2_048)
        assert calibration is not None
        estimated = expected_figures(expectation_of(calibration, later.predicted, later.probabilities, task))
        compared = compare(estimated, figures_of(later, task))
        errors.append(compared["accuracy"].error)
        for name, one in compared.items():
            made[name] += 1
            inside[name] += one.inside
    shares = {name: inside[name] / made[name] for name in made}
    assert min(shares.values()) >= 0.85, shares
    assert sum(shares.values()) / len(shares) >= 0.94
    assert abs(np.mean(errors)) < 0.005


def test_an_estimate_does_not_see_concept_drift_and_its_score_says_so() -> None:
    random = np.random.default_rng(5)
    calibration = fit(EVEN(random, 2_048), BINARY)
    later = EVEN(random, 2_048)
    flipped = np.where(random.random(2_048) < 0.3, 1.0 - later.actual, later.actual)
    drifted = Pairs(predicted=later.predicted, actual=flipped, probabilities=later.probabilities)
    assert calibration is not None
    estimated = expected_figures(expectation_of(calibration, later.predicted, later.probabilities, BINARY))
    accuracy = compare(estimated, figures_of(drifted, BINARY))["accuracy"]
    assert not accuracy.inside
    assert accuracy.error > 0.1
