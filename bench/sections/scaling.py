"""How the cost of a value depends on everything that may grow: in memory, and with several workers on Kafka."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

import orjson

from bench.asked import Asked
from bench.core_path import STEPS, Core, Polls, Setting, Stopwatch, checkpoints
from bench.figures import table
from bench.stream import ONE_MODEL, Shape, records
from stream_monitor.app.process import settle
from stream_monitor.core.parameters import ModelParameters, SeriesParameters

_FLOOR: Final = "floor"
_REPEATS: Final = 3
_LONG_SECONDS: Final = 10.0  # a case that took so long is not repeated
_WARM_UP: Final = 200  # values of a series: so that a thousand models are watched, and do not only learn
_WARM_ROWS: Final = 300  # of every model before the clock counts
_PARAMETERS: Final = ModelParameters(name="", default=SeriesParameters(warm_up=_WARM_UP))
_MODELS: Final = "models, 100 rows each a checkpoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One size. rows: of every model, measured: two cases that are compared watch series of the same age."""

    axis: str
    size: int
    shape: Shape = ONE_MODEL
    poll: int = 2_000
    checkpoint: int = 4_000
    rows: int = 12_000

    @property
    def setting(self) -> Setting:
        """With a short warm-up, for all cases alike."""
        return Setting(poll=self.poll, checkpoint=self.checkpoint, parameters=_PARAMETERS)

    @property
    def base(self) -> "Case":
        """What it is held against."""
        return _ONE_OF_MANY if self.axis == _MODELS else _BASE


_BASE: Final = Case(axis="features", size=20)
_HEAD: Final = ("what", "size", "rows a checkpoint", "ns a value", "µs an event", "× base", "× floor")
_ONE_OF_MANY: Final = Case(axis=_MODELS, size=1, poll=100, checkpoint=100, rows=300)


def cases(asked: Asked) -> Iterator[Case]:
    """All sizes, each axis with its base."""
    for size in (5, 20, 100, 1_000):
        # of many features fewer rows come in a second
        yield Case(
            axis="features", size=size, shape=Shape(features=size), checkpoint=min(4_000, 2_000_000 // size)
        )
    for size in (1, 10, 100, asked.sized(1_000, 200)):
        shape = Shape(models=size)
        yield Case(
            axis=_MODELS, size=size, shape=shape, poll=min(100 * size, 2_000), checkpoint=100 * size, rows=300
        )
    for size in (1_000, 4_000):
        yield Case(axis="more bytes an event", size=size, shape=Shape(note=size))
    for size in (500, 1_000, 12_000):
        yield Case(axis="rows a checkpoint", size=size, poll=min(size, 2_000), checkpoint=size)
    for size in (200, 1_000):
        yield Case(axis="records a poll", size=size, poll=size)
    for size in (1, 8, 32):
        yield Case(axis="input partitions", size=size, shape=Shape(partitions=size))


@dataclass(slots=True)
class Measured:
    """ns a value of the core, and of parsing alone, one entry a repeat; base: of the base case right before."""

    core: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)
    base: list[float] = field(default_factory=list)


def scaling(asked: Asked) -> str:
    """Cost per value for every size, next to its base, which is measured right before each."""
    settle()
    values = asked.sized(600_000, 60_000)
    rows = []
    for case in cases(asked):
        measured = Measured()
        base, stream = _stream(case.base), _stream(case)
        begun = time.monotonic()
        while len(measured.core) < min(asked.repeats, _REPEATS):
            measured.base.append(_run(case.base, base, values)[0])
            core, floor = _run(case, stream, values)
            measured.core.append(core)
            measured.floor.append(floor)
            if time.monotonic() - begun > _LONG_SECONDS:
                break
        rows.append(_row(case, measured))
        asked.say(" | ".join(rows[-1]))
    return table(_HEAD, rows)


def _row(case: Case, measured: Measured) -> list[str]:
    core = median(measured.core)
    against_base = median(own / base for own, base in zip(measured.core, measured.base, strict=True))
    against_floor = median(own / floor for own, floor in zip(measured.core, measured.floor, strict=True))
    return [
        case.axis,
        f"{case.size:,}",
        f"{case.checkpoint:,}",
        f"{core:.0f}",
        f"{core * case.shape.features / 1e3:.1f}",
        f"{against_base:.2f}",
        f"{against_floor:.1f}",
    ]


def _stream(case: Case) -> Sequence[Polls]:
    """Checkpoints: those that warm up, and those that are measured."""
    events = (_warm_rows(case) + case.rows) * case.shape.models
    return list(checkpoints(records(events, case.shape), case.setting))


def _warm_rows(case: Case) -> int:
    """Of every model, in whole checkpoints."""
    checkpoint = max(1, case.checkpoint // case.shape.models)
    return -(-_WARM_ROWS // checkpoint) * checkpoint


def _run(case: Case, stream: Sequence[Polls], values: int) -> tuple[float, float]:
    """ns a value of the core, and of parsing alone: of as many fresh cores as it takes for `values` values."""
    seconds: Counter[str] = Counter()
    counted = 0
    while counted < values:
        watch = Stopwatch()
        counted += _counted(case, stream, watch)
        seconds.update(watch.seconds)
    return sum(seconds[step] for step in STEPS) / counted * 1e9, seconds[_FLOOR] / counted * 1e9


def _counted(case: Case, stream: Sequence[Polls], watch: Stopwatch) -> int:
    """Run a fresh core; how many values the clock has counted."""
    core = Core(watch, case.shape, case.setting)
    rows = counted = 0
    for polls in stream:
        if rows < _warm_rows(case) * case.shape.models:
            watch.seconds.clear()
            counted = 0
        with watch.step(_FLOOR):
            for _, polled in polls:
                for record in polled:
                    orjson.loads(record.value or b"")
        core.checkpoint(polls)
        here = sum(len(polled) for _, polled in polls)
        rows, counted = rows + here, counted + here
    core.end()
    if core.rows != rows:
        raise RuntimeError(f"{core.rows} of {rows} rows were observed: {case}")
    return counted * case.shape.features
