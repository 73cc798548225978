"""What holds for every answer: where anything may be changed at all, security headers, and no foreign host names on loopback.

The last is the defence against DNS rebinding, by which any web page could read a server on the user's own machine.
"""

import ipaddress
from collections.abc import Sequence
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
READING: Final = ("GET", "HEAD")
CHANGING: Final = ("POST", "DELETE")


class Guard:
    """ASGI middleware. hosts: names a client may use for this server; empty: any. changes: beginnings of addresses below which
    something may be changed (who may is the endpoint's business); everything else is read-only.

    Applies to everything inside, errors of the routes included.
    """

    def __init__(self, app: ASGIApp, *, hosts: Sequence[str], changes: Sequence[str] = ()) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._changes = tuple(changes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer itself what may not pass, and put the headers on what does."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        app: ASGIApp = self._app
        if not self._may(scope["method"], scope["path"]):
            app = PlainTextResponse("this is read-only\n", 405, headers={"allow": ", ".join(READING)})
        elif self._hosts and host_name(Headers(scope=scope).get("host", "")) not in self._hosts:
            app = PlainTextResponse("unknown host; use localhost or 127.0.0.1\n", 421)
        await app(scope, receive, with_headers)

    def _may(self, method: str, path: str) -> bool:
        return method in READING or (method in CHANGING and path.startswith(self._changes))


def host_name(host: str) -> str:
    """The name in a Host header.

    >>> host_name("LOCALHOST:8080"), host_name("[::1]:8080"), host_name("127.0.0.1")
    ('localhost', '::1', '127.0.0.1')
    """
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0].lower() if ":" in host else host.lower()


def hosts_for(address: str) -> tuple[str, ...]:
    """The names by which clients may call a server that listens on `address`: on loopback its own, elsewhere any.

    >>> hosts_for("127.0.0.1"), hosts_for("0.0.0.0")
    (('localhost', '127.0.0.1', '::1'), ())
    """
    if address == "localhost":
        return LOOPBACK
    try:
        loopback = ipaddress.ip_address(address).is_loopback
    except ValueError:
        return ()
    return LOOPBACK if loopback else ()
