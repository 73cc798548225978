"""Memory over ten million events: the core with its snapshots, in a process of its own that does nothing else."""

import argparse
import json
import os
import re
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Final

import numpy as np

from bench.asked import Asked
from bench.core_path import USUAL, Core, Polls, Stopwatch
from bench.figures import table
from bench.kafka import own, told_by
from bench.stream import BEGIN_MS, ONE_MODEL, values
from stream_monitor.app.process import settle
from stream_monitor.core.events import Record
from stream_monitor.formats import snapshots

_POOL: Final = 20_000  # different events; then the same ones come again, with new times and ids
_SNAPSHOTS: Final = 5  # checkpoints between two
_LINES: Final = 10


def memory(asked: Asked) -> str:
    """Resident memory every tenth of the stream, and the slope over its second half."""
    events = asked.sized(10_000_000, 200_000)
    told = told_by(own("bench.sections.memory", str(events)), seconds=3_600)
    lines = [(int(rows), float(size), float(peak)) for rows, size, peak in told["lines"]]
    late = np.array(lines[len(lines) // 2 :])
    slope = np.polyfit(late[:, 0] / 1e6, late[:, 1], 1)[0]
    shown = [[f"{rows:,}", f"{size:.1f}", f"{peak:.1f}"] for rows, size, peak in lines]
    return (
        f"{table(['events', 'RSS, MB', 'peak, MB'], shown)}\n\nOver the second half {slope:+.2f} MB a million events"
        f" ({slope / late[0, 1]:+.2%}). {told['micros']:.1f} µs of CPU an event, with the events made on the fly and"
        f" snapshots every {_SNAPSHOTS} checkpoints."
    )


def polls(events: int) -> Iterator[Polls]:
    """A stationary stream without an end in sight, made of a pool of events; checkpoints as the core bench has."""
    pool = [value for _, _, value in islice(values(2 * _POOL), _POOL)]  # the first half does not drift
    split = [re.split(rb"(?<=\"time\":)\d{13}", value) for value in pool]
    offsets = [0] * ONE_MODEL.partitions
    parts = cycle(split)
    for begin in range(0, events, USUAL.checkpoint):
        dealt: list[list[Record]] = [[] for _ in offsets]
        for at in range(begin, min(begin + USUAL.checkpoint, events)):
            before, after = next(parts)
            partition = at % len(offsets)
            time_ms = BEGIN_MS + at
            value = b"%b%d%b" % (before, time_ms, after)
            dealt[partition].append(Record(offsets[partition], time_ms, b"", value))
            offsets[partition] += 1
        yield [
            (source, records[first : first + USUAL.poll])
            for first in range(0, USUAL.checkpoint, USUAL.poll)
            for source, records in zip(ONE_MODEL.sources(), dealt, strict=True)
            if records[first : first + USUAL.poll]
        ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("events", type=int)
    events = parser.parse_args().events
    core, lines, rows = Core(Stopwatch()), [(0, *_resident())], 0
    begun = time.process_time()
    for number, batch in enumerate(polls(events), 1):
        core.checkpoint(batch)
        rows += sum(len(records) for _, records in batch)
        if number == 1:
            settle()
        if number % _SNAPSHOTS == 0:
            for snapshot in core.monitor.snapshots():
                snapshots.encode(snapshot)
            core.monitor.retired()
        if rows >= len(lines) * events // _LINES:
            lines.append((rows, *_resident()))
    core.end()
    if core.rows != events:
        raise RuntimeError(f"{core.rows} of {events} rows were observed")
    print(json.dumps({"lines": lines[1:], "micros": (time.process_time() - begun) / events * 1e6}))


def _resident() -> tuple[float, float]:
    """MB of this process now, and at most so far."""
    status = Path(f"/proc/{os.getpid()}/status").read_text(encoding="ascii")
    now, peak = (
        int(found) / 1024 for name in ("VmRSS", "VmHWM") for found in re.findall(rf"{name}:\s+(\d+)", status)
    )
    return now, peak


if __name__ == "__main__":
    main()
