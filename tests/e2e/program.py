"""The installed program as a subprocess, as a shell runs it."""

import os
import signal
import subprocess
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

PROGRAM = Path(sysconfig.get_path("scripts")) / "stream-monitor"


class Ended(NamedTuple):
    """How it ended and what it said."""

    code: int
    out: str
    err: str


def run(*arguments: str | Path, seconds: float = 120, environment: Mapping[str, str] | None = None) -> Ended:
    """`stream-monitor ARGUMENTS`; a failure if it takes longer."""
    done = subprocess.run(
        [PROGRAM, *arguments],
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        env={**_clean(), **(environment or {})},
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def interrupted(*arguments: str | Path, after: str, number: signal.Signals, seconds: float = 60) -> Ended:
    """The same, with a signal as soon as a line begins with `after`; standard output and error are one."""
    process = subprocess.Popen(
        [PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=_clean()
    )
    try:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if line.startswith(after):
                break
        process.send_signal(number)
        out, _ = process.communicate(timeout=seconds)
    finally:
        process.kill()
        process.wait()
    return Ended(process.returncode, said + out, "")


def _clean() -> dict[str, str]:
    """The environment without settings of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STREAM_MONITOR_")}
    return {**kept, "PYTHONUNBUFFERED": "1"}
