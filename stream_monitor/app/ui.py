"""The dashboard as a process of its own: beside any number of workers, in no group, reading their topics alone."""

import threading
from collections.abc import Callable, Sequence
from contextlib import closing

from prometheus_client import CollectorRegistry

from stream_monitor.app.dashboard import kafka_reach, open_dashboard
from stream_monitor.app.service import SystemClock, build_of, kafka_options
from stream_monitor.config import Settings
from stream_monitor.config.fields import Listen
from stream_monitor.runtime.board.reader import BoardReader
from stream_monitor.runtime.ports import Clock
from stream_monitor.web.app import Published, create_app
from stream_monitor.web.guard import hosts_for
from stream_monitor.web.health import Check
from stream_monitor.web.server import start


def serve_ui(
    settings: Settings, listen: Listen, stop: threading.Event, started: Callable[[str], None]
) -> None:
    """Serve the dashboard at `listen` until `stop`. started: is told the address. Raises CannotListen.

    Brokers that are away are no failure: the dashboard says so, and goes on when they are back.
    """
    clock = SystemClock()
    reach = kafka_reach(settings, kafka_options(settings), always=True)
    with open_dashboard(settings, reach, clock) as dashboard:
        published = Published(
            registry=CollectorRegistry(),
            build=build_of(settings),
            ready=lambda: board_checks(dashboard.reader, clock),
            endpoints=dashboard.endpoints,
            hosts=hosts_for(listen.host),
        )
        app = create_app(published)
        with start(listen.host, listen.port, app) as server, closing(dashboard.endpoints):
            started(server.url)
            stop.wait()


def board_checks(reader: BoardReader, clock: Clock) -> Sequence[Check]:
    """Checks of /readyz: whether the board shows what is on the topics."""
    overview = reader.board().overview(clock.wall())
    why = "; ".join(overview.problems) or "the topics are still being read"
    return (Check("topics-read", overview.caught_up, why),)
