"""From rows to drift events about fairness, and what the status says of segments and groups."""

from dataclasses import replace
from functools import cache

import pytest

from stream_monitor.core.columnise import columnise
from stream_monitor.core.drift_event import Claim, Direction, DriftEvent
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.model_monitor import ModelMonitor
from stream_monitor.core.order import Order
from stream_monitor.core.parameters import Budget, BudgetUnit, ModelParameters
from stream_monitor.core.partition_monitor import ModelTask
from stream_monitor.core.report import status_of
from stream_monitor.core.segments.parameters import FairnessParameters, SegmentParameters, Slicing
from stream_monitor.core.segments.treatment import Treatment
from stream_monitor.detectors import registry
from tests.property.rows import SOURCES
from tests.property.segmented import segmented_rows

FAIRNESS = FairnessParameters(feature="member", favourable="yes", window=512)
PARAMETERS = ModelParameters(
    name="loans",
    budget=Budget(alarms=1, span=10, unit=BudgetUnit.EVENTS),
    segments=SegmentParameters(slicings=(Slicing(feature="country", most=2),), fairness=FAIRNESS),
)


@cache
def observed() -> tuple[ModelMonitor, tuple[DriftEvent, ...]]:
    monitor = ModelMonitor(PARAMETERS, registry.installed())
    rows = segmented_rows(0, 2_000, bad=0.1)
    return monitor, monitor.observe(columnise("loans", rows, SOURCES[:1])).drift_events


def test_groups_that_are_treated_differently_open_an_alert_through_the_token_bucket() -> None:
    monitor, events = observed()
    event = next(
        one for one in events if one.series == "demographic_parity_difference" and one.version == "1"
    )
    (said,) = event.evidence
    assert (said.detector, said.claim, said.bounded, said.direction) == (
        "fairness", Claim.DIFFERS, False, Direction.UP,
    )  # fmt: skip
    assert said.statistic > said.threshold == 0.1
    assert (said.parameters["lowest"], said.parameters["highest"]) == ("member=false", "member=true")
    assert event.reference.mean is not None
    assert event.current.mean is not None
    assert event.reference.mean - event.current.mean == pytest.approx(said.parameters["figure"])
    assert " yes for " in event.summary
    assert "where member=false" in event.summary
    assert "accepted 0.1" in event.summary
    assert monitor.alerts.credit.spent_at is not None


def test_the_status_has_segments_and_groups() -> None:
    monitor, _ = observed()
    status = status_of(ModelTask(order=Order(lateness_ms=0, cap_rows=0, topics=None), monitor=monitor))
    assert {one.segment for one in status.segments} == {"country=FR", "country=IT", "country=(other)"}
    assert sum(status.segment_predictions.values()) >= 1_500
    first = next(one for one in status.segments if one.version == "1" and one.segment == "country=IT")
    accuracy = first.figures["accuracy"]
    assert accuracy.value == pytest.approx(
        0.84, abs=0.06
    )  # 0.9 of its own cases, a half of those of its rival
    of_one = next(one for one in status.fairness if one.version == "1")
    assert of_one.cases.keys() == {"member=false", "member=true"}
    assert sum(of_one.cases.values()) == FAIRNESS.window
    assert of_one.figures["disparate_impact"].beyond
    assert of_one.figures["disparate_impact"].lowest == "member=false"


def test_tolerances_may_change_and_what_was_counted_stays() -> None:
    monitor, _ = observed()
    plain = monitor.treatment.dump()
    strict = replace(FAIRNESS, tolerances={**FAIRNESS.tolerances, "disparate_impact": 0.1})
    assert Treatment.load(strict, plain).versions.keys() == monitor.treatment.versions.keys()
    assert Treatment.load(replace(FAIRNESS, favourable="no"), plain).versions == {}
    assert Treatment.load(None, plain).versions == {}
    with pytest.raises(CorruptState):
        Treatment.load(FAIRNESS, {"digest": plain["digest"], "versions": [[1, None]]})
