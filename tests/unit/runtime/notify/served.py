"""A delivery with a feed, a receiver and a clock that a test moves by hand."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from prometheus_client import CollectorRegistry

from stream_monitor.core.drift_event import DriftEvent
from stream_monitor.core.events import Record, Source
from stream_monitor.formats import drift_events
from stream_monitor.formats.operations import Acknowledgement, Mute
from stream_monitor.runtime.board.operations import OperationBook
from stream_monitor.runtime.notify.delivery import Delivery, Terms
from stream_monitor.runtime.notify.message import Message, Outcome, Posted, Sink
from stream_monitor.telemetry.deliveries import Deliveries
from tests.unit.formats.core_values import OPENED, RESOLVED, UPDATED

ALERTS = Source("alerts", 0)
T0 = 1_795_255_200_000
FIRST = replace(OPENED, alert_id="a1", id="1", number=0)
MORE = replace(UPDATED, alert_id="a1", id="2", number=1)
OVER = replace(FIRST, status=RESOLVED.status, resolution=RESOLVED.resolution, id="3", number=2)


@dataclass(slots=True)
class Feed:
    """Records in order; what is not committed comes again after `hand_over`."""

    records: list[Record] = field(default_factory=list)
    committed: int = 0
    at: int = 0
    held: bool = False
    owned: Collection[Source] = (ALERTS,)

    def publish(self, *events: DriftEvent) -> None:
        for event in events:
            encoded = drift_events.encode(event, "group")
            self.records.append(Record(len(self.records), T0, encoded.key, encoded.value))

    def poll(self, timeout: float) -> Sequence[tuple[Source, Record]]:  # noqa: ARG002 (never waits)
        if self.held or not self.owned:
            return ()
        found, self.at = self.records[self.at :], len(self.records)
        return [(ALERTS, one) for one in found]

    def hold(self) -> None:
        self.held = True

    def release(self) -> None:
        self.held = False

    def commit(self, source: Source, offset: int) -> None:  # noqa: ARG002 (there is one)
        self.committed = offset

    def close(self) -> None:
        """Nothing is open."""


@dataclass(slots=True)
class Known:
    """What the status and operations topics say."""

    operations: OperationBook = field(default_factory=OperationBook)
    events: list[DriftEvent] = field(default_factory=list)
    caught_up: bool = True

    def refresh(self) -> bool:
        return self.caught_up

    def open_alerts(self) -> Sequence[DriftEvent]:
        return self.events

    def mute(self, event: DriftEvent, until: int) -> None:
        mute = Mute(mute_id="m", model=event.model, series="*", by="ann", reason="", at=T0, until=until)
        self.operations.take(mute, T0)

    def acknowledge(self, event: DriftEvent) -> None:
        self.operations.take(Acknowledgement(alert_id=event.alert_id, by="ann", reason="", at=T0), T0)


@dataclass(slots=True)
class Poster:
    """Answers as told, the last one for ever."""

    answers: list[Outcome] = field(default_factory=lambda: [Outcome.DELIVERED])
    sent: list[Message] = field(default_factory=list)

    def post(self, message: Message) -> Posted:
        self.sent.append(message)
        return Posted(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0], "as told")


@dataclass(slots=True)
class Clock:
    seconds: float = 0.0

    def wall(self) -> int:
        return T0 + round(self.seconds * 1000)

    def monotonic(self) -> float:
        return self.seconds


@dataclass(slots=True)
class Grave:
    written: list[tuple[str, Record, str]] = field(default_factory=list)

    def write(self, sink: str, record: Record, why: str) -> None:
        self.written.append((sink, record, why))


@dataclass(slots=True)
class Served:
    """A delivery and all it touches."""

    sink: Sink
    retry_for: float = 3600.0
    repeat_every: float = 60.0
    feed: Feed = field(default_factory=Feed)
    known: Known = field(default_factory=Known)
    poster: Poster = field(default_factory=Poster)
    clock: Clock = field(default_factory=Clock)
    grave: Grave = field(default_factory=Grave)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    delivery: Delivery = field(init=False)

    def __post_init__(self) -> None:
        self.delivery = Delivery(
            terms=Terms(name="hook", retry_for=self.retry_for, repeat_every=self.repeat_every),
            sink=self.sink,
            poster=self.poster,
            feed=self.feed,
            around=self.known,
            dead_letters=self.grave,
            clock=self.clock,
            telemetry=Deliveries(self.registry),
        )

    def turns(self, n: int = 1, seconds: float = 0.5) -> None:
        for _ in range(n):
            self.delivery.step()
            self.clock.seconds += seconds

    def count(self, outcome: Outcome) -> float:
        labels = {"sink": "hook", "outcome": outcome.value}
        return self.registry.get_sample_value("stream_monitor_sink_deliveries_total", labels) or 0.0
