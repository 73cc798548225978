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

from bench.profiling import Hot

_LIBRARIES: Final = ("confluent-kafka", "river", "orjson", "pyarrow", "numpy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a table. cpu: µs per event, one value per repeat; per_second: events of wall time, else of one core."""

    name: str
    cpu: Sequence[float]
    per_second: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What lines are held against: the line `name`, in a column with the head `head`."""

    name: str
    head: str


def compared(lines: Sequence[Line], anchors: Sequence[Anchor], what: str = "step") -> str:
    """A table with the ratios to the anchors, each within one repeat; the median of those is shown. A line with fewer repeats
    has its ratios from those that it took part in.
    """
    found = {line.name: line for line in lines}
    rows = []
    for line in lines:
        cpu = median(line.cpu)
        ratios = [
            _number(median(own / other for own, other in zip(line.cpu, found[anchor.name].cpu, strict=False)))
            for anchor in anchors
        ]
        per_second = 1e6 / cpu if line.per_second is None else line.per_second
        rows.append([line.name, f"{per_second:,.0f}", _number(cpu), *ratios])
    return table([what, "events/s", "µs/event (CPU)", *(anchor.head for anchor in anchors)], rows)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 20 else f"{value:.2f}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """As Markdown, aligned so that a terminal shows it well too: the first column to the left, all others to the right."""
    every = [list(head), *map(list, rows)]
    widths = [max(map(len, column)) for column in zip(*every, strict=True)]
    drawn = [
        "| " + " | ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) + " |"
        for row in every
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
