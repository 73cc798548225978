"""Tables as text, and the plot of false alarms against delay as SVG."""

import math
from collections.abc import Sequence
from typing import NamedTuple

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 760, 420, 70, 60, 20, 20
_FLOOR = 0.05  # false alarms per 100,000 that are drawn for none
_COLOURS = ("#0b6e4f", "#1f4e9c", "#b3541e", "#7a3b8f", "#555555")


class Point(NamedTuple):
    """x: false alarms per 100,000. y: delay over the oracle's. series: points of one are joined."""

    label: str
    series: str
    x: float
    y: float


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown, columns aligned; all but the first to the right."""
    cells = [list(head), *map(list, rows)]
    widths = [max(3, *(len(row[at]) for row in cells)) for at in range(len(head))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = [cells[0], rule, *cells[1:]]
    return "\n".join("| " + " | ".join(_aligned(row, widths)) + " |" for row in lines)


def _aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [
        cell.ljust(width) if at == 0 else cell.rjust(width)
        for at, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]


def number(value: float) -> str:
    """Three digits, or a dash where there is none."""
    if math.isnan(value):
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def plot(points: Sequence[Point], budget: float) -> str:
    """Both axes logarithmic. The vertical line is the budget."""
    xs = [max(point.x, _FLOOR) for point in points] + [budget]
    ys = [point.y for point in points]
    x_range, y_range = (_FLOOR / 1.5, max(xs) * 3), (0.9, max(ys) * 1.4)
    body = [*_grid(x_range, y_range), _budget_line(budget, x_range)]
    series = list(dict.fromkeys(point.series for point in points))
    for name in series:
        colour = _COLOURS[series.index(name) % len(_COLOURS)]
        mine = [point for point in points if point.series == name]
        places = [(_x(point.x, x_range), _y(point.y, y_range)) for point in mine]
        if len(places) > 1:
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
            body.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        for point, (x, y) in zip(mine, places, strict=True):
            body.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{colour}"/>')
            anchor, by = ("end", -8) if x > WIDTH - 170 else ("start", 8)
            body.append(
                f'<text x="{x + by:.1f}" y="{y - 7:.1f}" text-anchor="{anchor}" fill="{colour}">{_escaped(point.label)}</text>'
            )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _grid(x_range: tuple[float, float], y_range: tuple[float, float]) -> list[str]:
    lines = []
    for power in range(math.ceil(math.log10(x_range[0])), math.floor(math.log10(x_range[1])) + 1):
        x = _x(10.0**power, x_range)
        lines.append(_line(x, TOP, x, HEIGHT - BOTTOM, "#dddddd"))
        lines.append(
            f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{10.0**power:g}</text>'
        )
    for value in (1, 2, 5, 10, 20, 50, 100, 200, 500):
        if y_range[0] <= value <= y_range[1]:
            y = _y(value, y_range)
            lines.append(_line(LEFT, y, WIDTH - RIGHT, y, "#dddddd"))
            lines.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value}×</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    lines.append(
        f'<text x="{middle}" y="{HEIGHT - 14}" text-anchor="middle">'
        f"false alarms per 100,000 independent values, mean of the families (none is drawn at {_FLOOR})</text>"
    )
    centre = (TOP + HEIGHT - BOTTOM) / 2
    lines.append(
        f'<text transform="rotate(-90 18 {centre})" x="18" y="{centre}" text-anchor="middle">mean delay ÷ oracle’s</text>'
    )
    return lines


def _budget_line(budget: float, x_range: tuple[float, float]) -> str:
    x = _x(budget, x_range)
    return (
        f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}" stroke="#aa0000" stroke-dasharray="5 4"/>'
        f'<text x="{x + 5:.1f}" y="{HEIGHT - BOTTOM - 6}" fill="#aa0000">budget</text>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def _x(value: float, limits: tuple[float, float]) -> float:
    return LEFT + _share(max(value, _FLOOR), limits) * (WIDTH - LEFT - RIGHT)


def _y(value: float, limits: tuple[float, float]) -> float:
    return HEIGHT - BOTTOM - _share(value, limits) * (HEIGHT - BOTTOM - TOP)


def _share(value: float, limits: tuple[float, float]) -> float:
    low, high = map(math.log, limits)
    return (math.log(value) - low) / (high - low)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
