"""Who may change something over HTTP: who brings the token, and no page of another site on a user's behalf.

The token is compared in constant time and never logged. Reading needs none.
"""

import hashlib
import hmac
from typing import Final

from starlette.datastructures import URL
from starlette.requests import Request

from stream_monitor.web.refusals import Refused

LONGEST_BODY: Final = 16 << 10
HOW_TO_CHANGE: Final = (
    "nothing can be changed over HTTP: no token is configured; set http.token or http.token_file"
    " (or STREAM_MONITOR_HTTP__TOKEN), and send it as Authorization: Bearer TOKEN"
)
_CHALLENGE: Final = {"www-authenticate": 'Bearer realm="stream-monitor"'}
_WITH_BODY: Final = ("POST", "PUT", "PATCH")


class Access:
    """Decides whether a request may change something. token: None, nobody may."""

    def __init__(self, token: str | None) -> None:
        self._digest = None if token is None else _digest(token)

    def check(self, request: Request) -> None:
        """Raises Refused, with the status and what to do, unless the request may change something."""
        if self._digest is None:
            raise Refused(403, HOW_TO_CHANGE)
        if not _same_origin(request):
            raise Refused(403, "pages of other sites may not change anything here")
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not given:
            raise Refused(401, "changes need the header Authorization: Bearer TOKEN", _CHALLENGE)
        if not hmac.compare_digest(_digest(given.strip()), self._digest):
            raise Refused(
                401, "not the token of this server: see http.token of its configuration", _CHALLENGE
            )
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if request.method in _WITH_BODY and content_type != "application/json":
            raise Refused(415, "send JSON, with the header Content-Type: application/json")


async def body_of(request: Request) -> bytes:
    """The body; raises Refused as soon as it is too long."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LONGEST_BODY:
            raise Refused(413, f"the body is longer than {LONGEST_BODY} bytes")
    return bytes(body)


def _digest(token: str) -> bytes:
    """Of one length, whatever the token's: a comparison cannot tell how long it is."""
    return hashlib.sha256(token.encode()).digest()


def _same_origin(request: Request) -> bool:
    """What browsers say of where a request comes from; programs say nothing, and bring the token on purpose."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    # The scheme is not compared: a proxy may end TLS before this server.
    return origin is None or URL(origin).netloc.lower() == request.headers.get("host", "").lower()
