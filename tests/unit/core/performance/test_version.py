"""One version from its first pair to a report: what is fixed when, and what is said until then."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from stream_monitor.core.batch import Column
from stream_monitor.core.columnise import column_of
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.performance.columns import Places
from stream_monitor.core.performance.expected import Origin
from stream_monitor.core.performance.gate import Gate
from stream_monitor.core.performance.task import TaskKind
from stream_monitor.core.performance.version import (
    STEP,
    Errors,
    PerformanceParameters,
    VersionPerformance,
)

OPEN = PerformanceParameters(gate=Gate(minimum_pairs=1, minimum_coverage=0.0))


def columns_of(n: int, *, seed: int = 1, wrong: float = 0.1) -> dict[str, Column]:
    """Pairs of fraud and legit, of which the model gets a share wrong beyond what its probabilities say."""
    random = np.random.default_rng(seed)
    p = random.random(n)
    actual = (random.random(n) < p) != (random.random(n) < wrong)
    return {
        "prediction": column_of(["fraud" if one > 0.5 else "legit" for one in p]),
        "probability:fraud": column_of(p.tolist()),
        "label": column_of(["fraud" if one else "legit" for one in actual]),
    }


def learn(version: VersionPerformance, columns: dict[str, Column], first_row: int = 0) -> Errors:
    n = len(columns["label"].codes)
    rows = np.arange(first_row, first_row + n)
    return version.learn(columns, Places(np.arange(n), rows, rows * 10))


def see(version: VersionPerformance, columns: dict[str, Column], first_row: int) -> None:
    n = len(columns["label"].codes)
    rows = np.arange(first_row, first_row + n)
    version.see(columns, np.arange(n), rows, rows * 10)


def test_errors_wait_for_the_task_and_then_come_all_at_once() -> None:
    version = VersionPerformance(OPEN)
    assert len(learn(version, columns_of(STEP - 1)).rows) == 0
    errors = learn(version, columns_of(3, seed=2), STEP - 1)
    # nobody could know of the errors before the row that told the task; those after it keep their own
    told = STEP - 1
    assert errors.rows.tolist() == [told] * STEP + [STEP, STEP + 1]
    assert errors.times.tolist() == [10 * row for row in errors.rows]
    assert set(errors.series) == {"error", "log_loss", "brier"}
    assert version.window is not None
    assert version.window.task.classes == ("fraud", "legit")


def test_until_the_task_is_told_a_report_says_so() -> None:
    version = VersionPerformance(OPEN)
    same: dict[str, Column] = {"prediction": column_of(["a"] * 300), "label": column_of(["a"] * 300)}
    learn(version, same)
    report = version.report(coverage=None)
    assert (report.task, report.pairs, report.figures) == (None, 300, {})
    assert report.reason == "one class only so far: what is predicted cannot be told"


def test_a_model_that_shows_one_class_only_is_forgotten_and_counted() -> None:
    version = VersionPerformance(OPEN)
    learn(version, {"prediction": column_of(["a"] * 2_100), "label": column_of(["a"] * 2_100)})
    assert version.report(coverage=None).left_out == 2_048
    assert version.report(coverage=None).pairs == 52


def test_a_configured_regression_does_not_wait() -> None:
    version = VersionPerformance(PerformanceParameters(kind=TaskKind.REGRESSION))
    errors = learn(version, {"prediction": column_of([1.0, 2.0, "x"]), "label": column_of([1.5, 1.0, 3.0])})
    assert errors.rows.tolist() == [0, 1]
    assert errors.series["error"].tolist() == [0.5, 1.0]


def test_figures_wait_at_the_gate() -> None:
    version = VersionPerformance(PerformanceParameters(gate=Gate(minimum_pairs=512, minimum_coverage=0.5)))
    learn(version, columns_of(300))
    report = version.report(coverage=0.9)
    assert report.reason == "288 of the 512 labelled predictions that a figure needs"
    assert (report.figures, report.drops, report.bins) == ({}, {}, ())
    learn(version, columns_of(300, seed=2), 300)
    assert version.report(coverage=0.4).reason is not None
    assert version.report(coverage=0.6).reason is None
    assert version.report(coverage=0.6).figures["accuracy"].n == 576


def test_the_first_labelled_window_is_what_is_expected() -> None:
    version = VersionPerformance(OPEN)
    learn(version, columns_of(1_023))
    assert version.report(coverage=None).expected is None
    learn(version, columns_of(1, seed=2), 1_023)
    expected = version.report(coverage=None).expected
    assert expected is not None
    assert expected.origin is Origin.FIRST_WINDOW
    assert expected.figures["accuracy"].n == 1_024
    learn(version, columns_of(2_048, seed=3, wrong=0.4), 1_024)
    drop = version.report(coverage=None).drops["accuracy"]
    assert drop.beyond(0.05)
    assert version.expected == expected


def test_given_figures_are_what_is_expected_from_the_start() -> None:
    version = VersionPerformance(
        PerformanceParameters(expected={"accuracy": 0.99}, gate=Gate(minimum_pairs=1, minimum_coverage=0.0))
    )
    learn(version, columns_of(2_048))
    report = version.report(coverage=None)
    assert report.expected is not None
    assert report.expected.origin is Origin.GIVEN
    assert set(report.drops) == {"accuracy"}
    assert report.drops["accuracy"].beyond(0.05)


def test_predictions_without_labels_are_estimated_behind_any_gate() -> None:
    version = VersionPerformance(PerformanceParameters(gate=Gate(minimum_pairs=2_048)))
    learn(version, columns_of(512, wrong=0.0))
    see(version, columns_of(1_000, seed=2), 512)
    report = version.report(coverage=0.1)
    assert report.figures == {}
    assert report.estimate is not None
    assert report.estimate.figures["accuracy"].n == 992
    assert report.estimate.figures["accuracy"].value == pytest.approx(0.75, abs=0.06)


def test_predictions_from_before_the_task_was_told_are_not_looked_at() -> None:
    version = VersionPerformance(OPEN)
    learn(version, columns_of(STEP))
    see(version, columns_of(300), STEP - 100)
    assert version.estimator is not None
    assert version.estimator.seen == 200


@pytest.mark.parametrize("cuts", [[1], [255, 256, 257], list(range(100, 1_600, 97))])
def test_cuts_and_restarts_change_no_bit(cuts: Sequence[int]) -> None:
    columns = columns_of(1_600)
    columns["label"] = column_of(["odd" if at % 190 == 0 else f"c{at % 3}" for at in range(1_600)])
    whole = VersionPerformance(OPEN)
    everything = np.arange(1_600)
    errors = whole.learn(columns, Places(everything, everything, everything))
    whole.see(columns, everything, everything, everything)
    other, found = VersionPerformance(OPEN), []
    for first, end in zip([0, *cuts], [*cuts, 1_600], strict=True):
        at = np.arange(first, end)
        found.append(other.learn(columns, Places(at, at, at)))
        other.see(columns, at, at, at)
        other = VersionPerformance.load(other.dump(), OPEN)
    assert other.dump() == whole.dump()
    assert np.concatenate([part.rows for part in found]).tolist() == errors.rows.tolist()
    for name, series in errors.series.items():
        parts = [part.series[name] for part in found if len(part.rows)]
        assert np.array_equal(np.concatenate(parts), series, equal_nan=True)


@pytest.mark.parametrize(("window", "reference"), [(2_048, 100), (2_048, 0), (512, 768)])
def test_a_reference_is_whole_steps_within_the_window(window: int, reference: int) -> None:
    with pytest.raises(ValueError, match="a reference of"):
        PerformanceParameters(window=window, reference=reference)


def changed(**fields: Any) -> dict[str, Any]:
    version = VersionPerformance(OPEN)
    learn(version, columns_of(300))
    return {**version.dump(), **fields}


@pytest.mark.parametrize(
    "plain",
    [
        None,
        {},
        changed(window=None),
        changed(estimator=None),
        changed(window={}),
        changed(estimator={}),
        changed(expected={}),
        changed(undecided={}),
        changed(told="0"),
    ],
)
def test_nonsense_is_corrupt(plain: Any) -> None:
    with pytest.raises(CorruptState):
        VersionPerformance.load(plain, OPEN)


def test_a_window_of_another_length_is_corrupt() -> None:
    with pytest.raises(CorruptState, match="parameters in the configuration have changed"):
        VersionPerformance.load(changed(), PerformanceParameters(window=1_024))


@pytest.mark.parametrize(
    "parameters",
    [
        PerformanceParameters(kind=TaskKind.MULTICLASS),
        PerformanceParameters(kind=TaskKind.REGRESSION),
        PerformanceParameters(kind=TaskKind.BINARY, positive="never seen"),
    ],
)
def test_another_task_than_before_begins_afresh(parameters: PerformanceParameters) -> None:
    with pytest.raises(CorruptState, match="parameters in the configuration have changed"):
        VersionPerformance.load(changed(), parameters)


def test_what_is_promised_now_counts_from_now_on() -> None:
    version = VersionPerformance(PerformanceParameters(expected={"accuracy": 0.9}))
    learn(version, columns_of(300))
    found = VersionPerformance.load(
        version.dump(), PerformanceParameters(expected={"accuracy": 0.5})
    ).expected
    assert found is not None
    assert found.figures["accuracy"].value == 0.5


def test_what_is_no_longer_promised_is_told_by_the_labels_at_hand() -> None:
    version = VersionPerformance(PerformanceParameters(expected={"accuracy": 0.9}))
    learn(version, columns_of(1_100))
    found = VersionPerformance.load(version.dump(), OPEN)
    origins = [found.expected and found.expected.origin]
    learn(found, columns_of(200))
    origins.append(found.expected and found.expected.origin)
    assert origins == [None, Origin.FIRST_WINDOW]


def test_a_configured_regression_without_its_window_is_corrupt() -> None:
    with pytest.raises(CorruptState, match="the task is not what it was"):
        VersionPerformance.load(
            VersionPerformance(OPEN).dump(), PerformanceParameters(kind=TaskKind.REGRESSION)
        )


@pytest.mark.parametrize("tolerance", [-0.01, float("nan"), float("inf")])
def test_a_tolerance_is_a_size(tolerance: float) -> None:
    with pytest.raises(ValueError, match="no size of a drop"):
        PerformanceParameters(tolerance=tolerance)
