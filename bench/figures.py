"""Medians over repeats, and the tables that show them."""

import os
import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Final

from bench.core_path import FLOOR, STEPS
from bench.profiling import Hot
from bench.reader import Cost

WHOLE: Final = "whole core"
KAFKA_FLOOR: Final = "floor: consume + orjson.loads"
KAFKA_WHOLE: Final = "end to end, exactly once"

_LIBRARIES: Final = ("confluent-kafka", "river", "orjson", "pyarrow", "numpy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a table. cpu: µs per event, one value per repeat; ratio: to the floor of the same repeat."""

    name: str
    cpu: Sequence[float]
    ratio: Sequence[float]
    per_second: float | None = None

    def cells(self) -> tuple[str, str, str, str]:
        """Name, events/s (of wall time where it was measured, else of one core), µs/event, × floor."""
        cpu = median(self.cpu)
        per_second = self.per_second if self.per_second is not None else 1e6 / cpu
        return self.name, f"{per_second:,.0f}", f"{cpu:.2f}", f"{median(self.ratio):.1f}"


def core_lines(runs: Sequence[Mapping[str, float]], events: int) -> list[Line]:
    """`runs`: CPU seconds by step, one mapping per repeat."""
    perevent = [{step: seconds / events * 1e6 for step, seconds in run.items()} for run in runs]
    for run in perevent:
        run[WHOLE] = sum(run[step] for step in STEPS)
    # Drift events are too few for "publish" to be a time per event: it counts in the whole.
    shown = (FLOOR, *(step for step in STEPS if step != "publish"), WHOLE)
    return [
        Line(
            name=step, cpu=[run[step] for run in perevent], ratio=[run[step] / run[FLOOR] for run in perevent]
        )
        for step in shown
    ]


def kafka_lines(pairs: Sequence[tuple[Cost, Cost]]) -> list[Line]:
    """`pairs`: floor and monitor, one after the other."""
    lines = []
    for at, name in enumerate((KAFKA_FLOOR, KAFKA_WHOLE)):
        costs = [pair[at] for pair in pairs]
        cpu = [_cpu(cost) for cost in costs]
        lines.append(
            Line(
                name=name,
                cpu=cpu,
                ratio=[own / _cpu(pair[0]) for own, pair in zip(cpu, pairs, strict=True)],
                per_second=median(cost.events / cost.wall_seconds for cost in costs),
            )
        )
    return lines


def _cpu(cost: Cost) -> float:
    return cost.cpu_seconds / cost.events * 1e6


def table(lines: Iterable[Line]) -> str:
    """As Markdown, aligned so that a terminal shows it well too."""
    rows = [("step", "events/s", "µs/event (CPU)", "× floor"), *(line.cells() for line in lines)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    drawn = [
        "| " + " | ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) + " |"
        for row in rows
    ]
    rule = "| " + " | ".join(["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]) + " |"
    return "\n".join([drawn[0], rule, *drawn[1:]])


def hot_list(profile: Mapping[str, Sequence[Hot]]) -> str:
    """The most expensive functions of every step, as Markdown."""
    parts = []
    for step, hots in profile.items():
        lines = [
            f"| {hot.own:.0%} | {hot.total:.0%} | {hot.calls:.3g} | `{hot.name}` |"
            for hot in hots
            if hot.own >= 0.02
        ]
        head = "| own | with callees | calls/event | function |\n| --: | --: | --: | --- |"
        parts.append("\n".join([f"**{step}**", "", head, *lines]))
    return "\n\n".join(parts)


def machine() -> str:
    """What it ran on, in one line each."""
    cpus = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    return "\n".join(
        [
            f"- {os.cpu_count()} × {cpus[1] if cpus else platform.machine()}, load {load} (1, 5, 15 min) at the end",
            f"- {platform.system()} {platform.release()}, Python {platform.python_version()}",
            f"- {libraries}",
        ]
    )
