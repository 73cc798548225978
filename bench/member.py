"""One worker of a group in a process of its own, that tells its counters ten times a second: `python -m bench.member`.

Its settings come as JSON in the first argument. It ends with a last commit when its standard input does; whoever kills it
leaves its state as a crash would.
"""

import json
import queue
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import IO, Any, Final, Self

from bench.kafka import own
from bench.peers.environment import ROOT
from bench.service import Counters, serve

_LOOK_SECONDS: Final = 0.1
_PATIENCE_SECONDS: Final = 600.0
_TOLD: Final = {
    "consumed": "records_consumed_total",
    "observed": "rows_observed_total",
    "restored": "restore_seconds_count",
    "restore_seconds": "restore_seconds_sum",
    "refolded": "rows_refolded_total",
    "snapshots": "snapshots_written_total",
    "snapshot_bytes": "snapshot_bytes_total",
    "produced_bytes": "produced_bytes_total",
    "assigned": "rebalances_total",
}


class Member:
    """A worker's process, seen from outside. told: what it last said of itself, and `cpu`, its seconds of CPU."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.told: dict[str, float] = {}
        self._process = subprocess.Popen(
            own("bench.member", json.dumps(dict(settings))),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._errors: list[str] = []
        self._reader = _reading(self._process.stdout, self._lines.put)
        _reading(self._process.stderr, self._errors.append)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def look(self) -> Mapping[str, float]:
        """What it says of itself now. Raises RuntimeError if it has ended."""
        self._take()
        if self._process.poll() is not None:
            raise RuntimeError(
                f"a worker ended with {self._process.returncode}:\n{''.join(self._errors)[-4000:]}"
            )
        return self.told

    def until(self, enough: Callable[[Mapping[str, float]], bool]) -> Mapping[str, float]:
        """Wait until what it says is `enough`. Raises TimeoutError."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not (self.look() and enough(self.told)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"a worker does not come on: {self.told}")
            time.sleep(_LOOK_SECONDS / 2)
        return self.told

    def end(self) -> None:
        """Ask for a last commit with snapshots, and wait for the end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        if self._process.wait(_PATIENCE_SECONDS):
            raise RuntimeError(f"a worker ended badly:\n{''.join(self._errors)[-4000:]}")
        self._reader.join(_LOOK_SECONDS * 100)
        self._take()

    def _take(self) -> None:
        while not self._lines.empty():
            self.told = json.loads(self._lines.get())

    def kill(self) -> None:
        """kill -9, if it still runs."""
        self._process.kill()
        self._process.wait()


def _reading(stream: IO[str] | None, take: Callable[[str], None]) -> threading.Thread:
    def read() -> None:
        for line in stream or ():
            take(line)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


def main() -> None:
    settings = json.loads(sys.argv[1])
    made: list[_Telling] = []

    def telling(counters: Counters) -> _Telling:
        made.append(_Telling(counters))
        return made[0]

    serve(settings, telling, f"bench-{time.time_ns()}")
    made[0].tell()


class _Telling:
    """The stop condition: the end of standard input."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._next_look = 0.0

    def __call__(self) -> bool:
        now = time.monotonic()
        if now < self._next_look:
            return False
        self._next_look = now + _LOOK_SECONDS
        self.tell()
        readable, _, _ = select.select([sys.stdin], [], [], 0)
        return bool(readable) and not sys.stdin.read(1)

    def tell(self) -> None:
        """One line of JSON."""
        told = {name: self._counters.total(counter) for name, counter in _TOLD.items()}
        print(json.dumps(told | {"cpu": time.process_time()}), flush=True)


if __name__ == "__main__":
    main()
