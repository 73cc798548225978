"""Runs an ASGI application in a thread of its own and ends it in bounded time. Knows nothing of what it serves."""

import errno
import socket
import threading
from typing import Final, Self

import uvicorn
from starlette.types import ASGIApp

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.telemetry.logs import get_logger

PORTS_TRIED: Final = 21  # the wanted one and the next twenty: that many workers on one machine
_START_SECONDS: Final = 10.0
_STOP_SECONDS: Final = 3.0
_ADVICE: Final = "choose another address with --http or http.listen"
_log = get_logger("stream_monitor.http")


class CannotListen(StreamMonitorError):
    """The address cannot be listened on; the text says which and what to do."""


class RunningServer:
    """A server that answers. `stop` ends it; leaving a `with` block does, too."""

    def __init__(self, server: uvicorn.Server, thread: threading.Thread, listener: socket.socket) -> None:
        self._server = server
        self._thread = thread
        address = listener.getsockname()
        self.host: Final[str] = address[0]
        self.port: Final[int] = address[1]

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def running(self) -> bool:
        """Whether its thread is alive."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Take no more connections, give open ones a second, end. Returns within six seconds; may be called again."""
        self._server.should_exit = True
        self._thread.join(_STOP_SECONDS)
        if self._thread.is_alive():
            self._server.force_exit = True
            self._thread.join(_STOP_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()


def start(host: str, port: int, app: ASGIApp) -> RunningServer:
    """Serve `app` and return once it answers.

    If `port` is taken the next free one is used (up to +20) and logged as a warning; 0 takes any free one. Raises
    CannotListen.
    """
    listener = _listen(host, port)
    answering = threading.Event()
    server = _uvicorn(app, answering)
    thread = threading.Thread(target=_serve, args=(server, listener, answering), name="http", daemon=True)
    running = RunningServer(server, thread, listener)
    thread.start()
    answering.wait(_START_SECONDS)
    if not server.started:
        running.stop()
        raise CannotListen(f"the HTTP server did not start on {running.url}; see the log above")
    if port not in (0, running.port):
        _log.warning("http port taken, using the next free one", wanted=port, url=running.url)
    else:
        _log.info("http server started", url=running.url)
    return running


def _uvicorn(app: ASGIApp, answering: threading.Event) -> uvicorn.Server:
    async def first_turn() -> None:
        answering.set()

    return uvicorn.Server(
        uvicorn.Config(
            app,
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            callback_notify=first_turn,
            timeout_graceful_shutdown=1,
        )
    )


def _serve(server: uvicorn.Server, listener: socket.socket, answering: threading.Event) -> None:
    """Thread. uvicorn leaves signals alone outside the main thread; they belong to the worker."""
    try:
        server.run(sockets=[listener])
    finally:
        listener.close()
        answering.set()


def _listen(host: str, port: int) -> socket.socket:
    """A bound socket on `port` or one of the next twenty. Raises CannotListen."""
    last = min(port + PORTS_TRIED, 65536)
    for candidate in range(port, last):
        try:
            return _bind(host, candidate)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise CannotListen(
                    f"cannot listen on {host}:{candidate}: {error.strerror}; {_ADVICE}"
                ) from error
    raise CannotListen(f"ports {port} to {last - 1} of {host} are taken; {_ADVICE}")


def _bind(host: str, port: int) -> socket.socket:
    """SO_REUSEADDR: a restart need not wait for TIME_WAIT; on Linux a second listener is refused all the same."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener
