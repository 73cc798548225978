"""Figures by hand, and what is said where there is none. That they equal scikit-learn's is a property of its own."""

import math

import numpy as np
import pytest

from stream_monitor.core.performance.figure import wilson
from stream_monitor.core.performance.figures import (
    BETTER,
    Better,
    better,
    figures_named,
    figures_of,
    kinds_of,
    names_of,
    range_of,
)
from stream_monitor.core.performance.pairs import Pairs, no_pairs
from stream_monitor.core.performance.probabilistic import calibration_bins
from stream_monitor.core.performance.ranking import hanley_mcneil, ranked
from stream_monitor.core.performance.task import Task, TaskKind

BINARY = Task(kind=TaskKind.BINARY, classes=("a", "b"), positive="b")
MULTICLASS = Task(kind=TaskKind.MULTICLASS, classes=("a", "b", "c"))
REGRESSION = Task(kind=TaskKind.REGRESSION)


def classes(predicted: list[int], actual: list[int]) -> Pairs:
    """Pairs of two classes without probabilities."""
    n = len(actual)
    return Pairs(
        predicted=np.array(predicted, np.float64),
        actual=np.array(actual, np.float64),
        probabilities=np.full((n, 2), np.nan),
    )


@pytest.mark.parametrize("task", [BINARY, MULTICLASS, REGRESSION])
def test_no_pairs_no_figures_but_reasons(task: Task) -> None:
    figures = figures_of(no_pairs(len(task.classes)), task)
    assert figures
    assert all(one.value is None and one.reason for one in figures.values())


@pytest.mark.parametrize("task", [BINARY, MULTICLASS, REGRESSION])
def test_every_metric_knows_where_it_is_better(task: Task) -> None:
    for name in figures_of(no_pairs(len(task.classes)), task):
        assert better(name) in Better


def test_every_metric_that_is_better_somewhere_exists() -> None:
    names = {
        name.split(":")[0].removesuffix("_macro").removesuffix("_weighted")
        for task in (BINARY, MULTICLASS, REGRESSION)
        for name in figures_of(no_pairs(len(task.classes)), task)
    }
    assert names == set(BETTER)


@pytest.mark.parametrize("task", [BINARY, MULTICLASS, REGRESSION])
def test_the_names_of_a_task_are_those_of_its_figures(task: Task) -> None:
    made = set(figures_of(no_pairs(len(task.classes)), task))
    named = {
        name.replace("CLASS", one) for name in names_of(task.kind) for one in (task.classes or ("none",))
    }
    assert named == made
    assert all(task.kind in kinds_of(name) for name in made)
    assert set(names_of(task.kind)) <= set(names_of(None))


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("f1:a", 0.0, 1.0),
        ("brier", 0.0, 2.0),
        ("log_loss", 0.0, math.inf),
        ("mae", 0.0, math.inf),
        ("bias", -math.inf, math.inf),
        ("r2", -math.inf, 1.0),
    ],
)
def test_the_range_of_a_figure(name: str, least: float, most: float) -> None:
    assert range_of(name) == (least, most)


def test_a_class_that_was_never_predicted_has_no_precision() -> None:
    figures = figures_of(classes([0, 0, 0], [0, 0, 1]), BINARY)
    assert figures["precision"].reason == "never predicted b"
    assert figures["recall"].value == 0.0
    assert figures["precision:a"].value == 2 / 3


def test_a_share_counts_the_pairs_that_it_is_of() -> None:
    figures = figures_of(classes([1, 1, 1, 0, 0], [1, 1, 0, 0, 1]), BINARY)
    assert (figures["precision"].n, figures["recall"].n, figures["accuracy"].n) == (3, 3, 5)
    assert (figures["recall"].low, figures["recall"].high) == wilson(2 / 3, 3)


def test_f1_has_the_interval_of_its_proportion() -> None:
    one = figures_of(classes([1, 1, 1, 0, 0], [1, 1, 0, 0, 1]), BINARY)["f1"]
    low, high = wilson(2 / 4, 4)
    assert one.value == pytest.approx(2 / 3)
    assert (one.low, one.high) == pytest.approx((2 * low / (1 + low), 2 * high / (1 + high)))


