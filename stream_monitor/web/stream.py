"""Server-sent events: what has changed, at most once a second, so that a page asks again for what it shows.

The events carry no data of the models: a client that missed some asks once, and knows all.
"""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from stream_monitor.runtime.board.answers import Changed
from stream_monitor.runtime.board.board import Board
from stream_monitor.web.refusals import Refused

MOST_STREAMS: Final = 64
RETRY_MS: Final = 2_000
_HEADERS: Final = {
    "cache-control": "no-store",
    "x-accel-buffering": "no",  # nginx would hold the events back until its buffer is full
}


# Id of the last event, empty before the first → the id now, and what has changed since; everything where the id is not known.
ChangesSince: TypeAlias = Callable[[str], tuple[str, Changed]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds between two looks at what has changed, and between two signs of life."""

    every: float = 1.0
    alive: float = 15.0


class Streams:
    """All streams of a server. `close` ends them, from any thread; there are no new ones then."""

    def __init__(self, changes: ChangesSince, pace: Pace | None = None) -> None:
        self._changes = changes
        self._pace = pace or Pace()
        self._open = 0
        self._closing = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed: asyncio.Event | None = None

    def respond(self, request: Request) -> Response:
        """A stream from now on, or from the Last-Event-ID; raises Refused when there are too many."""
        if self._closing:
            raise Refused(503, "the server is ending", {"retry-after": "2"})
        if self._open >= MOST_STREAMS:
            raise Refused(503, f"{MOST_STREAMS} streams are open: no more", {"retry-after": "10"})
        if self._closed is None:
            self._loop, self._closed = asyncio.get_running_loop(), asyncio.Event()
        events = self._events(request.headers.get("last-event-id", ""), self._closed)
        return StreamingResponse(events, media_type="text/event-stream", headers=_HEADERS)

    def close(self) -> None:
        """End all streams: their clients come back when there is a server again."""
        self._closing = True
        if self._loop is not None and self._closed is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._closed.set)

    async def _events(self, last_id: str, closed: asyncio.Event) -> AsyncIterator[bytes]:
        self._open += 1
        try:
            yield f"retry: {RETRY_MS}\n\n".encode()
            said = time.monotonic()
            while not closed.is_set():
                last_id, changed = self._changes(last_id)
                now = time.monotonic()
                if changed.models or changed.alerts or changed.workers or changed.operations:
                    yield _event(last_id, changed)
                    said = now
                elif now - said >= self._pace.alive:
                    yield b": alive\n\n"
                    said = now
                await _wait(closed, self._pace.every)
        finally:
            self._open -= 1


class Feed:
    """What has changed on a board, by the ids of events; another board gives other ids.

    board: gives the one that is there now: it begins anew when nobody has looked for a while.
    """

    def __init__(self, board: Callable[[], Board]) -> None:
        self._board = board
        self._known: Board | None = None
        self._epoch = ""

    def __call__(self, last_id: str) -> tuple[str, Changed]:
        """What has changed since the event with this id."""
        board = self._board()
        if (
            board is not self._known
        ):  # versions of one board mean nothing to another, of another process above all
            self._known, self._epoch = board, uuid.uuid4().hex[:8]
        epoch, _, version = last_id.partition("-")
        changed = board.changed_since(int(version) if epoch == self._epoch and version.isdecimal() else 0)
        return f"{self._epoch}-{changed.version}", changed


def _event(identity: str, changed: Changed) -> bytes:
    return b"id: %s\nevent: changed\ndata: %s\n\n" % (identity.encode(), orjson.dumps(changed))


async def _wait(closed: asyncio.Event, seconds: float) -> None:
    """Until it is set, at most so many seconds."""
    try:
        await asyncio.wait_for(closed.wait(), seconds)
    except TimeoutError:
        return
