"""Runs a command in this process, as a shell would see it."""

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from typer.testing import CliRunner

from stream_monitor.cli.main import app

NAMES = (
    "run",
    "ui",
    "status",
    "alerts",
    "alerts list",
    "alerts tail",
    "alerts show",
    "alerts ack",
    "alerts unack",
    "alerts mute",
    "alerts unmute",
    "doctor",
    "demo",
    "replay",
    "check",
    "test",
    "explain",
    "export",
    "compare",
    "reference",
    "reference build",
    "reference show",
    "reference merge",
    "reference import",
    "topics",
    "topics create",
    "detectors",
    "schema",
    "version",
)


class Ran(NamedTuple):
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


def run(*arguments: str | Path, **environment: str) -> Ran:
    """`stream-monitor ARGUMENTS` with these variables."""
    result = CliRunner().invoke(
        app,
        [str(argument) for argument in arguments],
        prog_name="stream-monitor",
        env={"COLUMNS": "100", **environment},
    )
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ran(result.exit_code, result.stdout, result.stderr)


def python(code: str) -> str:
    """What a fresh interpreter prints when it runs `code`."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


CONFIGURATION = """\
version: 1
kafka: {bootstrap_servers: localhost:9092}
models:
  - name: fraud
    sources: [fraud.predictions, fraud.labels]
    alerting: {false_alarms: 2 per week}
"""


def configuration(folder: Path, text: str = CONFIGURATION) -> Path:
    """A file with this configuration."""
    path = folder / "monitor.yaml"
    path.write_text(text)
    return path
