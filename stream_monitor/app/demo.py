"""The demo: the scenario's events through a worker over an in-memory log, and what became of its drifts.

The worker is the one of the service. Knows no console: what happens is told as values.
"""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

import orjson
from prometheus_client import CollectorRegistry

from stream_monitor.app.composition import Adapters, Shown, compose, first_view
from stream_monitor.app.dashboard import Reach, memory_reach
from stream_monitor.app.demo_export import Training, from_memory, training_data
from stream_monitor.app.service import SystemClock, serving, topic_plans
from stream_monitor.config import Settings, load
from stream_monitor.core.drift_event import DriftEvent
from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Record, Source
from stream_monitor.core.retrain_request import RetrainRequest
from stream_monitor.formats import alerts_topic
from stream_monitor.formats.alerts_topic import Published
from stream_monitor.memory.checkpointer import MemoryCheckpointer
from stream_monitor.memory.log import MemoryLog
from stream_monitor.memory.source import MemorySource
from stream_monitor.memory.state_store import MemoryStateStore
from stream_monitor.runtime.worker import Worker
from stream_monitor.telemetry.recorder import Telemetry
from stream_monitor.telemetry.view import ViewHolder
from stream_monitor.testing.scenario import InjectedDrift, Scenario, Scorecard, score
from stream_monitor.testing.story import BAD_COUNTRY, MODEL

TOPIC = "demo.events"
# events between two turns of the worker: it reads them all in one, so none of them is late
MOST_AT_ONCE = 1_000
# events written and not yet observed: on a slow machine the story takes longer, in the same order
MOST_AHEAD = 5_000
STUCK_SECONDS = 60.0
PAUSE_SECONDS = 0.01


class Event(NamedTuple):
    """One event as it is written to the input topic."""

    key: bytes
    value: bytes


class Log(Protocol):
    """Where events go, and where what is committed to the alerts topic comes from."""

    def write(self, events: Sequence[Event]) -> None:
        """Append to the input topic."""
        ...

    def published(self) -> Sequence[Published]:
        """Committed to the alerts topic since the last call."""
        ...


class Stage(NamedTuple):
    """How far the demo is: events written and observed, of how many, and for how long it has run."""

    written: int
    observed: int
    events: int
    seconds: float


class Served(NamedTuple):
    """Where the dashboard is, and the token with which it can acknowledge and mute."""

    url: str
    token: str


class Audience(Protocol):
    """Is told what happens, in order."""

    def started(self, scenario: Scenario, served: Served | None, place: str) -> None:
        """It begins; served: None where HTTP is off; place: the topics."""
        ...

    def injected(self, drift: InjectedDrift) -> None:
        """The first event of a drift has been written."""
        ...

    def ended(self, drift: InjectedDrift) -> None:
        """The last event of a drift has been written."""
        ...

    def detected(self, event: DriftEvent) -> None:
        """A drift event has been committed to the alerts topic."""
        ...

    def requested(self, request: RetrainRequest) -> None:
        """A retrain request has been committed to the alerts topic."""
        ...

    def progress(self, stage: Stage) -> None:
        """Some events later."""
        ...

    def finished(self, result: "Result") -> None:
        """It is over; what is served stays until this returns."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How it ended. requests: to train the model anew; training: the data that the last of them names, as `export` writes them.

    seconds: from the first event written to the last one observed.
    """

    scorecard: Scorecard
    drift_events: int
    requests: tuple[RetrainRequest, ...]
    seconds: float
    training: Training | None = None


