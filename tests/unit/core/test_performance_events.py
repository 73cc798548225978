"""A change that does no harm, and a model that gets worse: what drift events say of performance, from rows to events."""

from dataclasses import replace
from functools import cache
from itertools import pairwise

import pytest

from stream_monitor.core import versions
from stream_monitor.core.drift_event import Claim, DriftEvent, Status
from stream_monitor.core.model_monitor import ModelMonitor
from stream_monitor.core.parameters import Budget, BudgetUnit, ModelParameters, OutcomeParameters
from stream_monitor.core.performance.errors import ERROR
from stream_monitor.core.performance.gate import Gate
from stream_monitor.core.performance.note import Basis, Span, Verdict
from stream_monitor.core.performance.version import PerformanceParameters
from stream_monitor.detectors import registry
from tests.unit.core.scored import EVERY_MS, T0, observe, scored_rows

GENEROUS = Budget(alarms=1, span=100, unit=BudgetUnit.EVENTS)
CHANGE = 5_000  # predictions; about twice as many rows


def parameters(*, gate: Gate | None = None) -> ModelParameters:
    performance = PerformanceParameters(gate=Gate() if gate is None else gate)
    return ModelParameters(name="m", budget=GENEROUS, outcomes=OutcomeParameters(performance=performance))


@cache
def events_of(
    *, concept: int | None = None, inputs: int | None = None, delay: int = 1
) -> tuple[DriftEvent, ...]:
    monitor = ModelMonitor(parameters(), registry.installed())
    rows = scored_rows(8_000, concept=concept, inputs=inputs, delay_ms=delay * EVERY_MS // 2)
    return tuple(observe(monitor, rows))


def after_change(series: str, events: tuple[DriftEvent, ...]) -> list[DriftEvent]:
    return [event for event in events if event.series == series and event.time >= T0 + EVERY_MS * CHANGE]


def test_a_harmless_change_of_an_input_says_that_performance_is_unchanged() -> None:
    events = events_of(inputs=CHANGE)
    drifted = after_change("feature:amount", events)
    assert drifted[0].status is Status.OPENED
    notes = [event.performance for event in drifted]
    verdicts = {note.verdict for note in notes if note is not None}
    assert Verdict.UNCHANGED in verdicts
    assert Verdict.WORSE not in verdicts
    assert any("performance is unchanged" in event.summary for event in drifted)
    assert not [event for event in events if event.series.startswith("performance:")]


def test_a_model_that_gets_worse_is_told_with_figures_change_point_and_positions() -> None:
    fallen = after_change("performance:f1", events_of(concept=CHANGE))
    first = fallen[0]
    assert (first.status, first.claim, first.version) == (Status.OPENED, Claim.DIFFERS, "1")
    assert abs(first.change_point_row - 2 * CHANGE) < 500
    assert {one.topic for one in first.positions} == {"events", "labels"}
    assert first.performance is not None
    assert [one.span for one in first.performance.figures] == [Span.WINDOW, Span.SINCE_CHANGE]
    assert first.summary.startswith("F1 of m version 1 fell from 0.8")
    told = [event.performance.figures[0].value for event in fallen if event.performance is not None]
    assert all(after < before for before, after in pairwise(told))


def test_the_rise_of_errors_names_the_figure_since_then() -> None:
    (error, *_) = after_change("error", events_of(concept=CHANGE))
    assert error.performance is not None
    assert (error.performance.verdict, error.performance.basis) == (Verdict.WORSE, Basis.LABELS)
    assert "performance is worse: F1" in error.summary


def test_before_labels_come_the_estimate_speaks() -> None:
    drifted = after_change("feature:amount", events_of(inputs=CHANGE, delay=2_000))
    told = [(event.status, event.performance.basis) for event in drifted if event.performance is not None]
    assert (Status.OPENED, Basis.ESTIMATE) in told


def test_without_labels_nothing_is_said() -> None:
    monitor = ModelMonitor(parameters(), registry.installed())
    events = observe(monitor, scored_rows(3_000, inputs=1_500, labelled=0.0))
    assert events
    assert {event.performance for event in events} == {None}


@pytest.mark.parametrize("minimum", [0.0, 0.99])
def test_while_labels_cover_too_little_no_fall_is_told(minimum: float) -> None:
    monitor = ModelMonitor(parameters(gate=Gate(minimum_coverage=minimum)), registry.installed())
    events = observe(monitor, scored_rows(6_000, concept=2_500, labelled=0.7))
    assert any(event.series.startswith("performance:") for event in events) is (minimum == 0.0)


def test_a_version_that_retires_takes_its_alert_along() -> None:
    monitor = ModelMonitor(parameters(gate=Gate(minimum_coverage=0.0)), registry.installed())
    observe(monitor, scored_rows(4_000, concept=1_500))
    assert any(key.name.startswith("performance:") for key in monitor.alerts.open)
    observe(monitor, scored_rows(8_000, seed=2, version="2"))
    assert not [key for key in monitor.alerts.open if key.version == "1"]
    assert set(monitor.outcomes.versions) == {"2"}


def test_a_replaced_version_stays_as_long_as_labels_of_its_predictions_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(versions, "RETIRED_ROWS", 3_000)
    expecting = replace(parameters(), outcomes=OutcomeParameters(expected=True))
    monitor = ModelMonitor(expecting, registry.installed())
    old = scored_rows(1_000, delay_ms=2_000 * EVERY_MS)
    new = [
        one._replace(row=one.row._replace(id=f"n-{at}", time=one.row.time + 1_000 * EVERY_MS))
        for at, one in enumerate(scored_rows(9_000, version="2", labelled=0.0))
    ]
    rows = sorted([*old, *new], key=lambda one: one.row.time)
    observe(monitor, rows[:5_000])
    assert {key.version for key in monitor.series if key.name == ERROR} == {"1"}
    observe(monitor, rows[5_000:])
    assert "1" not in monitor.outcomes.versions
    assert {key.version for key in monitor.series if key.version is not None} == {"2"}
