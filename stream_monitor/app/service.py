"""The service: one worker on real Kafka, with metrics and health over HTTP, until it is told to stop."""

import os
import platform
import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from dataclasses import replace
from types import FrameType

from prometheus_client import CollectorRegistry, ProcessCollector

from stream_monitor import __version__
from stream_monitor.app.composition import Adapters, Shown, compose, first_view, input_topics
from stream_monitor.app.dashboard import Reach, kafka_reach, open_dashboard
from stream_monitor.app.process import settle
from stream_monitor.config import Settings
from stream_monitor.core.snapshot import digest
from stream_monitor.kafka.clients import client_version
from stream_monitor.kafka.failpoints import failpoint_from
from stream_monitor.kafka.options import KafkaOptions
from stream_monitor.kafka.source import KafkaSource
from stream_monitor.kafka.state_store import KafkaStateStore
from stream_monitor.kafka.topics import TopicNames, TopicPlan, plan_topics, verify_topics
from stream_monitor.kafka.transactor import KafkaCheckpointer
from stream_monitor.runtime.ports import Clock
from stream_monitor.telemetry.collector import Build, ViewCollector
from stream_monitor.telemetry.logs import LogFormat, configure_logs, get_logger
from stream_monitor.telemetry.recorder import Telemetry
from stream_monitor.telemetry.view import ViewHolder
from stream_monitor.web.app import Published, create_app
from stream_monitor.web.guard import hosts_for
from stream_monitor.web.health import Health
from stream_monitor.web.server import start

_log = get_logger("stream_monitor.service")
_POLL_INTERVAL_MS = "max.poll.interval.ms"


class SystemClock:
    """The machine's clock."""

    def wall(self) -> int:
        """ms UTC."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds."""
        return time.monotonic()


def run_service(
    settings: Settings,
    stop: Callable[[], bool],
    environ: Mapping[str, str] = os.environ,
    beside: Callable[[CollectorRegistry], AbstractContextManager[object]] = nullcontext,
) -> None:
    """Run one worker until `stop`. beside: what else runs meanwhile, with its metrics among ours.
    Raises StreamMonitorError with what to do.

    Checks or creates the topics, serves HTTP, joins the group; at the end commits with snapshots and leaves it.
    """
    clock = SystemClock()
    options = kafka_options(settings)
    name = settings.instance_id or f"{socket.gethostname()}-{uuid.uuid4().hex[:8]}"
    created = verify_topics(
        options,
        topic_plans(settings),
        create=settings.kafka.create_topics,
        replication_factor=settings.kafka.replication_factor,
    )
    _log.info(
        "starting", worker=name, group=options.group_id, inputs=list(input_topics(settings)), created=created
    )
    metrics = CollectorRegistry()
    shown = Shown(holder=ViewHolder(first_view(settings, clock, name=name)), telemetry=Telemetry(metrics))
    with ExitStack() as opened:
        reach = kafka_reach(settings, options, always=False)
        opened.enter_context(serving(settings, shown.holder, metrics, reach))
        opened.enter_context(beside(metrics))
        worker = compose(settings, kafka_adapters(settings, options, clock, environ), shown, name=name)
        settle()
        worker.run(stop)
    _log.info("stopped", worker=name)


def kafka_options(settings: Settings) -> KafkaOptions:
    """What the Kafka adapters need to know of the settings."""
    kafka = settings.kafka
    return KafkaOptions(
        bootstrap_servers=kafka.bootstrap_servers or "",
        group_id=kafka.group_id,
        instance_id=settings.instance_id,
        properties={key: prop.value for key, prop in kafka.properties.items()},
        on_lost_data=kafka.on_lost_data,
    )


def topic_plans(settings: Settings) -> Sequence[TopicPlan]:
    """The monitor's own topics as they must be."""
    topics = settings.topics
    return plan_topics(
        TopicNames(
            columns=topics.columns,
            state=topics.state,
            status=topics.status,
            history=topics.history,
            operations=topics.operations,
            alerts=topics.alerts,
            dead_letter=topics.dead_letter,
        ),
        settings.kafka.partitions,
    )


def kafka_adapters(
    settings: Settings, options: KafkaOptions, clock: Clock, environ: Mapping[str, str]
) -> Adapters:
    """The adapters of one member of the group. The producer comes first: it ends what an earlier run left open."""
    topics = settings.topics
    internal = (
        topics.state,
        topics.alerts,
        topics.dead_letter,
        topics.status,
        topics.history,
        topics.operations,
    )
    source = KafkaSource(options, inputs=input_topics(settings), columns=topics.columns, internal=internal)
    checkpointer = KafkaCheckpointer(
        options, source, columns=topics.columns, failpoint=failpoint_from(environ)
    )
    store = KafkaStateStore(options, columns=topics.columns, state=topics.state)
    return Adapters(source=source, checkpointer=checkpointer, store=store, clock=clock)


@contextmanager
def serving(
    settings: Settings, holder: ViewHolder, metrics: CollectorRegistry, reach: Reach
) -> Iterator[str | None]:
    """HTTP of a worker while the block runs; gives the address, or None where it is off. reach: of the dashboard."""
    listen = settings.http.listen
    build = build_of(settings)
    ViewCollector(metrics, holder, build)
    ProcessCollector(registry=metrics)
    if listen is None:
        yield None
        return
    poll_interval = kafka_options(settings).client_properties("consumer").get(_POLL_INTERVAL_MS, "300000")
    published = Published(
        views=holder,
        registry=metrics,
        build=build,
        health=Health(max_beat_age=int(poll_interval) / 1000),
        hosts=hosts_for(listen.host),
    )
    if not settings.http.ui:
        with start(listen.host, listen.port, create_app(published)) as server:
            yield server.url
        return
    with open_dashboard(settings, reach, SystemClock()) as dashboard:
        published = replace(published, endpoints=dashboard.endpoints)
        with start(listen.host, listen.port, create_app(published)) as server, closing(dashboard.endpoints):
            yield server.url


def build_of(settings: Settings) -> Build:
    """What runs here."""
    return Build(
        version=__version__,
        python=platform.python_version(),
        librdkafka=client_version(),
        configuration=digest(settings.redacted()),
    )


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set; the first one asks for a clean end, a second one ends the process at once."""
    stop = threading.Event()

    def ask(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def configure_logging(settings: Settings) -> None:
    """Logs as the settings say."""
    configure_logs(LogFormat(settings.logging.format), level=settings.logging.level)