@dataclass(slots=True, kw_only=True)
class Show:
    """One performance: `turn` before every turn of the worker writes what is due and tells what has come out.

    duration: seconds that the events take, 0 as fast as possible. time_of: event time of the event at a place, ms UTC,
    instead of the scenario's own.
    """

    scenario: Scenario
    duration: float
    log: Log
    holder: ViewHolder
    audience: Audience
    monotonic: Callable[[], float] = time.monotonic
    wait: Callable[[float], None] = time.sleep
    time_of: Callable[[int], int] | None = None
    found: list[DriftEvent] = field(default_factory=list)
    requests: list[RetrainRequest] = field(default_factory=list)
    seconds: float = 0.0
    _events: Iterator[dict[str, object]] | None = None
    _began: float = 0.0
    _written: int = 0
    _last: tuple[int, int] = (0, 0)
    _moved_at: float = 0.0

    def turn(self) -> bool:
        """Whether it is over. Raises StreamMonitorError when the worker gets nowhere."""
        now = self.monotonic()
        if self._events is None:
            self._events, self._began, self._moved_at = iter(self.scenario), now, now
        observed = sum(model.rows for model in self.holder.view.models)
        self._write(now, observed)
        self.tell()
        self.seconds = now - self._began
        self.audience.progress(Stage(self._written, observed, self.scenario.events, self.seconds))
        if self._last != (self._written, observed):
            self._last, self._moved_at = (self._written, observed), now
        elif now - self._moved_at > STUCK_SECONDS:
            raise StreamMonitorError(
                f"nothing has moved for {STUCK_SECONDS:.0f} s: {self._written} events written, {observed} observed"
            )
        return observed >= self.scenario.events

    def tell(self) -> None:
        """What has been committed since."""
        for event in self.log.published():
            if isinstance(event, RetrainRequest):
                self.requests.append(event)
                self.audience.requested(event)
            else:
                self.found.append(event)
                self.audience.detected(event)

    def result(self) -> Result:
        """What became of the drifts."""
        scorecard = score(self.scenario, self.found)
        return Result(
            scorecard=scorecard,
            drift_events=len(self.found),
            requests=tuple(self.requests),
            seconds=self.seconds,
        )

    def _write(self, now: float, observed: int) -> None:
        assert self._events is not None
        total = self.scenario.events
        pace = (now - self._began) / self.duration if self.duration > 0 else 1.0
        due = (
            min(total, int(pace * total), observed + MOST_AHEAD, self._written + MOST_AT_ONCE) - self._written
        )
        if due <= 0:
            self.wait(PAUSE_SECONDS)
            return
        first, self._written = self._written, self._written + due
        self.log.write([self._event(at) for at in range(first, self._written)])
        for drift in self.scenario.drifts:
            if first <= drift.row < self._written:
                self.audience.injected(drift)
            if drift.end_row is not None and first <= drift.end_row < self._written:
                self.audience.ended(drift)

    def _event(self, at: int) -> Event:
        assert self._events is not None
        event = next(self._events)
        return encoded(event if self.time_of is None else event | {"time": self.time_of(at)})


def encoded(event: Mapping[str, object]) -> Event:
    """The record of a native event: keyed by its id, as entities are."""
    return Event(str(event["id"]).encode(), orjson.dumps(event))


# ------------------------------------------------------------------------------------ in memory


def perform_in_memory(
    scenario: Scenario, audience: Audience, *, duration: float, overrides: Mapping[str, object]
) -> Result:
    """The demo without Kafka: events take `duration` seconds, or longer where the machine needs it.

    overrides: settings by dotted key. Raises StreamMonitorError: settings that are wrong, or nothing moves any more.
    """
    settings = settings_of(scenario, overrides)
    clock = SystemClock()
    log = MemoryLog(now=clock.wall)
    # ten weeks in a minute: several partitions would wait for each other's watermarks all the time
    log.create_topic(TOPIC, partitions=1)
    for plan in topic_plans(settings):
        log.create_topic(plan.name, partitions=plan.partitions)
    topics, group = settings.topics, settings.kafka.group_id
    source = MemorySource(log, group=group, inputs=[TOPIC], columns=topics.columns)
    adapters = Adapters(
        source=source,
        checkpointer=MemoryCheckpointer(log, source, transactional_id=group, columns=topics.columns),
        store=MemoryStateStore(log, group=group, columns=topics.columns, state=topics.state),
        clock=clock,
    )
    with stage(settings, adapters, memory_reach(settings, log)) as (worker, holder, served):
        show = Show(
            scenario=scenario,
            duration=duration,
            log=_InMemory(log, topics.alerts, clock.wall),
            holder=holder,
            audience=audience,
        )
        audience.started(scenario, served, "an in-memory log")
        result = with_training(perform(worker, show), partial(from_memory, log))
        audience.finished(result)
        return result


