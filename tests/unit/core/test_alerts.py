from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from stream_monitor.core.alerts import INCIDENT_ROWS, Alerts
from stream_monitor.core.attribution import Inputs
from stream_monitor.core.credit import Credit
from stream_monitor.core.drift_event import DriftEvent, Positions, Resolution, Status
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.parameters import Budget, BudgetUnit, ModelParameters
from stream_monitor.core.performance.note import Basis, PerformanceNote, Verdict
from stream_monitor.core.series import Finding, SeriesKey, Transition
from tests.unit.core.findings import T0, finding

NOTHING = Inputs(series={}, importance={})
ENDED, CHANGED = Transition.ENDED, Transition.CHANGED


def where(change_row: int, row: int) -> tuple[Positions, ...]:
    return (Positions(topic="in", partition=0, first_offset=change_row, last_offset=row),)


def alerts(span: float = 100, name: str = "m") -> Alerts:
    budget = Budget(alarms=1, span=span, unit=BudgetUnit.EVENTS)
    return Alerts(ModelParameters(name=name, group="g", labels={"team": "a"}), Credit(budget), NOTHING)


def decide(book: Alerts, *findings: Finding, rows: range = range(200)) -> list[DriftEvent]:
    ordinals = np.array(rows, np.int64)
    return book.decide(findings, ordinals, T0 + ordinals, where)


def brief(events: Sequence[DriftEvent]) -> list[tuple[str, str, int]]:
    return [(event.series, event.status.value, event.row) for event in events]


def test_an_alert_is_opened_updated_and_resolved_under_one_id() -> None:
    book = alerts()
    opened, updated, resolved = decide(
        book,
        finding(row=10),
        finding(row=50, transition=CHANGED, effect=2.0),
        finding(row=90, transition=ENDED),
    )
    assert [e.status for e in (opened, updated, resolved)] == list(Status)
    assert len({e.alert_id for e in (opened, updated, resolved)}) == 1
    assert [e.number for e in (opened, updated, resolved)] == [0, 1, 2]
    assert len({e.id for e in (opened, updated, resolved)}) == 3
    assert (resolved.resolution, opened.resolution) == (Resolution.RECOVERED, None)
    assert (opened.time, opened.row, opened.positions) == (T0 + 10, 10, where(50, 10))
    assert opened.labels == {"team": "a"}
    assert book.open == {}


def test_the_next_alert_of_a_series_has_another_id_and_the_same_again_in_a_replay() -> None:
    def ids() -> list[str]:
        book = alerts(span=1)
        return [
            event.alert_id
            for event in decide(book, finding(row=10), finding(row=20, transition=ENDED), finding(row=90))
        ]

    assert ids()[0] == ids()[1] != ids()[2]
    assert ids() == ids()
    assert decide(alerts(name="other"), finding())[0].alert_id != decide(alerts(), finding())[0].alert_id


def test_without_a_credit_a_finding_waits_and_is_opened_by_the_row_that_brings_one() -> None:
    book = alerts(span=100)
    events = decide(book, finding("a", row=10), finding("b", row=20), rows=range(50))
    assert brief(events) == [("a", "opened", 10)]
    assert (book.suppressed, list(book.waiting)) == (1, [SeriesKey("b", None)])
    assert decide(book, rows=range(50, 110)) == []
    (late,) = decide(book, rows=range(110, 200))
    assert (late.series, late.row, late.time, late.change_point_row) == ("b", 110, T0 + 110, 50)
    assert late.positions == where(50, 110)
    assert book.waiting == {}


@pytest.mark.parametrize("size", [1, 7, 200])
def test_when_a_waiting_alert_opens_does_not_depend_on_batches(size: int) -> None:
    book, events = alerts(span=30), list[DriftEvent]()
    wanted = [
        finding("a", row=10),
        finding("b", row=12),
        finding("c", row=12, effect=-3.0),
        finding("d", row=50),
    ]
    for begin in range(0, 200, size):
        rows = range(begin, begin + size)
        events += decide(book, *[one for one in wanted if one.row in rows], rows=rows)
    assert brief(events) == [
        ("a", "opened", 10),
        ("c", "opened", 40),
        ("b", "opened", 70),
        ("d", "opened", 100),
    ]


def test_one_credit_opens_the_largest_effect_of_a_row_then_by_name() -> None:
    events = decide(alerts(), finding("a", effect=1.0), finding("c", effect=-2.0), finding("b", effect=2.0))
    assert brief(events) == [("b", "opened", 100)]


