"""The server on a real socket: it answers, steps aside for others, and ends in time even when clients do not."""

import logging
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp, Receive, Scope, Send

from stream_monitor.telemetry.view import ViewHolder
from stream_monitor.web import server
from stream_monitor.web.app import Published, create_app
from stream_monitor.web.server import CannotListen, start
from tests.views import BUILD, a_view


@pytest.fixture
def app() -> ASGIApp:
    return create_app(Published(views=ViewHolder(a_view()), registry=CollectorRegistry(), build=BUILD))


@contextmanager
def taken(count: int) -> Iterator[int]:
    """`count` ports in a row that somebody listens on; the one after them was free a moment ago."""
    for first in range(20_000, 30_000, count + 1):
        with ExitStack() as listeners:
            try:
                for port in range(first, first + count):
                    listeners.enter_context(socket.create_server(("127.0.0.1", port)))
                socket.create_server(("127.0.0.1", first + count)).close()
            except OSError:
                continue
            yield first
            return
    pytest.fail("no free ports")


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as response:
        text: str = response.read().decode()
        return text


def test_it_answers_on_a_free_port_and_ends(app: ASGIApp) -> None:
    running = start("127.0.0.1", 0, app)
    assert running.url == f"http://127.0.0.1:{running.port}"
    assert get(running.url + "/readyz") == "ok\n"
    running.stop()
    assert not running.running
    with pytest.raises(urllib.error.URLError):
        get(running.url + "/readyz")


def test_stopping_twice_is_no_error(app: ASGIApp) -> None:
    with start("127.0.0.1", 0, app) as running:
        running.stop()
    assert not running.running


def test_the_next_free_port_is_taken_and_said(app: ASGIApp, caplog: pytest.LogCaptureFixture) -> None:
    with taken(2) as port, start("127.0.0.1", port, app) as running:
        assert port + 2 <= running.port <= port + 20
        assert get(running.url + "/readyz") == "ok\n"
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "http port taken" in record.getMessage()
    assert running.url in record.getMessage()


def test_two_on_one_machine_do_not_share_a_port(app: ASGIApp) -> None:
    with start("127.0.0.1", 0, app) as first, start("127.0.0.1", first.port, app) as second:
        assert second.port != first.port
        assert get(first.url + "/readyz") == get(second.url + "/readyz") == "ok\n"


def test_when_all_are_taken_it_says_what_to_do(app: ASGIApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PORTS_TRIED", 2)
    with (
        taken(2) as port,
        pytest.raises(CannotListen, match=rf"ports {port} to {port + 1} .* are taken; choose another"),
    ):
        start("127.0.0.1", port, app)


def test_the_last_port_has_no_next_one(app: ASGIApp) -> None:
    with (
        socket.create_server(("127.0.0.1", 65_535)),
        pytest.raises(CannotListen, match="ports 65535 to 65535"),
    ):
        start("127.0.0.1", 65_535, app)


def test_an_address_that_is_not_ours_is_a_clear_error(app: ASGIApp) -> None:
    with pytest.raises(
        CannotListen, match=r"cannot listen on 203\.0\.113\.1:8080: .+; choose another address"
    ):
        start("203.0.113.1", 8080, app)


def test_a_name_that_nobody_knows_is_a_clear_error(app: ASGIApp, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_address: object, **_options: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(
        CannotListen, match="cannot listen on nowhere:8080: Name or service not known; choose another"
    ):
        start("nowhere", 8080, app)


def test_the_port_is_free_again_at_once(app: ASGIApp) -> None:
    with start("127.0.0.1", 0, app) as first:
        get(first.url + "/readyz")
    with start("127.0.0.1", first.port, app) as second:
        assert second.port == first.port


def test_clients_that_do_not_let_go_cannot_hold_it_up() -> None:
    async def never(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        await receive()
        while True:
            await receive()

    running = start("127.0.0.1", 0, never)
    with (
        socket.create_connection((running.host, running.port)) as idle,
        socket.create_connection((running.host, running.port)) as streaming,
    ):
        streaming.sendall(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert streaming.recv(1)
        begun = time.monotonic()
        running.stop()
        assert time.monotonic() - begun < 2.9  # before it has to be forced
        assert not running.running
        assert idle.fileno() >= 0


def test_its_thread_does_not_keep_the_program_alive(app: ASGIApp) -> None:
    with start("127.0.0.1", 0, app):
        (thread,) = [thread for thread in threading.enumerate() if thread.name == "http"]
        assert thread.daemon
