"""What a reference profile promises of performance: the figures of a version over known pairs, and how two sets of them merge.

Figures that are shares or means of pairs merge: their values weighted by the pairs that they are made of, their intervals as
those of independent parts. Exact for values; so is the interval of a share, which is made anew. Others (areas, F1, averages over
classes, calibration error, R²) cannot be told from figures: they are left out of the result.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from stream_monitor.core.errors import CorruptState, StreamMonitorError
from stream_monitor.core.performance.expected import Expected, Origin
from stream_monitor.core.performance.figure import Figure, proportion
from stream_monitor.core.performance.figures import figures_of, kinds_of
from stream_monitor.core.performance.pairs import Pairs
from stream_monitor.core.performance.task import Task

_SHARES = frozenset({"accuracy", "precision", "recall"})
_MEANS = frozenset({"log_loss", "brier", "mae", "mape", "bias"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """pairs: labelled predictions that it was made of. figures: those that are defined, by metric."""

    task: Task
    pairs: int
    figures: Mapping[str, Figure]

    def check(self) -> None:
        """Raise CorruptState if the parts do not fit together."""
        Task.from_plain(self.task.to_plain())
        for name, figure in self.figures.items():
            if self.task.kind not in kinds_of(name):
                raise CorruptState(f"a {self.task.kind.value} task has no figure {name!r}")
            figure.check()
            if figure.value is None:
                raise CorruptState(f"the figure {name!r} is not defined")
        if self.pairs < 1:
            raise CorruptState(f"made of {self.pairs} pairs")

    def expected(self) -> Expected:
        """What is expected of the version from now on."""
        return Expected(figures=self.figures, origin=Origin.REFERENCE)


def promise_of(pairs: Pairs, task: Task, *, seen: int) -> Promise:
    """The figures of known pairs, n >= 1, a sample of `seen` of them."""
    figures = {name: one for name, one in figures_of(pairs, task).items() if one.value is not None}
    return Promise(task=task, pairs=seen, figures=MappingProxyType(figures))


def merged(a: Promise, b: Promise) -> Promise:
    """What the pairs of both promise. Raises StreamMonitorError where they are of different tasks."""
    if (a.task.kind, a.task.positive) != (b.task.kind, b.task.positive):
        raise StreamMonitorError(f"predicts {_words(a.task)} in one and {_words(b.task)} in the other")
    names = [name for name in a.figures if name in b.figures]
    figures = {name: one for name in names if (one := _merged(name, a, b)) is not None}
    task = a.task if set(b.task.classes) <= set(a.task.classes) else b.task
    return Promise(task=task, pairs=a.pairs + b.pairs, figures=MappingProxyType(figures))


def _merged(name: str, a: Promise, b: Promise) -> Figure | None:
    ours, theirs = a.figures[name], b.figures[name]
    n = ours.n + theirs.n
    if n == 0 or ours.value is None or theirs.value is None:
        return None
    if name.partition(":")[0] in _SHARES:
        return proportion(round(ours.value * ours.n) + round(theirs.value * theirs.n), n, "no pairs")
    if name == "rmse":
        squares = _mean(n, _through(ours, 2.0), _through(theirs, 2.0))
        return _through(squares, 0.5)
    return _mean(n, ours, theirs) if name in _MEANS else None


def _mean(n: int, a: Figure, b: Figure) -> Figure:
    """The mean of both, each weighted by its pairs."""
    assert a.value is not None
    assert b.value is not None
    value = (a.value * a.n + b.value * b.n) / n
    if a.low is None or a.high is None or b.low is None or b.high is None:
        return Figure(value=value, low=None, high=None, n=n)
    below = math.hypot((a.value - a.low) * a.n, (b.value - b.low) * b.n) / n
    above = math.hypot((a.high - a.value) * a.n, (b.high - b.value) * b.n) / n
    return Figure(value=value, low=value - below, high=value + above, n=n)


def _through(of: Figure, power: float) -> Figure:
    value, low, high = (
        None if one is None else max(0.0, one) ** power for one in (of.value, of.low, of.high)
    )
    return Figure(value=value, low=low, high=high, n=of.n)


def _words(task: Task) -> str:
    return task.kind.value + (f" with {task.positive} positive" if task.positive is not None else "")
