"""One sink served: record after record of the alerts topic, each until it arrives, is refused or has become too old.

A sink that does not answer holds up nothing but itself. At least once: an offset is committed when its record is done with.
"""

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from stream_monitor.core.drift_event import DriftEvent, Status
from stream_monitor.core.errors import CorruptState, NewerState
from stream_monitor.core.events import Record, Source
from stream_monitor.formats import alerts_topic
from stream_monitor.runtime.board.operations import OperationBook
from stream_monitor.runtime.notify.message import Message, Moment, Outcome, Posted, Poster, Sink
from stream_monitor.runtime.ports import Clock
from stream_monitor.telemetry.deliveries import Deliveries

_FIRST_PAUSE: Final = 1.0  # seconds; twice as long after every failure
_LONGEST_PAUSE: Final = 60.0
_AGAIN: Final = 10.0  # seconds after a repetition that failed
_POLL_SECONDS: Final = 0.5


class Around(Protocol):
    """What else must be known."""

    @property
    def operations(self) -> OperationBook:
        """What people have done about alerts."""
        ...

    def refresh(self) -> bool:
        """Take what has come. Returns whether everything up to the start is known."""
        ...

    def open_alerts(self) -> Sequence[DriftEvent]:
        """The latest drift event of every alert that is open."""
        ...


class AlertFeed(Protocol):
    """The alerts topic, read as a member of the sink's own group: each record is somebody's until it is committed."""

    def poll(self, timeout: float) -> Sequence[tuple[Source, Record]]:
        """What comes next, in order within a partition; nothing while held. Waits so many seconds at most."""
        ...

    def hold(self) -> None:
        """Return nothing until `release`; membership goes on."""
        ...

    def release(self) -> None:
        """Go on behind the last record returned."""
        ...

    @property
    def owned(self) -> Collection[Source]:
        """Partitions that are ours."""
        ...

    def commit(self, source: Source, offset: int) -> None:
        """Records below `offset` are done with."""
        ...

    def close(self) -> None:
        """Leave the group."""
        ...


class DeadLetters(Protocol):
    """Where goes what a sink does not take."""

    def write(self, sink: str, record: Record, why: str) -> None:
        """Written for good when this returns. Raises StreamMonitorError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """name: of the sink. retry_for: seconds that one record is tried. repeat_every: seconds between repetitions."""

    name: str
    retry_for: float
    repeat_every: float


@dataclass(slots=True, kw_only=True)
class _Try:
    """Of the record in front: since when it is tried, and when again; monotonic seconds."""

    began: float
    again: float
    pause: float = _FIRST_PAUSE


@dataclass(slots=True, kw_only=True)
class Delivery:
    """Call `step` again and again, from one thread."""

    terms: Terms
    sink: Sink
    poster: Poster
    feed: AlertFeed
    around: Around
    dead_letters: DeadLetters
    clock: Clock
    telemetry: Deliveries
    _waiting: deque[tuple[Source, Record]] = field(default_factory=deque)
    _try: _Try | None = None
    _repeat_at: float = 0.0
    _news: dict[str, DriftEvent] = field(default_factory=dict)

    def step(self) -> None:
        """One turn: take records, try the first one, repeat what is due. Raises StreamMonitorError when the broker refuses."""
        known = self.around.refresh()
        if self._waiting:
            self.feed.hold()
        else:
            self.feed.release()
        self._waiting.extend(self.feed.poll(_POLL_SECONDS))
        self._waiting = deque(one for one in self._waiting if one[0] in self.feed.owned)  # others' now
        if not known:
            return  # who is muted is not known yet
        while self._waiting and self._is_due():
            self._deliver(*self._waiting[0])
        self._repeat()

    def _is_due(self) -> bool:
        return self._try is None or self.clock.monotonic() >= self._try.again

    def _deliver(self, source: Source, record: Record) -> None:
        try:
            event = alerts_topic.decode(record.value or b"")
        except (CorruptState, NewerState) as error:
            self._bury(source, record, Outcome.REFUSED, str(error))
            return
        at = self._moment()
        message = self.sink.message(event, record.value or b"", at)
        if isinstance(message, Outcome):
            self.telemetry.skipped(self.terms.name, message.value)
            self._done(source, record)
            return
        posted = self._post(message)
        if posted.outcome is Outcome.DELIVERED:
            self.sink.delivered(event, at)
            if isinstance(event, DriftEvent):
                self._news[event.alert_id] = event
            self._done(source, record)
        elif posted.outcome is Outcome.REFUSED:
            self._bury(source, record, Outcome.REFUSED, posted.detail)
        else:
            self._put_off(source, record, posted.detail)

    def _post(self, message: Message) -> Posted:
        began = self.clock.monotonic()
        posted = self.poster.post(message)
        took = self.clock.monotonic() - began
        self.telemetry.tried(self.terms.name, posted.outcome.value, took, self.clock.wall())
        if posted.outcome is not Outcome.DELIVERED:
            self.telemetry.failing(self.terms.name, posted.detail)
        return posted

    def _put_off(self, source: Source, record: Record, why: str) -> None:
        now = self.clock.monotonic()
        if self._try is None:
            self._try = _Try(began=now, again=now)
        if now - self._try.began >= self.terms.retry_for:
            self._bury(source, record, Outcome.EXPIRED, why)
            return
        self._try.again, self._try.pause = now + self._try.pause, min(2 * self._try.pause, _LONGEST_PAUSE)

    def _bury(self, source: Source, record: Record, outcome: Outcome, why: str) -> None:
        self.dead_letters.write(self.terms.name, record, why)
        self.telemetry.buried(self.terms.name, outcome.value, why)
        self._done(source, record)

    def _done(self, source: Source, record: Record) -> None:
        self._try = None
        self._waiting.popleft()
        self.feed.commit(source, record.offset + 1)

    def _repeat(self) -> None:
        now = self.clock.monotonic()
        if now < self._repeat_at or self._waiting or not self.feed.owned:
            return
        at, open_alerts = self._moment(), self._open()
        message = self.sink.repeat(open_alerts, at)
        pause = self.terms.repeat_every
        if message is not None:
            if self._post(message).outcome is Outcome.DELIVERED:
                self.sink.repeated(open_alerts, at)
            else:
                pause = min(pause, _AGAIN)
        self._repeat_at = now + pause

    def _open(self) -> Sequence[DriftEvent]:
        """What the status topic says, a few seconds late, and what was delivered since."""
        found = {event.alert_id: event for event in self.around.open_alerts()}
        for alert_id, event in list(self._news.items()):
            told = found.get(alert_id)
            if told is not None and told.number >= event.number:
                del self._news[alert_id]
            elif event.status is Status.RESOLVED:
                found.pop(alert_id, None)
            else:
                found[alert_id] = event
        return list(found.values())

    def _moment(self) -> Moment:
        return Moment(now=self.clock.wall(), operations=self.around.operations)
