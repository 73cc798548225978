from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from stream_monitor.core.attribution import Inputs
from stream_monitor.core.drift_event import DriftEvent, Positions, Resolution, Severity, Status
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.parameters import BudgetUnit, ModelParameters, RetrainPolicy, Span
from stream_monitor.core.retrain_request import RetrainRequest
from stream_monitor.core.retraining import Retraining
from tests.unit.core.findings import EFFECT_SIZES, T0, distribution
from tests.unit.formats.core_values import OPENED

EVENTS, TIME = BudgetUnit.EVENTS, BudgetUnit.MILLISECONDS


def policy(
    *on: str,
    after: int = 50,
    apart: int = 1_000,
    rows: int = 1,
    unit: BudgetUnit = EVENTS,
    severity: str = "warning",
) -> RetrainPolicy:
    return RetrainPolicy(
        on=on or ("error",),
        severity=Severity(severity),
        after=Span(length=after, unit=unit),
        apart=Span(length=apart, unit=unit),
        rows=rows,
    )


def retraining(chosen: RetrainPolicy | None) -> Retraining:
    parameters = ModelParameters(name="fraud", group="g", labels={"team": "a"}, retrain=chosen)
    return Retraining(parameters, Inputs(series={}, importance={}))


def drift(
    row: int,
    series: str = "error",
    *,
    status: Status = Status.OPENED,
    version: str | None = "7",
    change_row: int = 20,
    severity: Severity = Severity.WARNING,
) -> DriftEvent:
    return replace(
        OPENED,
        alert_id=f"{series}/{version}",
        status=status,
        series=series,
        version=version,
        severity=severity,
        row=row,
        time=T0 + 10 * row,
        change_point_row=change_row,
        change_point=T0 + 10 * change_row,
        resolution=Resolution.RECOVERED if status is Status.RESOLVED else None,
        effect_sizes=EFFECT_SIZES,
        reference=distribution(),
        current=distribution(),
        positions=(Positions(topic="in", partition=0, first_offset=change_row, last_offset=row),),
        summary=f"{series} drifts",
    )


def where(change_row: int, row: int) -> tuple[Positions, ...]:
    """As of a log that has forgotten what is long ago."""
    return (Positions(topic="in", partition=0, first_offset=max(change_row, row - 100), last_offset=row),)


def decide(book: Retraining, *events: DriftEvent, rows: range = range(1_000)) -> list[RetrainRequest]:
    ordinals = np.array(rows, np.int64)
    return book.decide(events, ordinals, T0 + 10 * ordinals, where)


def rows_of(requests: Sequence[RetrainRequest]) -> list[int]:
    return [request.row for request in requests]


def test_a_request_says_what_led_to_it_and_where_the_data_is() -> None:
    (request,) = decide(retraining(policy(after=50)), drift(100))
    assert (request.row, request.time, request.number) == (150, T0 + 1_500, 0)
    assert (request.model, request.version, request.labels) == ("fraud", "7", {"team": "a"})
    assert (request.change_point_row, request.change_point, request.rows) == (20, T0 + 200, 131)
    assert request.ongoing
    assert request.positions == (Positions(topic="in", partition=0, first_offset=20, last_offset=150),)
    (evidence,) = request.evidence
    assert (evidence.alert_id, evidence.series, evidence.summary) == ("error/7", "error", "error drifts")
    assert evidence.opened_at == T0 + 1_000
    assert request.summary == "fraud version 7 should be trained anew: error has drifted for 131 rows"


@pytest.mark.parametrize(
    ("chosen", "row"),
    [
        (policy(after=50), 150),
        (policy(after=500, apart=10**6, unit=TIME), 150),
        (policy(after=1, apart=10**6, unit=TIME), 101),
        (policy(after=50, rows=400), 420),
        (policy(after=500, rows=400), 600),
    ],
)
def test_open_for_long_enough_with_rows_enough_to_train_on(chosen: RetrainPolicy, row: int) -> None:
    assert rows_of(decide(retraining(chosen), drift(100))) == [row]


