"""Decides whether a version got worse: its figures against the expected ones, at fixed numbers of pairs.

A drop counts when its whole interval lies beyond the tolerance, and is over when the drop itself is back within half of it. The
interval is one of 99.9 %, not of 95: it is asked again and again, every 256 pairs, of more than one figure. Owns what a fall of
performance is; knows nothing of budgets and alerts.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np

from stream_monitor.core.detector import Kind, Plain
from stream_monitor.core.drift_event import (
    Claim,
    Direction,
    Distribution,
    EffectSizes,
    Evidence,
    Severity,
)
from stream_monitor.core.performance.expected import Drop, Expected, Origin, drop_of, tolerated
from stream_monitor.core.performance.figure import Figure, Z
from stream_monitor.core.performance.figures import Better, better, figures_named
from stream_monitor.core.performance.marks import Look
from stream_monitor.core.performance.note import Basis, NotedFigure, PerformanceNote, Span, Verdict
from stream_monitor.core.performance.onset import onset
from stream_monitor.core.performance.task import TaskKind
from stream_monitor.core.performance_words import PERFORMANCE
from stream_monitor.core.plain import plain_of, value_of
from stream_monitor.core.series import Finding, SeriesKey, Transition
from stream_monitor.core.window import BLOCK

LEADS: Final = MappingProxyType(
    {
        TaskKind.BINARY: ("f1", "roc_auc"),
        TaskKind.MULTICLASS: ("accuracy", "f1_macro"),
        TaskKind.REGRESSION: ("mae",),
    }
)
"""Figures watched against the first labelled window: few, so that one fall is not ten alerts."""
CRITICAL: Final = 5.0  # tolerances
_SURE: Final = 3.2905267314919255 / Z  # from the 95 % interval to that of 99.9 %
_GROWN: Final = 1.25  # times what was told
_SHORTEST: Final = 4  # blocks that a figure since the change is made of
_NOTHING: Final = EffectSizes(
    psi=None, js_distance=None, wasserstein=None, ks=None, chi_square=None, cramers_v=None, l_infinity=None
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fall:
    """A drop that is open: where it began, how bad it was said to be, and the size that was told last."""

    change_row: int
    change_time: int
    severity: Severity
    told: float


class Declines:
    """What has fallen of one version."""

    def __init__(self, tolerance: float) -> None:
        self._tolerance = tolerance
        self.open: dict[str, Fall] = {}

    def decide(self, version: str | None, look: Look) -> list[Finding]:
        """What the figures of this look, which may be shown, come to."""
        if look.expected is None:
            return []
        names = watched(look.task.kind, look.expected)
        figures = figures_named(look.pairs, look.task, names)
        findings = []
        for name, drop in drop_of(figures, look.expected).items():
            bar = tolerated(name, look.expected, self._tolerance)
            transition = self._transition(name, drop, bar, look)
            if transition is not None:
                seen = _Seen(version, name, look, figures[name], drop, bar)
                findings.append(_finding(seen, transition, self.open[name]))
            if transition is Transition.ENDED:
                del self.open[name]
        return findings

    def _transition(self, name: str, drop: Drop, bar: float, look: Look) -> Transition | None:
        fall = self.open.get(name)
        if fall is None:
            if not _is_sure(drop, bar):
                return None
            at = _began(name, bar, look)
            self.open[name] = Fall(
                change_row=int(look.block_rows[at]),
                change_time=int(look.block_times[at]),
                severity=_severity(drop, bar),
                told=drop.value,
            )
            return Transition.BEGAN
        if drop.value <= bar / 2:
            return Transition.ENDED
        worse = fall.severity is Severity.WARNING and _severity(drop, bar) is Severity.CRITICAL
        if not worse and drop.value < max(fall.told * _GROWN, fall.told + bar):
            return None
        severity = Severity.CRITICAL if worse else fall.severity  # it only ever rises while a drop lasts
        self.open[name] = replace(fall, severity=severity, told=drop.value)
        return Transition.CHANGED

    def dump(self) -> Plain:
        """Explicit fields."""
        return plain_of(_State(open=self.open))

    def load(self, plain: Plain) -> None:
        """The inverse of `dump`. Raises CorruptState."""
        self.open = dict(value_of(_State, plain).open)


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    open: Mapping[str, Fall]


def watched(kind: TaskKind, expected: Expected) -> Sequence[str]:
    """The figures that are held against `expected`: all that were given, or the leading ones of the first window."""
    if expected.origin is Origin.GIVEN:
        return tuple(expected.figures)
    return [name for name in LEADS[kind] if name in expected.figures]


def noted(
    version: str | None, name: str, figure: Figure, expected: Expected, *, pairs: int, span: Span
) -> NotedFigure | None:
    """A figure of `pairs` predictions as an event tells it; None where it is not defined."""
    if figure.value is None:
        return None
    drop = drop_of({name: figure}, expected).get(name)
    before = expected.figures.get(name)
    return NotedFigure(
        version=version,
        figure=name,
        span=span,
        value=figure.value,
        low=figure.low,
        high=figure.high,
        pairs=pairs,
        expected=None if before is None else before.value,
        drop=None if drop is None else drop.value,
        drop_low=None if drop is None else drop.low,
        drop_high=None if drop is None else drop.high,
    )


@dataclass(frozen=True, slots=True)
class _Seen:
    version: str | None
    name: str
    look: Look
    figure: Figure
    drop: Drop
    bar: float


def _finding(seen: _Seen, transition: Transition, fall: Fall) -> Finding:
    look, expected = seen.look, seen.look.expected
    assert expected is not None
    before = expected.figures[seen.name]
    return Finding(
        series=SeriesKey(PERFORMANCE + seen.name, seen.version),
        kind=Kind.NUMERIC,
        transition=transition,
        row=look.row,
        time=look.time,
        change_row=fall.change_row,
        change_time=fall.change_time,
        severity=fall.severity,
        effect=_effect(seen),
        evidence=(_evidence(seen),),
        effect_sizes=_NOTHING,
        reference=_distribution(before),
        current=_distribution(seen.figure),
        performance=PerformanceNote(
            verdict=Verdict.UNCHANGED if transition is Transition.ENDED else Verdict.WORSE,
            basis=Basis.LABELS,
            figures=_told(seen, expected, fall),
            reason=None,
        ),
    )


def _told(seen: _Seen, expected: Expected, fall: Fall) -> tuple[NotedFigure, ...]:
    """The figure over the window, and over the pairs since the change where these are enough and not all."""
    look = seen.look
    n = len(look.pairs)
    told = [noted(seen.version, seen.name, seen.figure, expected, pairs=n, span=Span.WINDOW)]
    at = int(np.searchsorted(look.block_rows, fall.change_row))
    if 0 < at <= len(look.block_rows) - _SHORTEST:
        since = look.pairs.take(slice(at * BLOCK, None))
        figure = figures_named(since, look.task, [seen.name])[seen.name]
        told.append(
            noted(seen.version, seen.name, figure, expected, pairs=len(since), span=Span.SINCE_CHANGE)
        )
    return tuple(one for one in told if one is not None)


def _evidence(seen: _Seen) -> Evidence:
    """statistic: what the drop is at least, with 99.9 %."""
    effect = _effect(seen)
    direction = Direction.UP if effect > 0 else Direction.DOWN
    return Evidence(
        detector="performance",
        claim=Claim.DIFFERS,
        bounded=False,
        view=seen.name,
        statistic=_least(seen.drop),
        threshold=seen.bar,
        effect=effect,
        direction=Direction.OTHER if better(seen.name) is Better.ZERO else direction,
        parameters={},
    )


def _effect(seen: _Seen) -> float:
    """The change of the value in standard deviations of what one pair adds to it, from the width of its interval."""
    figure, size = seen.figure, seen.drop.value
    if figure.low is not None and figure.high is not None and figure.high > figure.low:
        size /= (figure.high - figure.low) / (2 * Z) * math.sqrt(figure.n)
    return -size if better(seen.name) is Better.HIGH else size


def _distribution(figure: Figure) -> Distribution:
    return Distribution(
        size=figure.n, mean=figure.value, standard_deviation=None, missing=0.0, bins=(), shares=()
    )


def _began(name: str, bar: float, look: Look) -> int:
    """The block from which on the figure fell; the first one if what came before was no better than tolerated either."""
    assert look.expected is not None
    at = onset(name, look.pairs, look.task)
    if at < _SHORTEST:
        return at
    before = figures_named(look.pairs.take(slice(0, at * BLOCK)), look.task, [name])
    drop = drop_of(before, look.expected).get(name)
    return 0 if drop is not None and drop.value > bar else at


def _severity(drop: Drop, bar: float) -> Severity:
    return Severity.CRITICAL if drop.beyond(CRITICAL * bar) else Severity.WARNING


def _is_sure(drop: Drop, bar: float) -> bool:
    return drop.low is not None and _least(drop) > bar


def _least(drop: Drop) -> float:
    """What the drop is at least, with 99.9 %."""
    assert drop.low is not None
    return drop.value - _SURE * (drop.value - drop.low)
