"""The sinks of an installation, each served by a thread of its own: by `run` beside its worker, or by `notify` alone."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry

from stream_monitor.app.service import SystemClock, build_of, kafka_options
from stream_monitor.config import Settings
from stream_monitor.config.sink_settings import SinkSettings
from stream_monitor.core.drift_event import Severity
from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Record
from stream_monitor.formats.encoded import EncodedRecord
from stream_monitor.kafka.alert_feed import KafkaAlertFeed
from stream_monitor.kafka.operations_writer import KafkaOperationsWriter
from stream_monitor.kafka.topic_reader import KafkaTopicReader
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.runtime.notify.alertmanager import AlertmanagerSink
from stream_monitor.runtime.notify.around import TopicsAround
from stream_monitor.runtime.notify.delivery import Delivery, Terms
from stream_monitor.runtime.notify.message import Sink
from stream_monitor.runtime.notify.webhook import WebhookSink
from stream_monitor.runtime.ports import Begin, Clock, OperationsWriter
from stream_monitor.sinks.http import HttpPoster
from stream_monitor.telemetry.deliveries import Deliveries
from stream_monitor.telemetry.logs import get_logger
from stream_monitor.web.app import Published, create_app
from stream_monitor.web.guard import hosts_for
from stream_monitor.web.health import Check
from stream_monitor.web.server import start

_log = get_logger("stream_monitor.notify")
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 30.0
_WRITE_SECONDS: Final = 30.0
_NEVER_SECONDS: Final = 365.0 * 86_400
_STOP_SECONDS: Final = 15.0


def served_sinks(settings: Settings) -> Sequence[SinkSettings]:
    """Those that somebody has to serve."""
    return [sink for sink in settings.sinks if sink.kafka is None]


def group_of(settings: Settings, sink: SinkSettings) -> str:
    """The consumer group whose offsets say what the sink was told."""
    return f"{settings.kafka.group_id}.notify.{sink.label}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Buried:
    """Writes what a sink does not take to the dead-letter topic."""

    writer: OperationsWriter

    def write(self, sink: str, record: Record, why: str) -> None:
        headers = (
            ("content-type", b"application/cloudevents+json"),
            ("stream-monitor-reason", b"undelivered"),
            ("stream-monitor-sink", sink.encode()),
            ("stream-monitor-detail", why.encode()),
        )
        self.writer.write(EncodedRecord(record.key or b"", record.value, headers), Deadline(_WRITE_SECONDS))


@contextmanager
def notifying(settings: Settings, metrics: CollectorRegistry) -> Iterator[Sequence[threading.Thread]]:
    """Every sink is served while the block runs; brokers that are away are waited for. Gives the threads."""
    sinks = served_sinks(settings)
    if not sinks:
        yield ()
        return
    telemetry, stop, clock = Deliveries(metrics), threading.Event(), SystemClock()
    telemetry.served(sink.label for sink in sinks)
    threads = [
        threading.Thread(
            target=_serve,
            args=(settings, sink, telemetry, clock, stop.is_set, stop.wait),
            name=f"notify-{sink.label}",
            daemon=True,
        )
        for sink in sinks
    ]
    for thread in threads:
        thread.start()
    try:
        yield threads
    finally:
        stop.set()
        deadline = Deadline(_STOP_SECONDS)
        for thread in threads:
            thread.join(max(0.0, deadline.left()))


@contextmanager
def beside_worker(settings: Settings, metrics: CollectorRegistry) -> Iterator[None]:
    """What `run` does for the sinks: serve them, or say that it does not."""
    sinks = [sink.label for sink in served_sinks(settings)]
    if sinks and not settings.notify.in_run:
        _log.warning("sinks are not served here: run `stream-monitor notify`", sinks=sinks)
        yield
        return
    with notifying(settings, metrics):
        yield


def run_notify(settings: Settings, stop: threading.Event, started: Callable[[str | None], None]) -> None:
    """`stream-monitor notify`: serve the sinks until `stop`, with metrics and health. Raises CannotListen."""
    metrics = CollectorRegistry()
    listen = settings.notify.listen
    with ExitStack() as opened:
        threads = opened.enter_context(notifying(settings, metrics))
        if listen is None:
            started(None)
        else:
            published = Published(
                registry=metrics,
                build=build_of(settings),
                ready=lambda: [Check(t.name, t.is_alive(), "its thread has ended") for t in threads],
                hosts=hosts_for(listen.host),
            )
            started(opened.enter_context(start(listen.host, listen.port, create_app(published))).url)
        stop.wait()


def _serve(
    settings: Settings,
    sink: SinkSettings,
    telemetry: Deliveries,
    clock: Clock,
    stopped: Callable[[], bool],
    wait: Callable[[float], bool],
) -> None:
    """Serve one sink. Whatever the broker refuses: say so, begin anew after a pause."""
    pause = _FIRST_PAUSE
    while not stopped():
        try:
            with _delivery(settings, sink, telemetry, clock) as delivery:
                while not stopped():
                    delivery.step()
                    pause = _FIRST_PAUSE
        except Exception as error:  # noqa: BLE001 (a thread that ends would leave people untold, and nobody would know)
            expected = isinstance(error, StreamMonitorError)
            why = str(error) if expected else repr(error)
            _log.warning(
                "sink is not served, trying again",
                sink=sink.label,
                why=why,
                seconds=pause,
                exc_info=not expected,
            )
            wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


@contextmanager
def _delivery(
    settings: Settings, sink: SinkSettings, telemetry: Deliveries, clock: Clock
) -> Iterator[Delivery]:
    options, topics = kafka_options(settings), settings.topics
    reader = KafkaTopicReader(options, {topics.status: Begin(), topics.operations: Begin()})
    with ExitStack() as opened:
        around = opened.enter_context(closing(TopicsAround(reader, topics.status)))
        writer = opened.enter_context(closing(KafkaOperationsWriter(options, topics.dead_letter)))
        feed = KafkaAlertFeed(options, topics.alerts, group_of(settings, sink), clock)
        opened.enter_context(closing(feed))
        made, repeat_every, timeout = _sink(settings, sink)
        terms = Terms(name=sink.label, retry_for=sink.retry_for.total_seconds(), repeat_every=repeat_every)
        yield Delivery(
            terms=terms,
            sink=made,
            poster=HttpPoster(timeout),
            feed=feed,
            around=around,
            dead_letters=_Buried(writer=writer),
            clock=clock,
            telemetry=telemetry,
        )


def _sink(settings: Settings, sink: SinkSettings) -> tuple[Sink, float, float]:
    """The sink, seconds between repetitions, and seconds of a try."""
    manager, webhook = sink.alertmanager, sink.webhook
    if manager is not None:
        headers = {} if manager.token is None else {"authorization": f"Bearer {manager.token}"}
        made = AlertmanagerSink(
            url=manager.url,
            group=settings.kafka.group_id,
            dashboard=settings.notify.dashboard_url,
            headers=headers,
        )
        return made, manager.repeat_every.total_seconds(), manager.timeout.total_seconds()
    assert webhook is not None
    hook = WebhookSink(
        url=webhook.url.value,
        secret=webhook.signing_secret,
        least=Severity(webhook.severity),
        updates=webhook.updates,
    )
    return hook, _NEVER_SECONDS, webhook.timeout.total_seconds()
