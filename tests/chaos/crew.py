"""The workers of a group as processes: start, kill at a step or at any time, stop, and read what they logged.

Knows the command line of a worker and its log; nothing of what the events mean.
"""

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import orjson

from stream_monitor.kafka.failpoints import EXIT_CODE, VARIABLE

STOP_SECONDS: Final = 10.0
READY_SECONDS: Final = 90.0
KILL_SECONDS: Final = 90.0


@dataclass(slots=True, kw_only=True)
class WorkerProcess:
    """One run of a worker."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def ready(self) -> bool:
        """Whether it has got partitions."""
        return any(
            line.get("event") == "partitions assigned" and line.get("partitions") for line in self.lines()
        )

    def wait_until_running(self) -> None:
        """Until it says that it starts: from then on it takes signals."""
        deadline = time.monotonic() + READY_SECONDS
        while not any(True for _ in self.lines()):
            assert time.monotonic() < deadline, f"{self.name} does not start:\n{self.tail()}"
            time.sleep(0.05)

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self.ready():
            if self.process.poll() is not None:
                raise AssertionError(f"{self.name} ended with {self.process.returncode}:\n{self.tail()}")
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.name} got no partitions:\n{self.tail()}")
            time.sleep(0.05)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self._ended_by(-signal.SIGKILL)

    def die_at_failpoint(self) -> None:
        """Wait until it has died at the step it was started with."""
        self._ended_by(EXIT_CODE)

    def stop(self) -> float:
        """SIGTERM: it must end by itself, with exit code 0. Returns the seconds that took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self._ended_by(0)
        return time.monotonic() - began

    def _ended_by(self, code: int) -> None:
        try:
            found = self.process.wait(KILL_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"{self.name} did not end with {code}:\n{self.tail()}") from None
        assert found == code, f"{self.name} ended with {found}, not {code}:\n{self.tail()}"

    def lines(self) -> Iterator[Mapping[str, object]]:
        """The structured lines of its log."""
        for line in self.log.read_bytes().splitlines():
            if line.startswith(b"{"):
                try:
                    yield orjson.loads(line)
                except orjson.JSONDecodeError:
                    continue  # killed while it wrote, or writing now

    def tail(self, lines: int = 30) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


@dataclass(slots=True, kw_only=True)
class Crew:
    """Starts the workers of one group.

    settings: as dotted keys. brake: while this file exists they read slowly, at most `braked` records a turn.
    """

    settings: Mapping[str, object]
    directory: Path
    brake: Path | None = None
    braked: int = 500
    started: list[WorkerProcess] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def start(self, name: str, *, instance_id: str | None = None, failpoint: str = "") -> WorkerProcess:
        """A new process called `name`. failpoint: `step:n`, where it shall die."""
        settings = {**self.settings, "instance_id": instance_id} if instance_id else dict(self.settings)
        log = self.directory / f"{next(self._numbers):03d}-{name}.log"
        command = [sys.executable, "-m", "tests.chaos.worker", orjson.dumps(settings).decode()]
        if self.brake is not None:
            command += [str(self.brake), str(self.braked)]
        environment = {key: value for key, value in os.environ.items() if key != VARIABLE}
        if failpoint:
            environment[VARIABLE] = failpoint
        with log.open("wb") as out:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment
            )
        worker = WorkerProcess(name=name, process=process, log=log)
        self.started.append(worker)
        return worker

    def logged(self, event: str) -> int:
        """How many lines of all logs tell this."""
        return sum(line.get("event") == event for worker in self.started for line in worker.lines())

    def remove(self) -> None:
        """Leave no process behind."""
        for worker in self.started:
            if worker.process.poll() is None:
                worker.process.kill()
                worker.process.wait()
