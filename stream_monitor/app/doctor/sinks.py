"""Whether Alertmanager and webhooks can be reached: a connection is made, with TLS for https, and nothing is sent."""

import socket
import ssl
from typing import Final
from urllib.parse import urlsplit

from stream_monitor.app.doctor.checks import Check, failed, passed

SECONDS: Final = 5.0
_PORTS: Final = {"http": 80, "https": 443}


def sink_check(name: str, url: str, seconds: float = SECONDS) -> Check:
    """The sink at `url`, of which only host and port are told: the rest may hold a secret. seconds: to wait for it."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 80)
    what, where = f"sink {name}", f"{host}:{port}"
    try:
        with socket.create_connection((host, port), seconds) as connection:
            if parts.scheme == "https":
                ssl.create_default_context().wrap_socket(connection, server_hostname=host).close()
    except ssl.SSLError as error:
        return failed(
            what,
            f"{where} is not trusted: {error.reason or error}",
            "let its certificate be signed by an authority that this machine trusts (SSL_CERT_FILE)",
        )
    except OSError as error:
        return failed(
            what,
            f"{where} does not answer: {error.strerror or error}",
            "check the address under sinks, that it runs, and that it can be reached from here",
        )
    return passed(what, f"{where} takes connections")
