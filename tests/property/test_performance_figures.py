"""Every figure is what scikit-learn says of the same pairs; what scikit-learn cannot say is undefined, never a number."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import calibration, metrics  # type: ignore[import-untyped]  # comes without types

from stream_monitor.core.performance.figure import Figure
from stream_monitor.core.performance.figures import figures_of
from stream_monitor.core.performance.probabilistic import calibration_bins, confidences
from stream_monitor.core.performance.task import Task, TaskKind
from tests.property.performance_pairs import Sample, classified, numbers

REGRESSION = Task(kind=TaskKind.REGRESSION)
SKLEARN = {
    "precision": metrics.precision_score,
    "recall": metrics.recall_score,
    "f1": metrics.f1_score,
}
VALUES = st.lists(
    st.tuples(st.floats(-1e6, 1e6, width=32), st.floats(-1e6, 1e6, width=32)), min_size=1, max_size=150
)


def close(value: float) -> object:
    return pytest.approx(value, rel=1e-9, abs=1e-12)


@given(classified(classes=st.integers(2, 5)))
def test_counted_figures_are_those_of_scikit_learn(sample: Sample) -> None:
    figures = figures_of(sample.pairs, sample.task)
    assert figures["accuracy"].value == metrics.accuracy_score(sample.actual, sample.predicted)
    for name, score in SKLEARN.items():
        by_class = score(
            sample.actual,
            sample.predicted,
            labels=list(sample.task.classes),
            average=None,
            zero_division=np.nan,
        )
        for expected, label in zip(by_class, sample.task.classes, strict=True):
            value = figures[f"{name}:{label}"].value
            assert (value is None) == bool(np.isnan(expected))
            assert value is None or value == close(expected)
        for average in ("macro", "weighted"):
            expected = score(sample.actual, sample.predicted, average=average, zero_division=0)
            assert figures[f"{name}_{average}"].value == close(expected)


@given(classified(classes=st.just(2)))
def test_the_plain_names_are_of_the_positive_class(sample: Sample) -> None:
    figures = figures_of(sample.pairs, sample.task)
    for name, score in SKLEARN.items():
        if (value := figures[name].value) is not None:
            assert value == close(score(sample.actual, sample.predicted, pos_label=sample.task.positive))


@given(classified(classes=st.just(2)))
def test_ranks_of_two_classes_are_those_of_scikit_learn(sample: Sample) -> None:
    figures = figures_of(sample.pairs, sample.task)
    positive = np.array(sample.actual) == sample.task.positive
    if positive.all() or not positive.any():
        assert figures["roc_auc"].value is figures["pr_auc"].value is None
        assert figures["roc_auc"].reason == "labels of one class only"
        return
    scores = sample.probabilities[:, 1]
    assert figures["roc_auc"].value == close(metrics.roc_auc_score(positive, scores))
    assert figures["pr_auc"].value == close(metrics.average_precision_score(positive, scores))


@given(classified(classes=st.integers(3, 5), least=5))
def test_ranks_of_many_classes_are_those_of_one_against_the_rest(sample: Sample) -> None:
    figures = figures_of(sample.pairs, sample.task)
    areas, precisions = [], []
    for at, name in enumerate(sample.task.classes):
        positive = np.array(sample.actual) == name
        if positive.all() or not positive.any():
            assert figures[f"roc_auc:{name}"].value is None
            continue
        areas.append(metrics.roc_auc_score(positive, sample.probabilities[:, at]))
        precisions.append(metrics.average_precision_score(positive, sample.probabilities[:, at]))
        assert figures[f"roc_auc:{name}"].value == close(areas[-1])
        assert figures[f"pr_auc:{name}"].value == close(precisions[-1])
    if len(areas) == len(sample.task.classes):
        macro = metrics.roc_auc_score(
            sample.actual, sample.pairs.probabilities, multi_class="ovr", labels=list(sample.task.classes)
        )
        assert figures["roc_auc_macro"].value == close(macro)
        assert figures["pr_auc_macro"].value == close(float(np.mean(precisions)))


@given(classified(classes=st.integers(2, 5)))
def test_losses_are_those_of_scikit_learn(sample: Sample) -> None:
    figures = figures_of(sample.pairs, sample.task)
    labels = list(sample.task.classes)
    table = sample.pairs.probabilities
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a renamed argument of scikit-learn
        assert figures["log_loss"].value == close(metrics.log_loss(sample.actual, table, labels=labels))
        given_ = table[:, 1] if len(labels) == 2 else table
        extra = {"pos_label": sample.task.positive} if len(labels) == 2 else {}
        if len(labels) > 2 or len(set(sample.actual)) == 2:
            expected = metrics.brier_score_loss(sample.actual, given_, labels=labels, **extra)
            assert figures["brier"].value == close(expected)


@given(classified(classes=st.integers(2, 5)))
def test_calibration_bins_are_those_of_scikit_learn(sample: Sample) -> None:
    probabilities, happened = confidences(sample.pairs, sample.task)
    observed, expected = calibration.calibration_curve(
        np.append(happened, [True, False]), np.append(probabilities, [1.0, 0.0]), n_bins=10
    )  # one pair each way, so that scikit-learn sees two classes
    bins = calibration_bins(np.append(probabilities, [1.0, 0.0]), np.append(happened, [True, False]))
    filled = [one for one in bins if one.n]
    assert [one.observed for one in filled] == close(observed.tolist())
    assert [one.expected for one in filled] == close(expected.tolist())
    error = figures_of(sample.pairs, sample.task)["calibration_error"]
    sound = [one for one in calibration_bins(probabilities, happened) if one.n]
    gaps = [
        abs(one.observed - one.expected) * one.n
        for one in sound
        if one.observed is not None and one.expected is not None
    ]
    assert error.value == close(sum(gaps) / len(happened))


@given(VALUES)
def test_figures_of_numbers_are_those_of_scikit_learn(values: list[tuple[float, float]]) -> None:
    predicted, actual = np.array(values).T
    figures = figures_of(numbers(predicted, actual), REGRESSION)
    assert figures["mae"].value == close(metrics.mean_absolute_error(actual, predicted))
    assert figures["rmse"].value == close(metrics.root_mean_squared_error(actual, predicted))
    assert figures["bias"].value == pytest.approx(float((predicted - actual).mean()), rel=1e-9, abs=1e-9)
    if (actual == 0).any():
        assert figures["mape"].value is None
    elif np.abs(actual).min() > 1e-12:
        expected = metrics.mean_absolute_percentage_error(actual, predicted)
        assert figures["mape"].value == close(expected)
    if len(values) > 1 and actual.std() > 1e-3:
        assert figures["r2"].value == pytest.approx(metrics.r2_score(actual, predicted), rel=1e-6, abs=1e-9)


@given(classified(classes=st.integers(2, 5)))
def test_every_figure_of_classes_is_sound(sample: Sample) -> None:
    assert_sound(figures_of(sample.pairs, sample.task))


@given(VALUES)
def test_every_figure_of_numbers_is_sound(values: list[tuple[float, float]]) -> None:
    predicted, actual = np.array(values).T
    assert_sound(figures_of(numbers(predicted, actual), REGRESSION))


def assert_sound(figures: dict[str, Figure]) -> None:
    """No NaN anywhere; the value inside its interval; a reason for what is missing."""
    for name, one in figures.items():
        one.check()
        numbers_ = [x for x in (one.value, one.low, one.high) if x is not None]
        assert all(type(x) is float and math.isfinite(x) for x in numbers_), name
        assert (len(numbers_) == 3) == (one.reason is None), name
