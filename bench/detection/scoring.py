"""From alarms and truth to figures: windows, repeats, exact intervals, delay, chance and skill.

A change at row s has the window [s, s + horizon), cut at the next change. The first alarm inside is the detection, later
ones are repeats; every other alarm is false, those behind the last window too.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from scipy import stats  # type: ignore[import-untyped]  # no stubs; river brings it


@dataclass(slots=True)
class Score:
    """Added up over streams. stationary: rows outside all windows. window: rows inside, of all changes together."""

    streams: int = 0
    changes: int = 0
    delays: list[int] = field(default_factory=list)
    repeats: int = 0
    false_alarms: int = 0
    stationary: int = 0
    window: int = 0
    horizon: int = 0

    def add(self, alarms: Sequence[int], changes: Sequence[int], rows: range, horizon: int) -> None:
        """One stream, watched over `rows`, that changes at these of them."""
        self.horizon = horizon
        self.streams += 1
        ends = [*changes, rows.stop][1:]
        windows = [range(start, min(start + horizon, end)) for start, end in zip(changes, ends, strict=True)]
        for window in windows:
            inside = [at for at in alarms if at in window]
            self.changes += 1
            self.window += len(window)
            self.delays += [inside[0] - window.start + 1] if inside else []
            self.repeats += max(0, len(inside) - 1)
        self.false_alarms += sum(not any(at in window for window in windows) for at in alarms)
        self.stationary += len(rows) - sum(map(len, windows))

    @property
    def recall(self) -> float:
        return len(self.delays) / self.changes if self.changes else math.nan

    @property
    def per_100k(self) -> float:
        """False alarms per 100,000 stationary rows."""
        return self.false_alarms / self.stationary * 1e5 if self.stationary else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Exact 95 % Poisson interval of `per_100k`."""
        low, high = poisson_interval(self.false_alarms)
        return low / self.stationary * 1e5, high / self.stationary * 1e5

    @property
    def restricted_delay(self) -> float:
        """Mean delay; a missed change counts as the horizon."""
        missed = self.changes - len(self.delays)
        return (sum(self.delays) + missed * self.horizon) / self.changes if self.changes else math.nan

    @property
    def chance(self) -> float:
        """Recall of alarms at this rate that look at nothing."""
        return -math.expm1(-self.per_100k * self.window / self.changes / 1e5) if self.changes else math.nan

    @property
    def skill(self) -> float:
        """Recall beyond chance, 1 at best."""
        left = 1 - self.chance
        return (self.recall - self.chance) / left if left > 0 else 0.0

    @property
    def f1(self) -> float:
        """Of events; never to be compared across streams with other numbers of changes per row."""
        hits = len(self.delays)
        return 2 * hits / (self.changes + hits + self.false_alarms) if self.changes else math.nan


def poisson_interval(events: int, confidence: float = 0.95) -> tuple[float, float]:
    """Exact interval of a Poisson mean (Garwood 1936).

    >>> [round(limit, 2) for limit in poisson_interval(3)]
    [0.62, 8.77]
    """
    tail = (1 - confidence) / 2
    low = stats.chi2.ppf(tail, 2 * events) / 2 if events else 0.0
    return float(low), float(stats.chi2.ppf(1 - tail, 2 * events + 2) / 2)


def lower_limit(events: int, cells: int) -> float:
    """One-sided lower 95 % limit of a Poisson mean, Bonferroni over `cells` comparisons."""
    return float(stats.chi2.ppf(0.05 / cells, 2 * events) / 2) if events else 0.0


def geometric_mean(values: Sequence[float]) -> float:
    return math.exp(sum(map(math.log, values)) / len(values)) if values else math.nan
