"""A dashboard over an in-memory log: it is fed, it writes, and it ends at once, whoever still looks."""

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import orjson
import pytest
from prometheus_client import CollectorRegistry

from stream_monitor.app.dashboard import (
    OpenDashboard,
    Reach,
    WriterOnDemand,
    board_topics,
    memory_reach,
    open_dashboard,
)
from stream_monitor.app.service import SystemClock, topic_plans
from stream_monitor.app.ui import board_checks
from stream_monitor.config import Settings, load
from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.formats import status
from stream_monitor.formats.encoded import EncodedRecord
from stream_monitor.memory.log import MemoryLog
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.web.app import Published, create_app
from stream_monitor.web.server import RunningServer, start
from tests.unit.formats.core_values import STATUS
from tests.views import BUILD

TOKEN = "0123456789abcdef"
PATIENCE = 10.0


def settings() -> Settings:
    return load(None, {}, {"http.token": TOKEN, "kafka.partitions": 1}, for_kafka=False)


def a_log(wanted: Settings) -> MemoryLog:
    """With the monitor's topics, and the status of one model."""
    log = MemoryLog(now=SystemClock().wall)
    for plan in topic_plans(wanted):
        log.create_topic(plan.name, partitions=plan.partitions)
    record = status.encode(STATUS, "group")
    log.append(board_topics(wanted).status, record.value, key=record.key, timestamp=log.now())
    return log


@contextmanager
def served(reach: Reach, wanted: Settings) -> Iterator[tuple[RunningServer, OpenDashboard]]:
    with open_dashboard(wanted, reach, SystemClock()) as dashboard:
        published = Published(registry=CollectorRegistry(), build=BUILD, endpoints=dashboard.endpoints)
        with start("127.0.0.1", 0, create_app(published)) as server, closing(dashboard.endpoints):
            yield server, dashboard


def call(server: RunningServer, method: str, path: str, body: object = None) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE)) as connection:
        headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
        connection.request(method, f"/api/v1{path}", b"" if body is None else orjson.dumps(body), headers)
        response = connection.getresponse()
        return response.status, response.read()


def test_what_is_written_comes_back_through_the_topic() -> None:
    wanted = settings()
    with served(memory_reach(wanted, a_log(wanted)), wanted) as (server, _):
        code, _ = call(server, "POST", "/mutes", {"model": "fraud", "for": "1h", "by": "ann"})
        assert code == 201
        deadline = time.monotonic() + PATIENCE
        while not (mutes := orjson.loads(call(server, "GET", "/mutes")[1])["mutes"]):
            assert time.monotonic() < deadline
        assert mutes[0]["by"] == "ann"


def test_the_first_answer_waits_for_the_board_to_catch_up() -> None:
    wanted = settings()
    reach = memory_reach(wanted, a_log(wanted))
    asleep = Reach(open_reader=reach.open_reader, open_writer=reach.open_writer, always=False)
    with served(asleep, wanted) as (server, dashboard):
        assert not dashboard.reader.running
        overview = orjson.loads(call(server, "GET", "/overview")[1])
        assert overview["caught_up"]
        assert [one["model"] for one in overview["models"]] == ["fraud"]
        assert dashboard.reader.running


def test_nothing_reads_the_topics_before_somebody_looks() -> None:
    wanted = settings()

    def refuse(_: object) -> object:
        raise AssertionError("nobody looked")

    reach = Reach(open_reader=refuse, open_writer=refuse, always=False)  # type: ignore[arg-type]  # the test gives what the types forbid or cannot follow
    with served(reach, wanted) as (_, dashboard):
        assert not dashboard.reader.running


def test_readiness_says_what_keeps_it_from_reading() -> None:
    wanted, clock = settings(), SystemClock()

    def refuse(_: object) -> object:
        raise StreamMonitorError("no broker answers")

    reach = Reach(open_reader=refuse, open_writer=refuse, always=True)  # type: ignore[arg-type]  # the test gives what the types forbid or cannot follow
    with open_dashboard(wanted, reach, clock) as dashboard:
        deadline = time.monotonic() + PATIENCE
        while (check := board_checks(dashboard.reader, clock)[0]).detail != "no broker answers":
            assert time.monotonic() < deadline
        assert not check.passed


def test_a_page_that_looks_on_cannot_hold_the_end_up() -> None:
    wanted = settings()
    with served(memory_reach(wanted, a_log(wanted)), wanted) as (server, _):
        connection = http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE)
        connection.request("GET", "/api/v1/stream")
        response = connection.getresponse()
        assert response.readline() == b"retry: 2000\n"
        began = time.monotonic()
    assert time.monotonic() - began < 2.0
    assert not server.running
    assert b"event: changed" in response.read()  # and its end, not an error
    connection.close()


def test_a_page_that_goes_away_makes_room_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream_monitor.web.stream.MOST_STREAMS", 1)
    wanted = settings()
    with served(memory_reach(wanted, a_log(wanted)), wanted) as (server, _):
        first = http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE)
        first.request("GET", "/api/v1/stream")
        assert first.getresponse().readline() == b"retry: 2000\n"
        assert call(server, "GET", "/stream")[0] == 503
        assert first.sock is not None
        first.sock.close()
        first.close()
        deadline = time.monotonic() + PATIENCE
        while True:
            second = http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE)
            second.request("GET", "/api/v1/stream")
            found = second.getresponse().status
            second.close()
            if found == 200:
                break
            assert time.monotonic() < deadline


@dataclass
class Opened:
    """Counts writers."""

    writers: list[str] = field(default_factory=list)

    def write(self, record: EncodedRecord, deadline: Deadline) -> None:
        assert deadline.left() > 0
        self.writers.append(f"wrote {record.key!r}")

    def close(self) -> None:
        self.writers.append("closed")


def test_a_writer_is_opened_once_and_only_where_something_is_written() -> None:
    opened: list[Opened] = []

    def open_writer() -> Opened:
        opened.append(Opened())
        return opened[-1]

    never = WriterOnDemand(open_writer)
    never.close()
    assert opened == []
    with closing(WriterOnDemand(open_writer)) as writer:
        record = EncodedRecord(b"k", None, ())
        threads = [threading.Thread(target=writer.write, args=(record, Deadline(PATIENCE))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    (one,) = opened
    assert one.writers == ["wrote b'k'"] * 4 + ["closed"]