def test_pairs_without_probabilities_leave_the_counts_and_no_more() -> None:
    figures = figures_of(classes([0, 1], [0, 1]), BINARY)
    assert figures["accuracy"].value == 1.0
    for name in ("roc_auc", "pr_auc", "log_loss", "brier", "calibration_error"):
        assert figures[name].reason == "no pairs with probabilities"


def test_the_area_has_delong_s_variance() -> None:
    """By the definition: the variances of the placements of either side over their numbers."""
    random = np.random.default_rng(2)
    positive = random.random(60) < 0.4
    scores = np.round(random.normal(positive * 1.0, 1.0), 1)
    couples = np.sign(scores[positive][:, None] - scores[~positive][None, :]) / 2 + 0.5
    m, n = couples.shape
    variance = couples.mean(axis=1).var(ddof=1) / m + couples.mean(axis=0).var(ddof=1) / n
    of = ranked(scores, positive)
    assert of.area == pytest.approx(couples.mean())
    assert float(np.square(of.influence).sum()) == pytest.approx(variance)


def test_a_perfect_order_is_not_certain() -> None:
    low, high = hanley_mcneil(1.0, 10, 10)
    assert high == 1.0
    assert 0.7 < low < 0.9


def test_calibration_bins_cover_everything_once() -> None:
    bins = calibration_bins(np.array([0.0, 0.1, 0.15, 1.0]), np.array([False, False, True, True]))
    assert [one.n for one in bins] == [2, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    assert (bins[1].expected, bins[1].observed, bins[2].expected) == (0.15, 1.0, None)


def test_a_model_that_is_sure_and_wrong_half_of_the_time_is_off_by_half() -> None:
    actual = np.tile([0.0, 1.0], 512)
    pairs = Pairs(predicted=np.ones(1024), actual=actual, probabilities=np.tile([0.0, 1.0], (1024, 1)))
    one = figures_of(pairs, BINARY)["calibration_error"]
    assert one.value == 0.5
    assert one.low is not None
    assert one.low > 0.4


@pytest.mark.parametrize(
    ("actual", "name", "reason"),
    [
        ([0.0, 1.0, 0.0], "mape", "2 labels are 0: no relative error"),
        ([5e-324, 1.0, 2.0], "mape", "a label is so near 0 that its relative error is not finite"),
        ([3.0, 3.0, 3.0], "r2", "all labels are equal"),
    ],
)
def test_where_a_regression_has_no_figure_it_says_why(actual: list[float], name: str, reason: str) -> None:
    pairs = Pairs(
        predicted=np.array([1.0, 2.0, 4.0]), actual=np.array(actual), probabilities=np.zeros((3, 0))
    )
    one = figures_of(pairs, REGRESSION)[name]
    assert (one.value, one.reason) == (None, reason)


def test_a_perfect_regression() -> None:
    values = np.array([1.0, 2.0, 4.0])
    figures = figures_of(Pairs(predicted=values, actual=values, probabilities=np.zeros((3, 0))), REGRESSION)
    assert {name: one.value for name, one in figures.items()} == {
        "mae": 0.0, "rmse": 0.0, "mape": 0.0, "bias": 0.0, "r2": 1.0,
    }  # fmt: skip


def test_bias_has_a_sign() -> None:
    pairs = Pairs(predicted=np.array([1.0, 1.0]), actual=np.array([2.0, 4.0]), probabilities=np.zeros((2, 0)))
    assert figures_of(pairs, REGRESSION)["bias"].value == -2.0


def test_numbers_as_large_as_may_be_have_finite_figures() -> None:
    actual = np.array([1e150, -1e150] * 40)
    figures = figures_of(Pairs(predicted=-actual, actual=actual, probabilities=np.zeros((80, 0))), REGRESSION)
    for one in figures.values():
        assert all(x is not None and np.isfinite(x) for x in (one.value, one.low, one.high))


@pytest.mark.parametrize("task", [BINARY, MULTICLASS, REGRESSION])
def test_figures_by_name_are_those_of_all(task: Task) -> None:
    random = np.random.default_rng(1)
    k = max(2, len(task.classes))
    table = random.dirichlet(np.ones(k), 64)
    pairs = Pairs(
        predicted=table.argmax(axis=1).astype(float),
        actual=random.integers(0, k, 64).astype(float),
        probabilities=table[:, : len(task.classes)],
    )
    everything = figures_of(pairs, task)
    for name, one in everything.items():
        assert figures_named(pairs, task, [name, "no such figure"]) == {name: one}
