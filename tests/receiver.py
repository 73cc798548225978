"""An HTTP receiver of webhooks that answers as it is told, and remembers what came."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Got:
    """One request."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    answered: int

    @property
    def event(self) -> dict[str, Any]:
        parsed: dict[str, Any] = orjson.loads(self.body)
        return parsed


@dataclass(slots=True)
class Receiver:
    """answers: status codes to come, the last one for ever; got: requests in order."""

    url: str = ""
    answers: list[int] = field(default_factory=lambda: [200])
    got: list[Got] = field(default_factory=list)

    def taken(self) -> list[Got]:
        return [one for one in list(self.got) if one.answered == 200]


@contextmanager
def receiver(*answers: int) -> Iterator[Receiver]:
    """Listens on loopback while the block runs."""
    made = Receiver(answers=list(answers) or [200])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = made.answers.pop(0) if len(made.answers) > 1 else made.answers[0]
            headers = {name.lower(): value for name, value in self.headers.items()}
            made.got.append(Got(self.path, headers, body, answer))
            self.send_response(answer)
            if answer == 307:
                self.send_header("location", "/elsewhere")
            self.end_headers()
            if answer >= 400:
                self.wfile.write(b"because")

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="receiver")
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
