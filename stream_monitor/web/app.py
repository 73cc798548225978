"""The read-only HTTP application: metrics, health, version and status from the published view.

It never touches the worker and never waits for it, so a slow reader cannot slow detection. Times, addresses and threads
are the server's business.
"""

import html
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final, TypeAlias

import orjson
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from stream_monitor.telemetry.collector import Build
from stream_monitor.telemetry.view import View, ViewHolder
from stream_monitor.web import api
from stream_monitor.web.guard import LOOPBACK, Guard
from stream_monitor.web.health import Check, Health, as_text

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

    hosts: names clients may use for this server, empty for any; `guard.hosts_for` says which fit a listening address.
    """

    views: ViewHolder
    registry: CollectorRegistry
    build: Build
    health: Health = field(default_factory=Health)
    hosts: Sequence[str] = LOOPBACK


def create_app(published: Published) -> Starlette:
    """The ASGI application."""
    live = _checks(published, published.health.live)
    routes = {
        "/": _home(published),
        "/metrics": _metrics(published.registry),
        "/livez": live,
        "/healthz": live,
        "/readyz": _checks(published, published.health.ready),
        "/version": _json(lambda: asdict(published.build)),
        "/api/v1/status": _json(lambda: api.status(published.views.view)),
    }
    return Starlette(
        routes=[Route(path, endpoint, methods=["GET"]) for path, endpoint in routes.items()],
        middleware=[
            Middleware(Guard, hosts=published.hosts),
            Middleware(GZipMiddleware, minimum_size=1024, compresslevel=1),
        ],
    )


def _metrics(registry: CollectorRegistry) -> Endpoint:
    async def metrics(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), headers={"content-type": content_type})

    return metrics


def _checks(published: Published, check: Callable[[View], Sequence[Check]]) -> Endpoint:
    async def health(request: Request) -> Response:
        checks = check(published.views.view)
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


def _home(published: Published) -> Endpoint:
    async def home(request: Request) -> Response:  # noqa: ARG001
        view = published.views.view
        links = "".join(f'<li><a href="{path}">{name}</a></li>\n' for path, name in PAGES.items())
        rows = "".join(
            f"<tr><td>{html.escape(model.model)}</td><td>{model.rows}</td><td>{len(model.open_alerts)}</td></tr>\n"
            for model in view.models
        )
        return HTMLResponse(
            _PAGE.format(
                version=html.escape(published.build.version),
                worker=html.escape(view.worker),
                group=html.escape(view.group),
                state="ready" if view.ready else "not ready",
                rows=rows,
                links=links,
            )
        )

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
<p>Worker {worker} of the group {group}: {state}.</p>
<table>
<caption>Models of this worker</caption>
<thead><tr><th scope="col">model</th><th scope="col">rows</th><th scope="col">open alerts</th></tr></thead>
<tbody>
{rows}</tbody>
</table>
<ul>
{links}</ul>
</main>
</body>
</html>
"""
