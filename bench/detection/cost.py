"""What watching costs: CPU time a value, from the first one on and afterwards, and bytes of state."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import pairwise
from statistics import median
from time import process_time
from typing import Final

import msgspec
import numpy as np

from bench.detection.figures import number, table
from bench.detection.monitors import BUDGET, FLOODS, STANDARD, Monitor, Part, Session
from bench.detection.streams import DEPENDENT, INDEPENDENT, Stationary
from stream_monitor.core.detector import FloatArray, Grain, Kind
from stream_monitor.core.sequential.series import Blocks
from stream_monitor.core.sequential.tests import SequentialTests
from stream_monitor.core.watch import block_sums
from stream_monitor.core.window import BLOCK
from stream_monitor.detectors import registry

_SERIES: Final = 20
_ROWS: Final = 1_000  # of a batch
_LEARNED: Final = 50  # batches until every view that is wanted is watched
_COUNTED: Final = 60
_STATES: Final = ("sequential", "adwin", "page_hinkley", "kswin")
_WATCHED: Final = {
    "N(0,1)": "values",
    "AR(1) 0.5": "residuals",
    "AR(1) 0.9": "residuals",
    "GARCH(.1, .85)": "residuals",
    "season 288": "what the hour leaves",
    "season 1440 + AR(1) 0.8": "residuals of that",
}


def from_the_start() -> str:
    """CPU time a value of one stream, of twenty in batches of 1,000 rows, and bytes of state."""
    random = np.random.default_rng(1)
    rows = []
    for monitor in [*STANDARD[:6], FLOODS]:
        one = _microseconds(monitor, random.normal(size=(1, 2_000 if monitor.cost > 1 else 20_000)))
        many = _microseconds(monitor, random.normal(size=(_SERIES, 200 if monitor.cost > 1 else 10_000)))
        rows.append([monitor.name, number(one), number(many), ""])
    for name in _STATES:
        spec = registry.get(name)
        detector, values = spec.build({}, seed=1), random.normal(size=160 * BLOCK)
        detector.update(block_sums(values) if spec.grain is Grain.BLOCK else values)
        size = len(msgspec.msgpack.encode(detector.dump()))
        rows.append([f"state of {name}", "", "", f"{size:,}"])
    return table(["", "µs a value, one series", "µs a value, 20 series", "bytes"], rows)


def afterwards() -> str:
    """CPU time a value of the sequential test alone, once every view is learned; the median batch of 1,000 rows of 20 series."""
    streams = [one for one in (*INDEPENDENT, *DEPENDENT) if one.name in _WATCHED]
    rows = [
        [f"20 × {one.name}", _WATCHED[one.name], number(_learned_microseconds([one] * _SERIES))]
        for one in streams
    ]
    mixed = [streams[at % len(streams)] for at in range(_SERIES)]
    rows.append(["all of these in one model", "all", number(_learned_microseconds(mixed))])
    return table(["20 series with event time", "what is watched", "µs a value"], rows)


def _learned_microseconds(streams: Sequence[Stationary]) -> float:
    tests = SequentialTests()
    for seed in range(_SERIES):
        tests.add(seed, seed=seed)
    costs = []
    for arrived in _batches(streams):
        begun = process_time()
        tests.advance(arrived)
        costs.append(process_time() - begun)
    return median(costs[_LEARNED:]) / (_SERIES * _ROWS) * 1e6


def _batches(streams: Sequence[Stationary]) -> Iterator[Mapping[Hashable, Blocks]]:
    """The blocks of 20 series that are whole after every 1,000 rows."""
    random = np.random.default_rng(1)
    length = (_LEARNED + _COUNTED) * _ROWS // BLOCK
    numbers = np.stack([stream.draw(random, length * BLOCK).reshape(length, BLOCK) for stream in streams])
    told = [stream.times(length * BLOCK) for stream in streams]
    minutes = np.arange(length * BLOCK) * 60_000
    times = next((one for one in told if one is not None), minutes).reshape(length, BLOCK)
    weights = np.full(length, BLOCK / BUDGET)
    ends = [(batch + 1) * _ROWS // BLOCK for batch in range(_LEARNED + _COUNTED)]
    for first, end in pairwise([0, *ends]):
        part = slice(first, end)
        shared = times[part], weights[part]
        yield {at: Blocks(numbers[at, part], *shared) for at in range(_SERIES)}


def _seconds(session: Session, part: Part) -> float:
    begun = process_time()
    session.feed(part)
    return process_time() - begun


def _microseconds(monitor: Monitor, columns: FloatArray) -> float:
    session = monitor.begin(len(columns), Kind.NUMERIC)
    live = range(len(columns))
    parts = [
        Part(live, columns[:, start : start + _ROWS], start, None)
        for start in range(0, columns.shape[1], _ROWS)
    ]
    return sum(_seconds(session, part) for part in parts) / columns.size * 1e6
