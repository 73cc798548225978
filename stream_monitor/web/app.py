"""The HTTP application: metrics, health, version and status from the published view; the dashboard and its API.

It never touches the worker and never waits for it, so a slow reader cannot slow detection. Times, addresses and threads
are the server's business.
"""

import html
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final, TypeAlias

import orjson
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from stream_monitor.telemetry.collector import Build
from stream_monitor.telemetry.view import ViewHolder
from stream_monitor.web import api
from stream_monitor.web.assets import PAGE, asset_response, assets
from stream_monitor.web.dashboard import Endpoints
from stream_monitor.web.guard import LOOPBACK, Guard
from stream_monitor.web.health import Check, Health, as_text
from stream_monitor.web.operations import PREFIX
from stream_monitor.web.refusals import Refused, answer_http_error, answer_refused

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]

PAGES: Final = {
    "/metrics": "metrics for Prometheus",
    "/livez?verbose": "liveness",
    "/readyz?verbose": "readiness",
    "/api/v1/status": "status as JSON",
    "/version": "version",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What the application may read.

    views: of the worker in this process; None where there is none, and `ready` says what it is ready for instead.
    endpoints: of the dashboard's API; None: neither is served. hosts: names clients may use for this server, empty for any;
    `guard.hosts_for` says which fit a listening address.
    """

    registry: CollectorRegistry
    build: Build
    views: ViewHolder | None = None
    health: Health = field(default_factory=Health)
    ready: Callable[[], Sequence[Check]] = tuple
    endpoints: Endpoints | None = None
    hosts: Sequence[str] = LOOPBACK


def create_app(published: Published) -> Starlette:
    """The ASGI application."""
    return Starlette(
        routes=list(_routes(published)),
        middleware=[
            Middleware(
                Guard, hosts=published.hosts, changes=() if published.endpoints is None else (f"{PREFIX}/",)
            ),
            Middleware(GZipMiddleware, minimum_size=1024, compresslevel=1),
        ],
        exception_handlers={Refused: answer_refused, HTTPException: answer_http_error},
    )


def _routes(published: Published) -> Iterator[BaseRoute]:
    views, health = published.views, published.health
    live = _checks(lambda: () if views is None else health.live(views.view))
    ready = _checks(lambda: published.ready() if views is None else health.ready(views.view))
    routes = {
        "/metrics": _metrics(published.registry),
        "/livez": live,
        "/healthz": live,
        "/readyz": ready,
        "/version": _json(lambda: asdict(published.build)),
    }
    if views is not None:
        routes["/api/v1/status"] = _json(lambda: api.status(views.view))
    if published.endpoints is None:
        routes["/"] = _plain_page(published)
    else:
        routes |= {"/": _asset(PAGE), "/ui/{path:path}": _asset(None)}
        yield from published.endpoints.routes()
    for path, endpoint in routes.items():
        yield Route(path, endpoint, methods=["GET"])


def _asset(path: str | None) -> Endpoint:
    """A file of the dashboard: this one, or the one that the address names."""

    async def asset(request: Request) -> Response:
        found = assets().get(request.path_params["path"] if path is None else path)
        if found is None:
            raise HTTPException(404)
        return asset_response(request, found)

    return asset


def _metrics(registry: CollectorRegistry) -> Endpoint:
    async def metrics(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), headers={"content-type": content_type})

    return metrics


def _checks(check: Callable[[], Sequence[Check]]) -> Endpoint:
    async def health(request: Request) -> Response:
        checks = check()
        passed = all(c.passed for c in checks)
        if "verbose" in request.query_params:
            text = as_text(checks)
        else:
            text = "ok\n" if passed else "".join(f"{c.detail}\n" for c in checks if not c.passed)
        return PlainTextResponse(text, 200 if passed else 503)

    return health


def _json(value: Callable[[], object]) -> Endpoint:
    async def as_json(request: Request) -> Response:  # noqa: ARG001 (an endpoint takes the request)
        return Response(orjson.dumps(value()), media_type="application/json")

    return as_json


def _plain_page(published: Published) -> Endpoint:
    """Where there is no dashboard: what else is here."""
    links = "".join(f'<li><a href="{path}">{name}</a></li>\n' for path, name in PAGES.items())
    page = _PAGE.format(version=html.escape(published.build.version), links=links)

    async def home(request: Request) -> Response:  # noqa: ARG001
        return HTMLResponse(page)

    return home


_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>stream-monitor</title>
</head>
<body>
<main>
<h1>stream-monitor {version}</h1>
<p>The dashboard is off (http.ui).</p>
<ul>
{links}</ul>
</main>
</body>
</html>
"""
