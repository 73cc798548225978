"""The core, and the same seen from outside: `stream-monitor replay` of a file."""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final

import orjson

from bench.asked import Asked
from bench.core_path import STEPS, Beside, Core, Stopwatch, checkpoints
from bench.figures import Anchor, Line, compared, hot_list
from bench.peers.environment import ROOT
from bench.peers.naive import NaiveLoop
from bench.profiling import profile_core
from bench.stream import records, values
from stream_monitor.app.process import settle
from stream_monitor.core.events import Record, Source

FLOOR: Final = "floor: orjson.loads, dropped"
KEPT: Final = "orjson.loads, kept for a poll"
NAIVE: Final = "naive loop: + river ADWIN"
WHOLE: Final = "whole core"
REPLAY: Final = "stream-monitor replay"
_ANCHORS: Final = (Anchor(name=FLOOR, head="× floor"), Anchor(name=NAIVE, head="× naive"))
_WARM_UP: Final = 3_000  # events: imports, and the references of all series
_FEW: Final = 2_000  # lines: as good as start-up alone, with all that is loaded at first use


def core(asked: Asked) -> str:
    """Every step of the core, between the floor and the naive loop over the same bytes."""
    Core(Stopwatch()).run(checkpoints(records(_WARM_UP)))
    settle()
    stream = records(asked.events)
    runs = [_run(stream) for _ in range(asked.repeats)]
    for run in runs:
        run[WHOLE] = sum(run[step] for step in STEPS)
    # Drift events are too few for "publish" to be a time per event: it counts in the whole.
    shown = (FLOOR, KEPT, NAIVE, *(step for step in STEPS if step != "publish"), WHOLE)
    per_event = 1e6 / asked.events
    return compared(
        [Line(name=name, cpu=[run[name] * per_event for run in runs]) for name in shown], _ANCHORS
    )


def _run(stream: Mapping[Source, Sequence[Record]]) -> dict[str, float]:
    """CPU seconds by step."""
    watch = Stopwatch()
    core = Core(watch)
    core.run(checkpoints(stream), _anchors())
    if not core.drift_events:
        raise RuntimeError("no drift was found in a stream that drifts: there is nothing to measure")
    return watch.seconds


def _anchors() -> Beside:
    return {FLOOR: _dropped, KEPT: _kept, NAIVE: _naive()}


def _dropped(poll: Sequence[bytes]) -> None:
    for value in poll:
        orjson.loads(value)


def _kept(poll: Sequence[bytes]) -> int:
    return len([orjson.loads(value) for value in poll])


def _naive() -> Callable[[Sequence[bytes]], object]:
    loop = NaiveLoop()
    return lambda poll: deque(loop.take(poll), 0)


def replay(asked: Asked) -> str:
    """The command on a file of JSON lines, start-up subtracted, next to floor and naive loop over the same lines."""
    with tempfile.TemporaryDirectory() as directory:
        few, many = (_written(Path(directory), lines) for lines in (_FEW, asked.events))
        lines = [value for _, _, value in values(asked.events)]
        settle()
        runs: list[dict[str, float]] = []
        startups = []
        for _ in range(asked.repeats):
            run = {name: _seconds(take, lines) / asked.events for name, take in _anchors().items()}
            small, large = _child_seconds(few), _child_seconds(many)
            run[REPLAY] = (large - small) / (asked.events - _FEW)
            startups.append(small)
            runs.append(run)
            asked.say(f"replay {run[REPLAY] * 1e6:.2f} µs an event, start-up {small:.2f} s")
    shown = [Line(name=name, cpu=[run[name] * 1e6 for run in runs]) for name in (FLOOR, KEPT, NAIVE, REPLAY)]
    return (
        f"{compared(shown, _ANCHORS, 'what')}\n\nStart-up, subtracted: {median(startups):.1f} s of CPU, as of"
        f" {_FEW:,} lines."
    )


def _written(directory: Path, lines: int) -> Path:
    path = directory / f"{lines}.jsonl"
    path.write_bytes(b"".join(value + b"\n" for _, _, value in values(lines)))
    return path


def _seconds(take: Callable[[Sequence[bytes]], object], lines: Sequence[bytes]) -> float:
    begun = time.process_time()
    for at in range(0, len(lines), 2_000):
        take(lines[at : at + 2_000])
    return time.process_time() - begun


def _child_seconds(path: Path) -> float:
    """CPU of a process that replays the file, its threads included."""
    command = [str(Path(sys.executable).with_name("stream-monitor")), "replay", str(path)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False, timeout=600
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def profile(asked: Asked) -> str:
    """The functions that the time goes to."""
    found = profile_core(records(asked.events), top=6)
    del found["publish"]  # a few drift events: no time to speak of
    return f"Shares of a step's time under cProfile, functions of 2% and more.\n\n{hot_list(found)}"
