"""What the status of a model says of its labels and the performance of its versions."""

from collections.abc import Mapping

import pytest

from stream_monitor.core.events import Role
from stream_monitor.core.join.parameters import JoinParameters
from stream_monitor.core.model_monitor import ModelMonitor
from stream_monitor.core.outcome_report import label_status, performance_status
from stream_monitor.core.outcomes import Outcomes
from stream_monitor.core.parameters import ModelParameters, OutcomeParameters
from stream_monitor.core.performance.expected import Origin
from stream_monitor.core.performance.task import TaskKind
from stream_monitor.core.performance.version import PerformanceParameters
from stream_monitor.core.status import EstimateStatus
from stream_monitor.detectors import registry
from tests.unit.core.scored import EVERY_MS, T0, observe, scored_rows


def outcomes_of(n: int, *, labelled: float = 1.0, parameters: OutcomeParameters | None = None) -> Outcomes:
    outcomes = OutcomeParameters() if parameters is None else parameters
    monitor = ModelMonitor(ModelParameters(name="m", outcomes=outcomes), registry.installed())
    observe(monitor, scored_rows(n, labelled=labelled))
    return monitor.outcomes


def test_a_model_without_labels_says_nothing() -> None:
    outcomes = outcomes_of(300, labelled=0.0)
    assert label_status(outcomes) is None
    assert performance_status(outcomes) == ()


def test_labels_that_are_expected_are_reported_before_the_first_came() -> None:
    status = label_status(outcomes_of(300, labelled=0.0, parameters=OutcomeParameters(expected=True)))
    assert status is not None
    assert (status.pending, status.coverage, status.outcomes["joined"], status.delays) == (300, 0.0, 0, {})


def test_what_became_of_predictions_and_labels_is_told_with_delays_and_coverage() -> None:
    known = OutcomeParameters(expected=True)
    status = label_status(outcomes_of(3_000, labelled=0.75, parameters=known))
    assert status is not None
    assert status.outcomes["joined"] + status.pending == 3_000
    assert status.coverage is not None
    assert abs(status.coverage - 0.75) < 0.05
    assert 5_000 <= status.delays["0.5"] <= 5_000 * 1.19
    assert status.due_after >= status.delays["0.5"]


def test_figures_stand_beside_what_was_expected() -> None:
    (status,) = performance_status(outcomes_of(3_000))
    assert (status.version, status.task, status.positive) == ("1", TaskKind.BINARY, "yes")
    assert (status.withheld, status.origin, status.pairs) == (None, Origin.FIRST_WINDOW, 2_048)
    accuracy = status.figures["accuracy"]
    assert accuracy.value is not None
    assert accuracy.expected is not None
    assert accuracy.drop is not None
    assert abs(accuracy.expected - accuracy.value - accuracy.drop) < 1e-4
    assert accuracy.low is not None
    assert accuracy.high is not None
    assert accuracy.low < accuracy.value < accuracy.high
    assert "f1:yes" in status.figures
    assert sum(one.n for one in status.calibration) == 2_048
    assert status.estimate is not None
    estimated = status.estimate.figures["accuracy"]
    assert estimated.expected == accuracy.expected
    assert len(status.estimate.assumptions) == 3


def test_figures_that_are_held_back_say_why() -> None:
    (status,) = performance_status(outcomes_of(3_000, labelled=0.25))
    assert status.figures == {}
    assert status.withheld is not None
    assert "of the predictions that are due" in status.withheld


def test_numbers_have_five_digits() -> None:
    given = PerformanceParameters(expected={"accuracy": 0.123456789})
    (status,) = performance_status(outcomes_of(3_000, parameters=OutcomeParameters(performance=given)))
    assert status.figures["accuracy"].expected == 0.12346
    assert status.figures["f1"].expected is None