def test_it_is_asked_again_while_the_alert_stays_open_but_not_too_often() -> None:
    requests = decide(retraining(policy(after=50, apart=300)), drift(100))
    assert rows_of(requests) == [150, 450, 750]
    assert [request.number for request in requests] == [0, 1, 2]
    assert len({request.id for request in requests}) == 3


def test_a_drift_that_ended_in_time_asks_for_nothing() -> None:
    ended = drift(149, status=Status.RESOLVED)
    assert decide(retraining(policy(after=50)), drift(100), ended) == []
    assert rows_of(decide(retraining(policy(after=50)), drift(100), replace(ended, row=151))) == [150]


def test_what_the_policy_does_not_name_asks_for_nothing() -> None:
    assert decide(retraining(None), drift(100)) == []
    assert decide(retraining(policy("prediction", "feature:*")), drift(100)) == []
    assert rows_of(decide(retraining(policy("pred*", "feature:*")), drift(100, "feature:amount"))) == [150]


def test_an_update_does_not_start_the_wait_again_and_can_make_it_serious() -> None:
    worse = drift(200, status=Status.UPDATED, severity=Severity.CRITICAL)
    assert rows_of(decide(retraining(policy(after=150)), drift(100), worse)) == [250]
    serious = policy(after=50, severity="critical")
    assert decide(retraining(serious), drift(100)) == []
    assert rows_of(decide(retraining(serious), drift(100), worse)) == [200]


def test_the_worst_and_oldest_alert_leads_and_those_of_other_versions_are_left_out() -> None:
    events = [
        drift(90, "prediction", version="7"),
        drift(100, "error", version="7", severity=Severity.CRITICAL, change_row=60),
        drift(110, "error", version="8"),
        drift(120, "feature:amount", version=None),
    ]
    (request,) = decide(retraining(policy("*", after=50, rows=200)), *events)
    assert (request.version, request.change_point_row) == ("7", 20)  # the first that has rows enough
    assert [one.alert_id for one in request.evidence] == ["prediction/7", "error/7", "feature:amount/None"]
    (request,) = decide(retraining(policy("*", after=200, rows=1)), *events, rows=range(80, 1_000))
    assert request.evidence[0].alert_id == "prediction/7"


@pytest.mark.parametrize("cut", [1, 7, 100, 333])
def test_cuts_and_restarts_do_not_matter(cut: int) -> None:
    events = [drift(100), drift(130, "prediction"), drift(400, status=Status.RESOLVED)]
    chosen = policy("error", "prediction", after=60, apart=120)
    whole = retraining(chosen)
    wanted = decide(whole, *events)
    book, found = retraining(chosen), list[RetrainRequest]()
    latest: dict[str, DriftEvent] = {}
    for begin in range(0, 1_000, cut):
        part = range(begin, min(1_000, begin + cut))
        here = [event for event in events if event.row in part]
        found += decide(book, *here, rows=part)
        for event in here:
            latest.pop(event.alert_id, None)
            if event.status is not Status.RESOLVED:
                latest[event.alert_id] = event
        plain = book.dump()
        book = retraining(chosen)
        book.load(plain, latest.values())
        assert book.dump() == plain
    assert rows_of(wanted) == [160, 280, 400, 520, 640, 760, 880]
    assert [replace(one, positions=()) for one in found] == [replace(one, positions=()) for one in wanted]
    assert book.dump() == whole.dump()


def test_a_policy_that_is_new_counts_from_the_latest_event_of_an_open_alert() -> None:
    before = retraining(None)
    decide(before, drift(100))
    after = retraining(policy(after=50))
    after.load(before.dump(), [drift(300, status=Status.UPDATED)])
    assert rows_of(decide(after, rows=range(301, 1_000))) == [350]


@pytest.mark.parametrize("broken", [{}, {"opened": {"a": [1]}, "last": None, "requested": 0}, 7])
def test_nonsense_is_said_to_be_corrupt(broken: object) -> None:
    with pytest.raises(CorruptState):
        retraining(policy()).load(broken, [])  # type: ignore[arg-type]  # on purpose
