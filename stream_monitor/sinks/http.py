"""POST over HTTP with the standard library: one request, no redirect, an outcome instead of an exception."""

import http.client
import ssl
import urllib.error
import urllib.request
from typing import Any, Final

from stream_monitor.runtime.notify.message import Message, Outcome, Posted

_RETRIED: Final = frozenset({408, 425, 429})  # the receiver asks for another try
_SAID: Final = 300  # bytes of an answer that are told


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirected POST would become a GET: it is refused instead."""

    def redirect_request(self, *_args: Any, **_named: Any) -> None:
        """Follow none."""


class HttpPoster:
    """Sends to one receiver. Proxies are those of the environment; certificates those of the machine. Called by one thread."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._opener = urllib.request.build_opener(_NoRedirect)

    def post(self, message: Message) -> Posted:
        """Send it and wait for the answer, at most the timeout for every step of the connection."""
        request = urllib.request.Request(  # noqa: S310 (the configuration allows http and https only)
            message.url, data=message.body, headers=dict(message.headers), method="POST"
        )
        try:
            with self._opener.open(request, timeout=self._timeout) as answer:
                answer.read(_SAID)
                return Posted(Outcome.DELIVERED, f"{answer.status}")
        except urllib.error.HTTPError as error:
            with error:
                said = error.read(_SAID).decode("utf-8", "replace").strip()
            again = error.code in _RETRIED or error.code >= 500
            detail = f"{error.code} {error.reason}" + (f": {said}" if said else "")
            return Posted(Outcome.UNAVAILABLE if again else Outcome.REFUSED, detail)
        except (TimeoutError, OSError, http.client.HTTPException, ssl.SSLError) as error:
            reason = getattr(error, "reason", error)
            return Posted(Outcome.UNAVAILABLE, str(reason) or type(error).__name__)