def test_a_drift_that_ends_while_it_waits_is_never_told() -> None:
    book = alerts()
    events = decide(
        book,
        finding("a", row=10),
        finding("b", row=20),
        finding("b", row=90, transition=ENDED),
        rows=range(500),
    )
    assert brief(events) == [("a", "opened", 10)]
    assert (book.suppressed, book.waiting) == (1, {})


def test_a_change_while_it_waits_is_what_will_be_told() -> None:
    book = alerts()
    decide(book, finding("a", row=10), finding("b", row=20), rows=range(60))
    changed = finding("b", row=70, transition=CHANGED, effect=9.0, change_row=40)
    (event,) = decide(book, changed, rows=range(60, 300))
    assert (event.status, event.row, event.change_point_row) == (Status.OPENED, 110, 40)
    assert event.evidence[0].effect == 9.0
    assert book.suppressed == 1  # counted when it began to wait


def test_updates_and_the_end_need_no_credit() -> None:
    book = alerts(span=10**9)
    events = decide(
        book, finding(row=10), finding(row=20, transition=CHANGED), finding(row=30, transition=ENDED)
    )
    assert [event.status for event in events] == list(Status)


def test_alerts_that_open_together_are_one_incident() -> None:
    book = alerts(span=1)
    rows = [0, INCIDENT_ROWS, INCIDENT_ROWS + 1]
    events = decide(book, *[finding(f"s{at}", row=row) for at, row in enumerate(rows)], rows=range(1_000))
    first, second, third = [event.incident_id for event in events]
    assert first == second != third


def test_a_version_that_retires_resolves_its_alerts_and_forgets_what_waited() -> None:
    book = alerts(span=50)
    decide(book, finding("prediction", version="1", row=0), finding("latency_ms", version="1", row=60))
    decide(book, finding("feature:x", row=200), finding("label", version="1", row=201), rows=range(200, 210))
    assert set(book.waiting) == {SeriesKey("label", "1")}
    events = book.retire("1", 300, T0 + 300)
    assert brief(events) == [("latency_ms", "resolved", 300), ("prediction", "resolved", 300)]
    assert {event.resolution for event in events} == {Resolution.VERSION_RETIRED}
    assert (set(book.open), book.waiting) == ({SeriesKey("feature:x", None)}, {})
    assert book.retire("1", 400, T0 + 400) == []


def test_a_dump_goes_on_as_the_original() -> None:
    book = alerts()
    decide(book, finding("a", row=10), finding("b", row=20), finding("c", version="2", row=30))
    other = alerts()
    other.load(book.dump())
    later = [finding("a", row=210, transition=CHANGED), finding("c", version="2", row=220, transition=ENDED)]
    assert decide(book, *later, rows=range(200, 300)) == decide(other, *later, rows=range(200, 300))
    assert book.dump() == other.dump()


@pytest.mark.parametrize(
    ("name", "value"),
    [("open", None), ("waiting", [{}]), ("incidents", "1"), ("credit_spent_at", 1.5), ("new", 1)],
)
def test_fields_that_make_no_sense_are_corrupt(name: str, value: object) -> None:
    with pytest.raises(CorruptState):
        alerts().load({**alerts().dump(), name: value})  # type: ignore[dict-item]


def test_a_segment_has_an_alert_of_its_own() -> None:
    def of(segment: str | None) -> list[DriftEvent]:
        one = finding("prediction")
        return decide(alerts(), replace(one, series=SeriesKey("prediction", None, segment)))

    (whole,), (slice_of_it,) = of(None), of("country=DE")
    assert (whole.segment, slice_of_it.segment) == (None, "country=DE")
    assert whole.alert_id != slice_of_it.alert_id
    assert "prediction of m where country=DE rose" in slice_of_it.summary


def test_a_verdict_on_performance_that_becomes_known_or_another_updates_the_alert() -> None:
    book = alerts()
    (opened,) = decide(book, finding(row=10))
    key = SeriesKey(opened.series, opened.version)
    unknown = PerformanceNote(verdict=Verdict.UNKNOWN, basis=None, figures=(), reason="no label is due yet")
    unchanged = replace(unknown, verdict=Verdict.UNCHANGED, basis=Basis.ESTIMATE, reason=None)
    worse = replace(unchanged, verdict=Verdict.WORSE, basis=Basis.LABELS)
    told = [
        book.judge(key, note, 20 + at, T0)
        for at, note in enumerate((unknown, unchanged, unchanged, worse, unknown))
    ]
    assert [len(events) for events in told] == [0, 1, 0, 1, 0]
    (first,), (second,) = told[1], told[3]
    assert (first.status, first.number, first.row, first.performance) == (Status.UPDATED, 1, 21, unchanged)
    assert (second.number, second.performance) == (2, worse)
    assert first.alert_id == second.alert_id == opened.alert_id
    assert book.open[key] == second
