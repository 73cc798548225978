"""The demo's story, with a worker that does what the test says and a clock that is moved by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import orjson
import pytest

from stream_monitor.app.demo import (
    MOST_AHEAD,
    MOST_AT_ONCE,
    STUCK_SECONDS,
    Event,
    Result,
    Served,
    Show,
    Stage,
)
from stream_monitor.core.drift_event import DriftEvent, Status
from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.retrain_request import RetrainRequest
from stream_monitor.formats.alerts_topic import Published
from stream_monitor.telemetry.view import ViewHolder
from stream_monitor.testing.scenario import InjectedDrift, Scenario
from tests.unit.formats.core_values import REQUEST
from tests.views import a_drift_event, a_model, a_view

EVENTS = 40_000
SCENARIO = Scenario(events=EVENTS)
FIRST = SCENARIO.drifts[0]


@dataclass
class FakeLog:
    written: list[Event] = field(default_factory=list)
    committed: list[Published] = field(default_factory=list)

    def write(self, events: Sequence[Event]) -> None:
        self.written += events

    def published(self) -> Sequence[Published]:
        found, self.committed = self.committed, []
        return found


@dataclass
class Diary:
    """What the audience is told, as words."""

    told: list[str] = field(default_factory=list)
    stage: Stage | None = None

    def started(self, scenario: Scenario, served: Served | None, place: str) -> None:
        self.told.append(f"started {scenario} {served} {place}")

    def injected(self, drift: InjectedDrift) -> None:
        self.told.append(f"injected {drift.name}")

    def ended(self, drift: InjectedDrift) -> None:
        self.told.append(f"ended {drift.name}")

    def detected(self, event: DriftEvent) -> None:
        self.told.append(f"{event.status} {event.series}")

    def requested(self, request: RetrainRequest) -> None:
        self.told.append(f"requested {request.id}")

    def progress(self, stage: Stage) -> None:
        self.stage = stage

    def finished(self, result: Result) -> None:
        self.told.append(f"finished after {result.seconds}")


class Theatre:
    """A show of 40,000 events in 40 seconds."""

    def __init__(self, *, duration: float = 40.0) -> None:
        self.now = 100.0
        self.log, self.diary = FakeLog(), Diary()
        self.holder = ViewHolder(replace(a_view(), models=()))
        self.waits: list[float] = []
        self.show = Show(
            scenario=SCENARIO,
            duration=duration,
            log=self.log,
            holder=self.holder,
            audience=self.diary,
            monotonic=lambda: self.now,
            wait=self.waits.append,
        )

    def observe(self, rows: int | None = None) -> None:
        """The worker has observed `rows`, or everything that was written."""
        rows = len(self.log.written) if rows is None else rows
        self.holder.publish(replace(self.holder.view, models=(replace(a_model(), rows=rows),)))

    def until(self, written: int) -> None:
        while len(self.log.written) < written:
            self.now += 0.1
            self.observe()
            self.show.turn()


def test_events_are_written_at_their_pace() -> None:
    theatre = Theatre()
    assert theatre.show.turn() is False
    assert (theatre.log.written, len(theatre.waits)) == ([], 1)
    theatre.now += 0.5
    theatre.show.turn()
    assert len(theatre.log.written) == 500
    assert theatre.diary.stage == Stage(written=500, observed=0, events=EVENTS, seconds=0.5)
    first = orjson.loads(theatre.log.written[0].value)
    assert first == next(iter(SCENARIO))
    assert theatre.log.written[0].key == first["id"].encode()


def test_a_slow_worker_is_waited_for() -> None:
    theatre = Theatre(duration=0)
    for _ in range(20):
        theatre.show.turn()
    assert len(theatre.log.written) == MOST_AHEAD
    theatre.observe(100)
    theatre.show.turn()
    assert len(theatre.log.written) == MOST_AHEAD + 100


def test_no_more_is_written_at_once_than_a_worker_reads() -> None:
    theatre = Theatre(duration=0)
    theatre.show.turn()
    assert len(theatre.log.written) == MOST_AT_ONCE


def test_what_happens_is_told_in_order() -> None:
    theatre = Theatre()
    theatre.until(FIRST.row + 1)
    theatre.log.committed = [
        replace(a_drift_event(), series=FIRST.series[0], status=Status.OPENED, row=FIRST.row + 80)
    ]
    assert FIRST.end_row is not None
    theatre.until(FIRST.end_row + 1)
    assert theatre.diary.told == [
        f"injected {FIRST.name}",
        f"opened {FIRST.series[0]}",
        f"ended {FIRST.name}",
    ]


def test_a_retrain_request_is_told_and_kept_apart_from_drift_events() -> None:
    theatre = Theatre()
    theatre.log.committed = [REQUEST, a_drift_event()]
    theatre.show.tell()
    assert theatre.diary.told[0] == f"requested {REQUEST.id}"
    result = theatre.show.result()
    assert (result.requests, result.drift_events) == ((REQUEST,), 1)


def test_it_is_over_when_everything_was_observed_and_what_came_last_still_counts() -> None:
    theatre = Theatre()
    theatre.until(EVENTS)
    theatre.observe(EVENTS - 1)
    assert theatre.show.turn() is False
    theatre.observe(EVENTS)
    assert theatre.show.turn() is True
    late: list[Published] = [
        replace(a_drift_event(), series=name, segment=segment or None, status=Status.OPENED, row=drift.row)
        for drift in SCENARIO.drifts
        for name, _, segment in (series.partition(" of ") for series in drift.series)
    ]
    theatre.log.committed = late
    theatre.show.tell()
    result = theatre.show.result()
    assert (result.scorecard.detected, result.drift_events) == (6, len(late))
    assert result.seconds == pytest.approx(40, abs=0.2)


def test_a_worker_that_gets_nowhere_is_an_error() -> None:
    theatre = Theatre(duration=0)
    for _ in range(20):
        theatre.show.turn()
    theatre.now += STUCK_SECONDS
    theatre.show.turn()
    theatre.now += 0.1
    with pytest.raises(
        StreamMonitorError, match="nothing has moved for 60 s: 5000 events written, 0 observed"
    ):
        theatre.show.turn()


def test_event_times_can_be_others() -> None:
    theatre = Theatre()
    theatre.show.time_of = lambda at: 1_000 + at
    theatre.until(3)
    assert [orjson.loads(event.value)["time"] for event in theatre.log.written[:3]] == [1_000, 1_001, 1_002]
