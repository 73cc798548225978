"""Figures without labels: what they are made of, what they say of themselves, and how they are scored."""

from typing import Any

import numpy as np
import pytest

from stream_monitor.core.columnise import column_of
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.performance.calibration import Calibration, Curve
from stream_monitor.core.performance.estimate import Estimator, compare
from stream_monitor.core.performance.expectation import expectation_of, expected_figures
from stream_monitor.core.performance.figure import Figure, undefined
from stream_monitor.core.performance.figures import figures_of
from stream_monitor.core.performance.task import Predictions, Task, TaskKind
from tests.unit.core.performance.test_calibration import BINARY, pairs_of

CURVE = Curve(scores=(0.0, 1.0), rates=(0.0, 1.0), sizes=(500, 500))
EXACT = Calibration(classes=("a",), curves=(CURVE,), pairs=1_000)


def predictions_of(n: int, seed: int = 2) -> Predictions:
    pairs = pairs_of(n, seed)
    return Predictions(
        values=column_of([BINARY.classes[int(at)] for at in pairs.predicted]),
        probability=np.full(n, np.nan),
        probabilities={"a": pairs.probabilities[:, 0]},
    )


def filled(n: int = 100) -> Estimator:
    estimator = Estimator(BINARY, length=64)
    estimator.add(predictions_of(n))
    estimator.calibrate(pairs_of(512), BINARY)
    return estimator


def test_expected_figures_of_four_predictions_by_hand() -> None:
    table = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.2, 0.8]])
    figures = expected_figures(expectation_of(EXACT, np.array([0.0, 0.0, 1.0, 1.0]), table, BINARY))
    assert figures["accuracy"].value == pytest.approx((0.9 + 0.6 + 0.7 + 0.8) / 4)
    assert figures["precision"].value == pytest.approx(1.5 / 2)
    assert figures["recall"].value == pytest.approx(1.5 / 2)
    assert figures["f1"].value == pytest.approx(2 * 1.5 / (2 + 2))
    assert figures["recall:b"].value == pytest.approx(1.5 / 2)
    assert figures["brier"].value == pytest.approx((0.09 + 0.24 + 0.21 + 0.16) / 4)
    right = sum(table[i, 0] * table[j, 1] for i in range(4) for j in range(i + 1, 4))
    wrong = sum(table[j, 0] * table[i, 1] for i in range(4) for j in range(i + 1, 4))
    assert figures["roc_auc"].value == pytest.approx(right / (right + wrong))


def test_every_estimated_metric_is_a_realised_one() -> None:
    pairs = pairs_of(512)
    estimated = expected_figures(expectation_of(EXACT, pairs.predicted, pairs.probabilities, BINARY))
    assert set(estimated) < set(figures_of(pairs, BINARY))


def test_an_estimate_names_its_assumptions() -> None:
    estimate = filled().estimate()
    assert estimate.reason is None
    assert estimate.figures["accuracy"].n == 64
    assert "512 labelled predictions" in estimate.assumptions[0]
    assert "no concept drift" in estimate.assumptions[0]


def test_without_labels_to_calibrate_on_there_is_no_estimate() -> None:
    estimator = Estimator(BINARY, length=64)
    estimator.add(predictions_of(100))
    estimator.calibrate(pairs_of(100), BINARY)
    assert estimator.estimate().figures == {}
    assert (
        estimator.estimate().reason
        == "fewer than 256 labelled predictions with probabilities to calibrate on"
    )


def test_too_few_new_labels_leave_the_calibration_in_force() -> None:
    estimator = filled()
    before = estimator.calibration
    estimator.calibrate(pairs_of(10), BINARY)
    assert estimator.calibration is before


def test_without_probabilities_there_is_no_estimate() -> None:
    estimator = Estimator(BINARY, length=64)
    bare = Predictions(values=column_of(["a", "b"] * 40), probability=np.full(80, np.nan))
    estimator.add(bare)
    estimator.calibrate(pairs_of(512), BINARY)
    assert estimator.estimate().reason == "no predictions with probabilities"


def test_numbers_are_not_estimated() -> None:
    task = Task(kind=TaskKind.REGRESSION)
    estimator = Estimator(task)
    estimator.add(Predictions(values=column_of([1.0] * 64), probability=np.full(64, np.nan)))
    assert estimator.seen == 0
    assert estimator.estimate().reason == "numbers carry no probabilities to estimate from"


def test_an_estimate_is_scored_by_what_came_out() -> None:
    one = Figure(value=0.9, low=0.88, high=0.92, n=100)
    compared = compare(
        {"accuracy": one, "recall": one, "f1": one, "precision": undefined("never")},
        {
            "accuracy": Figure(value=0.8, low=0.7, high=0.9, n=100),
            "recall": Figure(value=0.91, low=0.8, high=1.0, n=100),
            "precision": one,
        },
    )
    assert set(compared) == {"accuracy", "recall"}
    assert compared["accuracy"].error == pytest.approx(0.1)
    assert [compared["accuracy"].inside, compared["recall"].inside] == [False, True]


def test_an_estimator_is_itself_again() -> None:
    estimator = filled()
    again = Estimator.load(estimator.dump())
    assert again.dump() == estimator.dump()
    assert again.estimate() == estimator.estimate()


def changed(**fields: Any) -> dict[str, Any]:
    return {**filled().dump(), **fields}


@pytest.mark.parametrize(
    "plain",
    [
        None,
        {},
        changed(length=65),
        changed(seen=3),
        changed(calibration={"classes": [], "curves": [], "pairs": 1}),
        changed(calibration=Calibration(classes=("b",), curves=(CURVE,), pairs=1).to_plain()),
        changed(calibration=Calibration(classes=("a", "b"), curves=(CURVE,), pairs=1).to_plain()),
        changed(task={"kind": "binary"}),
        changed(predicted=b"\x05" * 68),
        changed(predicted=b"\x00" * 67),
        changed(probabilities=np.full((68, 2), 1.5, np.float32).tobytes()),
        changed(probabilities=np.full((68, 2), np.nan, np.float32).tobytes()),
    ],
)
def test_nonsense_is_corrupt(plain: Any) -> None:
    with pytest.raises(CorruptState):
        Estimator.load(plain)
