from stream_monitor.core.batch import ColumnBatch
from stream_monitor.core.derived.absence import Absence
from stream_monitor.core.derived.parameters import DerivedParameters
from stream_monitor.core.drift_event import Claim, DriftEvent, Resolution, Severity, Status
from stream_monitor.core.events import Source
from stream_monitor.core.parameters import ModelParameters
from stream_monitor.core.partition_monitor import PartitionMonitor
from stream_monitor.core.tick import SourceProgress, Tick
from stream_monitor.detectors import registry
from tests.unit.core.batches import T0, batch_of, row

MINUTE = 60_000
SOURCE = Source("in", 0)


def rows(n: int, *, first: int = 0, apart: int = 1_000, model: str = "m") -> ColumnBatch:
    times = [T0 + (first + at) * apart for at in range(n)]
    return batch_of([row({"x": 1.0}, time=time, model=model) for time in times], first_offset=first)


def tick(wall: int, *, offset: int, newest: int, at_end: bool = True) -> Tick:
    told = {SOURCE: SourceProgress(T0 + newest, offset, at_end)}
    return Tick(worker="w", wall=T0 + wall, partitions={"in": 1}, sources=told)


class Told:
    """A partition with the entries so far."""

    def __init__(self, **wanted: int | None) -> None:
        derived = DerivedParameters(absence=True, **wanted)  # type: ignore[arg-type]  # fields of it
        self.monitor = PartitionMonitor(
            lambda name: ModelParameters(name=name, derived=derived), registry.installed(), first=0
        )
        self.at = 0

    def __call__(self, *entries: ColumnBatch | Tick) -> list[DriftEvent]:
        events: list[DriftEvent] = []
        for entry in entries:
            events += self.monitor.apply(self.at, entry).drift_events
            self.at += 1
        return events


def test_a_silent_model_is_told_once_and_resolved_when_events_come_again() -> None:
    told = Told(absent_ms=10 * MINUTE)
    newest = 199_000
    assert told(rows(200), tick(0, offset=200, newest=newest)) == []
    assert told(tick(9 * MINUTE, offset=200, newest=newest)) == []
    (opened,) = told(
        tick(10 * MINUTE, offset=200, newest=newest), tick(30 * MINUTE, offset=200, newest=newest)
    )
    assert (opened.series, opened.status, opened.claim, opened.severity) == (
        "traffic:absent",
        Status.OPENED,
        Claim.OBSERVED,
        Severity.CRITICAL,
    )
    assert (opened.time, opened.change_point) == (T0 + newest + 10 * MINUTE, T0 + newest)
    assert opened.summary == (
        "traffic:absent of m: no event for 10 min (usually one in 1 s) since 2026-11-21T10:03:19Z"
    )
    more = rows(5, first=300)
    ended = told(
        more, tick(31 * MINUTE, offset=205, newest=304_000), tick(32 * MINUTE, offset=205, newest=304_000)
    )
    assert [(one.alert_id, one.resolution, one.number) for one in ended] == [
        (opened.alert_id, Resolution.RECOVERED, 1)
    ]
    assert ended[0].summary == "traffic:absent of m: events come again"
    assert ended[0].row == 200


def test_a_source_that_is_behind_is_not_silent() -> None:
    told = Told(absent_ms=MINUTE)
    assert told(rows(200), tick(0, offset=200, newest=199_000, at_end=False)) == []
    assert told(tick(60 * MINUTE, offset=200, newest=199_000, at_end=False)) == []


def test_a_topic_that_goes_on_with_events_of_others_says_that_a_model_is_absent() -> None:
    told = Told(absent_ms=10 * MINUTE)
    told(rows(200), rows(200, model="n"), tick(0, offset=400, newest=199_000, at_end=False))
    many = rows(1_000, first=400, model="n")
    told(many, tick(MINUTE, offset=1_400, newest=1_399_000, at_end=False))  # the last rows that waited
    events = told(tick(MINUTE + 1, offset=1_400, newest=1_399_000, at_end=False))
    assert [(one.model, one.series) for one in events] == [("m", "traffic:absent")]


def test_what_is_usual_for_a_model_is_no_absence_if_nobody_says_else() -> None:
    often, seldom = Told(), Told()
    often(rows(200), tick(0, offset=200, newest=199_000), tick(MINUTE, offset=200, newest=199_000))
    assert len(often(tick(10 * MINUTE, offset=200, newest=199_000))) == 1
    newest = 199 * 5 * MINUTE
    seldom(rows(200, apart=5 * MINUTE), tick(0, offset=200, newest=newest))
    assert seldom(tick(99 * MINUTE, offset=200, newest=newest)) == []
    (opened,) = seldom(tick(100 * MINUTE, offset=200, newest=newest))
    assert opened.evidence[0].threshold == 100 * MINUTE


def test_a_model_of_few_rows_or_none_has_no_usual() -> None:
    few = Told()
    few(rows(99), tick(0, offset=99, newest=98_000))
    assert few(tick(600 * MINUTE, offset=99, newest=98_000)) == []
    assert Absence(1).fact(10**9, 0, 0) is None


def test_switched_off_nothing_is_told() -> None:
    monitor = PartitionMonitor(lambda name: ModelParameters(name=name), registry.installed(), first=0)
    monitor.apply(0, rows(200))
    monitor.apply(1, tick(0, offset=200, newest=199_000))
    assert monitor.apply(2, tick(10**9, offset=200, newest=199_000)).drift_events == []


def test_a_dump_is_the_whole_state() -> None:
    absence, other = Absence(None), Absence(None)
    absence.observe(rows(3))
    other.load(absence.dump())
    assert other.fact(10**9, 100, T0 + MINUTE) == absence.fact(10**9, 100, T0 + MINUTE) is not None
