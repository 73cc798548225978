"""The map from probabilities to honest ones: rising, exact where the model is, and unsure where it saw little."""

import numpy as np
import pytest

from stream_monitor.core.errors import CorruptState
from stream_monitor.core.performance.calibration import (
    FEWEST,
    Calibration,
    Curve,
    calibrated,
    curve_of,
    fit,
)
from stream_monitor.core.performance.pairs import Pairs
from stream_monitor.core.performance.task import Task, TaskKind

BINARY = Task(kind=TaskKind.BINARY, classes=("a", "b"), positive="a")
MULTICLASS = Task(kind=TaskKind.MULTICLASS, classes=("a", "b", "c"))
CURVE = Curve(scores=(0.2, 0.6), rates=(0.1, 0.3), sizes=(50, 50))


def pairs_of(n: int, seed: int = 1, power: float = 1.0) -> Pairs:
    """Pairs of `BINARY`: the label is `a` with the probability p, of which the model says p ** power."""
    random = np.random.default_rng(seed)
    p = random.random(n)
    table = np.stack([p**power, 1 - p**power], axis=1)
    actual = (random.random(n) >= p).astype(np.float64)
    return Pairs(predicted=(table[:, 0] < 0.5).astype(np.float64), actual=actual, probabilities=table)


@pytest.mark.parametrize("power", [0.5, 1.0, 3.0])
def test_the_map_finds_what_the_probabilities_should_have_been(power: float) -> None:
    found = fit(pairs_of(40_000, power=power), BINARY)
    assert found is not None
    p = np.linspace(0.02, 0.98, 49)
    likely = calibrated(found, np.stack([p**power, 1 - p**power], axis=1), BINARY)
    assert likely[:, 0] == pytest.approx(p, abs=0.04)
    assert likely.sum(axis=1) == pytest.approx(np.ones(49))


def test_the_map_never_falls_and_never_leaves_0_to_1() -> None:
    random = np.random.default_rng(3)
    curve = curve_of(random.random(1_000), random.random(1_000) < 0.5)
    mapped = curve.of(np.linspace(0, 1, 1_001))
    assert (np.diff(mapped) >= 0).all()
    assert mapped.min() >= 0.0
    assert mapped.max() <= 1.0


def test_the_map_goes_on_in_a_straight_line() -> None:
    assert CURVE.of(np.array([0.0, 0.2, 0.4, 0.6, 1.0])) == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.5])


def test_a_constant_probability_has_one_group() -> None:
    curve = curve_of(np.full(300, 0.7), np.arange(300) < 90)
    assert curve.scores == pytest.approx((0.7,))
    assert (curve.rates, curve.sizes) == ((0.3,), (300,))
    assert curve.of(np.array([0.1, 0.7])).tolist() == [0.3, 0.3]


def test_a_rate_that_was_always_one_is_not_certain() -> None:
    assert Curve(scores=(0.9,), rates=(1.0,), sizes=(20,)).variances()[0] > 0.0


def test_too_few_labels_are_no_calibration() -> None:
    assert fit(pairs_of(FEWEST - 1), BINARY) is None
    assert fit(pairs_of(FEWEST), BINARY) is not None


def test_many_classes_are_calibrated_one_by_one_and_add_up() -> None:
    random = np.random.default_rng(4)
    table = random.dirichlet(np.ones(3), 5_000)
    actual = (random.random((5_000, 1)) > table.cumsum(axis=1)).sum(axis=1).clip(0, 2).astype(np.float64)
    found = fit(Pairs(predicted=actual, actual=actual, probabilities=table), MULTICLASS)
    assert found is not None
    assert len(found.curves) == 3
    likely = calibrated(found, table, MULTICLASS)
    assert likely.sum(axis=1) == pytest.approx(np.ones(5_000))
    assert np.abs(likely - table).mean() < 0.03


def test_a_calibration_is_itself_again() -> None:
    found = fit(pairs_of(2_048), BINARY)
    assert found is not None
    assert Calibration.from_plain(found.to_plain()) == found


@pytest.mark.parametrize(
    "curve",
    [
        {"scores": [], "rates": [], "sizes": []},
        {"scores": [0.1, 0.2], "rates": [0.5], "sizes": [1, 1]},
        {"scores": [0.2, 0.1], "rates": [0.1, 0.2], "sizes": [1, 1]},
        {"scores": [0.1, 0.2], "rates": [0.2, 0.1], "sizes": [1, 1]},
        {"scores": [0.1, 1.2], "rates": [0.1, 0.2], "sizes": [1, 1]},
        {"scores": [0.1], "rates": [0.1], "sizes": [0]},
        {"scores": [float("nan")], "rates": [0.1], "sizes": [1]},
    ],
)
def test_nonsense_is_corrupt(curve: object) -> None:
    with pytest.raises(CorruptState):
        Calibration.from_plain({"classes": ["a"], "curves": [curve], "pairs": 300})  # type: ignore[list-item]  # what it must refuse
