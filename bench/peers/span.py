"""From when to when a process is watched, and what it cost. The standard library only: every peer's environment has it."""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass


@dataclass(slots=True)
class Span:
    """CPU and wall time from the moment when the first records had been read. before: how many those were."""

    before: int = 0
    cpu: float = 0.0
    wall: float = 0.0

    def begin(self, read: int) -> None:
        """Called with every look; the first one with records counts."""
        if not self.before and read:
            self.before, self.cpu, self.wall = read, time.process_time(), time.monotonic()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of `events` events. found: what it published, so that nobody measures a monitor that sleeps. written: bytes of
    checkpoints, of those that tell.
    """

    events: int
    cpu_seconds: float
    wall_seconds: float
    found: int = 0
    written: int = 0

    @property
    def micros(self) -> float:
        """µs of CPU an event."""
        return self.cpu_seconds / self.events * 1e6


def since(span: Span, read: int, found: int = 0) -> Cost:
    """The cost until now, when `read` records had been read in all."""
    cpu, wall = time.process_time() - span.cpu, time.monotonic() - span.wall
    return Cost(events=read - span.before, cpu_seconds=cpu, wall_seconds=wall, found=found)


def report(run: Callable[[str, str, int, int], Cost]) -> None:
    """The main program of a peer: bootstrap, topic, events, window (for those that have windows) → cost as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("bootstrap")
    parser.add_argument("topic")
    parser.add_argument("events", type=int)
    parser.add_argument("window", type=int, nargs="?", default=0)
    asked = parser.parse_args()
    print(json.dumps(asdict(run(asked.bootstrap, asked.topic, asked.events, asked.window))))