def test_while_few_predictions_are_due_coverage_is_that_of_all() -> None:
    # a span of the coverage is longer than the stream
    wait = OutcomeParameters(expected=True, join=JoinParameters(wait_ms=10**12))
    coverage = outcomes_of(1_000, labelled=0.5, parameters=wait).coverage()
    assert coverage.predictions == 1_000
    assert 0.4 < (coverage.share or 0.0) < 0.6


def estimated(outcomes: Outcomes) -> EstimateStatus:
    (status,) = performance_status(outcomes)
    assert status.estimate is not None
    return status.estimate


def test_estimates_are_held_against_what_labels_told_later() -> None:
    estimate = estimated(outcomes_of(8_000, labelled=0.9))
    assert (estimate.trials >= 8, estimate.unlabelled, estimate.unreliable) == (True, 0, None)
    score = estimate.scores["accuracy"]
    assert score.trials == estimate.trials
    assert score.inside > 0.75
    assert score.mean_absolute_error < 0.03
    assert not score.unreliable


def test_an_estimate_that_proved_wrong_says_so() -> None:
    # labels of a new concept come late: the estimate goes on as if nothing had happened
    monitor = ModelMonitor(ModelParameters(name="m"), registry.installed())
    observe(monitor, scored_rows(16_000, concept=6_000, delay_ms=2_000 * EVERY_MS))
    estimate = estimated(monitor.outcomes)
    assert estimate.scores["accuracy"].unreliable
    assert estimate.unreliable is not None
    assert estimate.unreliable.startswith("estimates proved wrong once labels had come: accuracy (")
    assert "too high on average" in estimate.unreliable
    row = monitor.rows - 1
    since = monitor.outcomes.versions["1"].as_of(row - 500, row, by_label=False)
    assert since is not None
    assert "accuracy" in since.unreliable


def test_trials_whose_labels_never_come_are_counted() -> None:
    rows = scored_rows(8_000)
    few = [one for one in rows if one.row.roles != int(Role.LABEL) or one.row.time < T0 + 2_000 * EVERY_MS]
    day = OutcomeParameters(expected=True, join=JoinParameters(wait_ms=1_000 * EVERY_MS))
    monitor = ModelMonitor(ModelParameters(name="m", outcomes=day), registry.installed())
    observe(monitor, few)
    assert estimated(monitor.outcomes).unlabelled > 0


@pytest.mark.parametrize("size", [977, 20_000])
def test_cuts_and_restarts_change_no_score(size: int) -> None:
    rows = scored_rows(7_000, delay_ms=700 * EVERY_MS, labelled=0.8)
    whole, cut = (ModelMonitor(ModelParameters(name="m"), registry.installed()) for _ in range(2))
    observe(whole, rows, size=4_096)
    for first in range(0, len(rows), size):
        observe(cut, rows[first : first + size], size=size)
        outcomes, lost = cut.outcomes, []
        chunks = outcomes.join.all_chunks()
        cut.outcomes = Outcomes.load(
            outcomes.parameters,
            outcomes.dump(),
            chunks,
            lambda *why: lost.append(why),  # noqa: B023 (called before the loop goes on)
        )
        assert not lost
    (version,), (other,) = whole.outcomes.versions.values(), cut.outcomes.versions.values()
    assert version.dump()["trials"] == other.dump()["trials"]
    assert estimated(cut.outcomes).trials > 0


def test_predictions_that_are_probabilities_alone_are_estimated_too() -> None:
    by_class = [
        one._replace(row=one.row._replace(outputs={f"probability:{k}": v for k, v in split(one.row.outputs)}))
        if "probability" in one.row.outputs
        else one
        for one in scored_rows(6_000)
    ]
    monitor = ModelMonitor(ModelParameters(name="m"), registry.installed())
    observe(monitor, by_class)
    estimate = estimated(monitor.outcomes)
    assert estimate.figures["accuracy"].n == 2_048
    assert estimate.trials > 0


def split(outputs: Mapping[str, object]) -> list[tuple[str, float]]:
    p = outputs["probability"]
    assert isinstance(p, float)
    return [("yes", p), ("no", 1.0 - p)]