class _InMemory:
    """The demo's log over a `MemoryLog`."""

    def __init__(self, log: MemoryLog, alerts: str, wall: Callable[[], int]) -> None:
        self._log = log
        self._alerts = Source(alerts, 0)
        self._next = 0
        self._wall = wall

    def write(self, events: Sequence[Event]) -> None:
        now = self._wall()
        for key, value in events:
            self._log.append(TOPIC, value, key=key, timestamp=now)

    def published(self) -> Sequence[Published]:
        records, self._next = self._log.read(self._alerts, self._next, 1_000)
        return decoded(records)


# ------------------------------------------------------------------------------------ anywhere


def settings_of(scenario: Scenario, overrides: Mapping[str, object], *, topic: str = TOPIC) -> Settings:
    """Settings of the demo that reads `topic`, with these laid over. Raises InvalidConfiguration."""
    defaults: dict[str, object] = {
        "kafka.bootstrap_servers": "memory:0",
        "kafka.topic_prefix": "demo",
        "kafka.group_id": "demo",
        "kafka.partitions": 1,
        "kafka.commit_every": "300ms",
        "http.token": secrets.token_urlsafe(16),  # shown by the demo, and of no use after it
        "models": [model_of(scenario, topic)],
        "alerting.false_alarms": "1 per month",  # of which the scenario has two and a half
    }
    return load(None, {}, {**defaults, **overrides})


def model_of(scenario: Scenario, topic: str) -> Mapping[str, object]:
    """The model of the story, as a configuration says it.

    It is trained anew for what lasts: errors that were raised for longer than any drift of the story but the last takes.
    """
    lasting = f"{scenario.events // 8} events"
    return {
        "name": MODEL,
        "sources": [topic],
        "labels": True,
        "segments": [{"feature": "country", "values": ["DE", "FR", "NL", BAD_COUNTRY]}],
        "retrain": {
            "on": ["error"],
            "after": lasting,
            "rows": scenario.events // 20,
            "at_most": f"1 per {lasting}",
        },
    }


@contextmanager
def stage(
    settings: Settings, adapters: Adapters, reach: Reach
) -> Iterator[tuple[Worker, ViewHolder, Served | None]]:
    """A worker, what it shows, and where it is served."""
    registry = CollectorRegistry()
    shown = Shown(
        holder=ViewHolder(first_view(settings, adapters.clock, name="demo")), telemetry=Telemetry(registry)
    )
    token = settings.http.bearer_token
    with serving(settings, shown.holder, registry, reach) as url:
        served = None if url is None or token is None else Served(url=url, token=token.value)
        yield compose(settings, adapters, shown, name="demo"), shown.holder, served


def perform(worker: Worker, show: Show) -> Result:
    """The whole show; ends by itself. Raises StreamMonitorError."""
    worker.run(show.turn)
    show.tell()  # what the last commit brought
    return show.result()


def with_training(result: Result, write: Callable[[RetrainRequest, Path], tuple[int, int]]) -> Result:
    """The result with the data of its last retrain request, if there is one; write: as in `training_data`."""
    if not result.requests:
        return result
    return replace(result, training=training_data(result.requests[-1], write))


def decoded(records: Sequence[Record]) -> Sequence[Published]:
    """Drift events and retrain requests in records of the alerts topic."""
    return [alerts_topic.decode(record.value) for record in records if record.value is not None]
