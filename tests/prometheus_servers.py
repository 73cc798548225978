"""Real Prometheus and Alertmanager for the tests, and a webhook that remembers: each on a free port of loopback.

Owns the processes: what it starts it ends, by the process itself. Knows nothing of what is tested.
"""

import json
import shutil
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from tests.kafka_broker import free_ports

READY_SECONDS = 30.0
STOP_SECONDS = 10.0
INSTALL = "scripts/system-parts installs it, or says how"


def program(*names: str) -> str:
    """The first of these that is on the PATH; Debian's names differ from those of the projects."""
    for name in names:
        if found := shutil.which(name):
            return found
    raise AssertionError(f"none of {', '.join(names)} is on the PATH: {INSTALL}")


def ask(url: str, **parameters: str | float) -> Any:
    """`data` of an answer of Prometheus."""
    question = urllib.parse.urlencode({name.rstrip("_"): value for name, value in parameters.items()})
    with urllib.request.urlopen(f"{url}?{question}", timeout=10) as answer:
        said = json.load(answer)
    assert said["status"] == "success", said
    return said["data"]


def eventually(found: Callable[[], Any], what: str, seconds: float) -> Any:
    """What `found` returns once that is true."""
    deadline = time.monotonic() + seconds
    while not (result := found()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.2)
    return result


@contextmanager
def running(command: Sequence[str | Path], log: Path, ready: str) -> Iterator[None]:
    """The process, until the block ends; it begins once `ready` answers."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def answers() -> bool:
        assert process.poll() is None, log.read_text(errors="replace")
        try:
            with urllib.request.urlopen(ready, timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    try:
        eventually(answers, f"{command[0]} is not ready", READY_SECONDS)
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass(slots=True)
class Webhook:
    """What was posted to it: path and body, in order."""

    url: str
    posted: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def alerts(self, path: str, **labels: str) -> list[dict[str, Any]]:
        """Those that Alertmanager sent to this path, with these labels among others."""
        return [
            alert
            for at, body in list(self.posted)
            if at == path
            for alert in body["alerts"]
            if labels.items() <= alert["labels"].items()
        ]


@contextmanager
def webhook() -> Iterator[Webhook]:
    """It takes everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            remembered.posted.append((self.path, body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    remembered = Webhook(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, name="webhook")
    thread.start()
    try:
        yield remembered
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def alertmanager(directory: Path, config: Mapping[str, Any]) -> Iterator[str]:
    """Alertmanager with this configuration; gives its address."""
    directory.mkdir()
    (directory / "alertmanager.yml").write_text(yaml.safe_dump(dict(config)))
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    command = [
        program("prometheus-alertmanager", "alertmanager"),
        f"--config.file={directory}/alertmanager.yml",
        f"--storage.path={directory}/data",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with running(command, directory / "log", f"{url}/-/ready"):
        yield url


@contextmanager
def prometheus(directory: Path, config: Mapping[str, Any]) -> Iterator[str]:
    """Prometheus with this configuration; gives its address."""
    directory.mkdir(exist_ok=True)
    (directory / "prometheus.yml").write_text(yaml.safe_dump(dict(config)))
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    command = [
        program("prometheus"),
        f"--config.file={directory}/prometheus.yml",
        f"--storage.tsdb.path={directory}/data",
        f"--web.listen-address=127.0.0.1:{port}",
        "--rules.alert.resend-delay=1s",
    ]
    with running(command, directory / "log", f"{url}/-/ready"):
        yield url
