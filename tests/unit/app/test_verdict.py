"""Which drift events meet which expectations."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from stream_monitor.app.verdict import Verdict, direction_of, judge
from stream_monitor.config.configuration_tests import ConfigurationTest
from stream_monitor.core.drift_event import Direction, DriftEvent, Severity, Status
from tests.unit.formats.core_values import OPENED


def expecting(*expected: Mapping[str, object], unexpected: str = "fail") -> ConfigurationTest:
    return ConfigurationTest.model_validate(
        {
            "name": "a",
            "input": {"file": "a.csv"},
            "expect": [{"series": "feature:x", **one} for one in expected] or "none",
            "unexpected": unexpected,
        }
    )


def happened(
    row: int, series: str = "feature:x", alert: str = "1", status: Status = Status.OPENED
) -> DriftEvent:
    (evidence, *_) = OPENED.evidence
    up = replace(evidence, view="value", effect=1.0, direction=Direction.UP)
    return replace(
        OPENED,
        id=f"{alert}-{row}-{status}",
        alert_id=alert,
        series=series,
        row=row,
        status=status,
        severity=Severity.WARNING,
        evidence=(up,),
    )


def judged(test: ConfigurationTest, *events: DriftEvent) -> Verdict:
    return judge(test, events, lambda series: f"{series} was silent")


@pytest.mark.parametrize("row", [10, 15, 20])
def test_rows_of_the_range_count_both_ends_included(row: int) -> None:
    assert judged(expecting({"between": [10, 20]}), happened(row)).kept


@pytest.mark.parametrize(
    ("expected", "why"),
    [
        ({"between": [16, 20]}, "1 row too early"),
        ({"between": [10, 12]}, "3 rows too late"),
        ({"between": [10, 20], "severity": "critical"}, "warning, not critical"),
        ({"between": [10, 20], "direction": "down"}, "up, not down"),
        ({"between": [10, 20], "status": "resolved"}, "opened, not resolved"),
        ({"between": [10, 12], "severity": "critical"}, "3 rows too late; warning, not critical"),
    ],
)
def test_what_the_nearest_lacks_is_said(expected: dict[str, object], why: str) -> None:
    event = happened(15)
    verdict = judged(expecting(expected), event)
    (unmet,) = verdict.unmet
    assert (unmet.nearest, unmet.why) == (event, why)
    assert verdict.unexpected == (event,)
    assert not verdict.kept


def test_severity_and_direction_are_met() -> None:
    assert judged(
        expecting({"between": [10, 20], "severity": "warning", "direction": "up"}), happened(15)
    ).kept


def test_of_several_the_nearest_is_shown_one_of_the_right_status_first() -> None:
    far, near = happened(40), happened(30, alert="2")
    resolved = happened(21, status=Status.RESOLVED)
    (unmet,) = judged(expecting({"between": [10, 20]}), far, near, resolved).unmet
    assert unmet.nearest == near


def test_of_a_silent_series_is_said_what_is_known() -> None:
    verdict = judged(expecting({"between": [10, 20]}), happened(15, "feature:y"))
    assert [(unmet.nearest, unmet.why) for unmet in verdict.unmet] == [(None, "feature:x was silent")]
    assert [event.series for event in verdict.unexpected] == ["feature:y"]


def test_other_alerts_can_be_ignored() -> None:
    events = happened(15), happened(16, "feature:y", alert="2")
    assert not judged(expecting({"between": [10, 20]}), *events).kept
    assert judged(expecting({"between": [10, 20]}, unexpected="ignore"), *events).kept


def test_nothing_expected_and_nothing_happened() -> None:
    assert judged(expecting()).kept
    assert not judged(expecting(), happened(3)).kept


def test_updates_and_ends_need_not_be_expected() -> None:
    updated, resolved = happened(17, status=Status.UPDATED), happened(19, status=Status.RESOLVED)
    assert judged(expecting({"between": [10, 16]}), happened(15), updated, resolved).kept


def test_the_opening_of_an_alert_whose_end_is_expected_is_expected() -> None:
    end = happened(19, status=Status.RESOLVED)
    assert judged(expecting({"between": [18, 20], "status": "resolved"}), happened(15), end).kept
    assert not judged(
        expecting({"between": [18, 20], "status": "resolved"}), happened(15, alert="2"), end
    ).kept


@pytest.mark.parametrize("narrow_first", [True, False])
def test_each_expectation_takes_an_event_of_its_own_in_any_order(*, narrow_first: bool) -> None:
    wide, narrow = {"between": [0, 100]}, {"between": [0, 50]}
    both = (narrow, wide) if narrow_first else (wide, narrow)
    assert judged(expecting(*both), happened(40), happened(80, alert="2")).kept
    one = judged(expecting(*both), happened(40))
    assert [unmet.why for unmet in one.unmet] == ["it is already expected once"]


def test_a_chain_of_expectations_is_resolved() -> None:
    """Each event fits its own expectation and the one before: only one way of giving them out meets all."""
    expected = [{"between": [0, 10 * (at + 1) + 5]} for at in reversed(range(5))]
    assert judged(expecting(*expected), *(happened(10 * (at + 1), alert=str(at)) for at in range(5))).kept


def test_the_direction_is_that_of_the_values_before_that_of_their_spread() -> None:
    event = happened(1)
    (value,) = event.evidence
    wider = replace(value, view="deviation", effect=3.0, direction=Direction.UP)
    lower = replace(value, effect=-1.0, direction=Direction.DOWN)
    assert direction_of(replace(event, evidence=(wider, lower))) is Direction.DOWN
    assert direction_of(replace(event, evidence=(wider,))) is Direction.UP
