"""Answers the operations of the API from the board, and writes what people do to the operations topic.

A request waits for the board in a thread of its own, so that health and metrics never wait for a page. Knows neither where
the board reads from nor what writes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeAlias, TypeVar

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from stream_monitor import __version__
from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.runtime.board.board import Board
from stream_monitor.runtime.ports import OperationsWriter
from stream_monitor.web import catalogue as api
from stream_monitor.web.access import Access
from stream_monitor.web.answers import Configuration
from stream_monitor.web.changing import Change, change_of
from stream_monitor.web.openapi import document
from stream_monitor.web.operations import PREFIX, Operation, query_of
from stream_monitor.web.parameters import AlertsQuery, HeatQuery, SeriesQuery, Span
from stream_monitor.web.refusals import Refused
from stream_monitor.web.stream import Feed, Streams

T = TypeVar("T")
Question: TypeAlias = Callable[[Board], object | None]
Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]
CATCH_UP_SECONDS: Final = 2.0
AT_ONCE: Final = 2  # requests that ask the board: more would only take the worker's time


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """What the API reads and writes.

    board: gives the one that is fed; where it is asleep it wakes up. The call waits at most so many seconds for it to catch up.
    configuration: given how many series of each model are watched. token: None, nobody may change anything. wall: ms UTC.
    """

    board: Callable[[float], Board]
    writer: OperationsWriter
    configuration: Callable[[Mapping[str, int]], Configuration]
    token: str | None
    wall: Callable[[], int]


class Endpoints:
    """The endpoints of the API. `close` ends the streams, so that the server need not wait for them."""

    def __init__(self, dashboard: Dashboard) -> None:
        self._dashboard = dashboard
        self._access = Access(dashboard.token)
        self._streams = Streams(Feed(lambda: dashboard.board(0.0)))
        self._turns = asyncio.Semaphore(AT_ONCE)

    def close(self) -> None:
        """From any thread."""
        self._streams.close()

    def routes(self) -> Iterator[BaseRoute]:
        """One for each address, longer ones first: names of models may have slashes."""
        by_path: dict[str, dict[str, Endpoint]] = {}
        for operation in api.CATALOGUE:
            by_path.setdefault(operation.path, {})[operation.method] = self._endpoint(operation)
        for path in sorted(by_path, key=len, reverse=True):
            yield Route(
                PREFIX + path.replace("{model}", "{model:path}"),
                _by_method(by_path[path]),
                methods=list(by_path[path]),
            )

    def _endpoint(self, operation: Operation) -> Endpoint:
        if operation.changes:
            return self._changing(operation)
        match operation.name:
            case "stream":
                return self._stream
            case "openapi":
                return self._document
            case "configuration":
                return self._configuration
        return self._reading(operation)

    def _reading(self, operation: Operation) -> Endpoint:
        ask = _QUESTIONS[operation.name]

        async def read(request: Request) -> Response:
            question = ask(request, self._dashboard.wall())
            body = await self._asked(lambda board: _found(question(board), request))
            return Response(body, media_type="application/json")

        return read

    def _changing(self, operation: Operation) -> Endpoint:
        async def change(request: Request) -> Response:
            self._access.check(request)
            wanted = await change_of(operation, request, self._dashboard.wall())
            answer = await self._in_turn(lambda: self._changed(wanted))
            if operation.answer is None:
                return Response(status_code=operation.status)
            return Response(orjson.dumps(answer), operation.status, media_type="application/json")

        return change

    def _changed(self, wanted: Change) -> object:
        """Look that there is something to change, then write; what was written."""
        wanted.check(self._dashboard.board(CATCH_UP_SECONDS))
        return wanted.write(self._dashboard.writer)

    async def _configuration(self, request: Request) -> Response:  # noqa: ARG002 (an endpoint takes the request)
        now = self._dashboard.wall()

        def answer() -> bytes:
            models = self._dashboard.board(CATCH_UP_SECONDS).overview(now).models
            watched = {m.model: m.series.warming + m.series.watching + m.series.drifting for m in models}
            return orjson.dumps(self._dashboard.configuration(watched))

        return Response(await self._in_turn(answer), media_type="application/json")

    async def _document(self, request: Request) -> Response:  # noqa: ARG002 (the protocol's)
        return Response(await asyncio.to_thread(_openapi_json), media_type="application/json")

    async def _stream(self, request: Request) -> Response:
        if request.method == "HEAD":  # whose body would never end
            return Response(media_type="text/event-stream")
        return self._streams.respond(request)

    async def _asked(self, question: Question) -> bytes:
        """The answer as JSON; it is written out within the turn, because that takes as long as making it."""
        return await self._in_turn(lambda: orjson.dumps(question(self._dashboard.board(CATCH_UP_SECONDS))))

    async def _in_turn(self, work: Callable[[], T]) -> T:
        async with self._turns:
            try:
                return await asyncio.to_thread(work)
            except StreamMonitorError as error:
                raise Refused(503, str(error)) from error


def openapi() -> dict[str, object]:
    """The OpenAPI document of this release. Cost: 0.2 s."""
    return document(api.CATALOGUE, __version__)


@cache
def _openapi_json() -> bytes:
    return orjson.dumps(openapi())


def _by_method(endpoints: Mapping[str, Endpoint]) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await endpoints[method](request)

    return endpoint


def _found(answer: object | None, request: Request) -> object:
    if answer is None:
        named = ", ".join([f"{part} {value!r}" for part, value in request.path_params.items()])
        asked = f" with {request.url.query}" if request.url.query else ""
        raise Refused(404, f"nothing is known of {named or request.url.path}{asked}")
    return answer


# ------------------------------------------------------------------------------------ what each one asks


def _overview(request: Request, now: int) -> Question:  # noqa: ARG001 (every question takes both)
    return lambda board: board.overview(now)


def _model(request: Request, now: int) -> Question:
    return lambda board: board.model(request.path_params["model"], now)


def _heat(request: Request, now: int) -> Question:  # noqa: ARG001 (every question takes both)
    query = query_of(request, HeatQuery)
    return lambda board: board.heat(request.path_params["model"], query.begin, query.end, query.buckets)


def _series(request: Request, now: int) -> Question:
    query = query_of(request, SeriesQuery)
    return lambda board: board.series(
        request.path_params["model"],
        (query.name, query.version, query.segment),
        query.begin,
        query.end,
        now=now,
    )


def _performance(request: Request, now: int) -> Question:  # noqa: ARG001 (every question takes both)
    query = query_of(request, Span)
    return lambda board: board.performance(request.path_params["model"], query.begin, query.end)


def _alerts(request: Request, now: int) -> Question:
    query = query_of(request, AlertsQuery)
    return lambda board: board.alerts(query.state, query.model, query.limit, now=now)


def _alert(request: Request, now: int) -> Question:
    return lambda board: board.alert(request.path_params["alert_id"], now)


def _mutes(request: Request, now: int) -> Question:  # noqa: ARG001 (every question takes both)
    return lambda board: board.mutes(now)


def _pipeline(request: Request, now: int) -> Question:  # noqa: ARG001 (every question takes both)
    return lambda board: board.pipeline(now)


_QUESTIONS: Final[Mapping[str, Callable[[Request, int], Question]]] = {
    "overview": _overview,
    "model": _model,
    "heat": _heat,
    "series": _series,
    "performance": _performance,
    "alerts": _alerts,
    "alert": _alert,
    "mutes": _mutes,
    "pipeline": _pipeline,
}
