"""What a drift event says of performance: whether it suffers, by which figures, and how that is known. Values only."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """Whether the model got worse."""

    UNCHANGED = "unchanged"  # no fall can be told, and a critical one is ruled out
    WORSE = "worse"  # by more than the tolerance, chance left aside
    UNKNOWN = "unknown"


class Basis(StrEnum):
    """What a verdict rests on."""

    LABELS = "labels"
    ESTIMATE = "estimate"  # of calibrated probabilities: it cannot see a concept drift


class Span(StrEnum):
    """The predictions that a figure is made of."""

    WINDOW = "window"  # the last ones with labels
    SINCE_CHANGE = "since_change"  # those since the change point


@dataclass(frozen=True, slots=True, kw_only=True)
class NotedFigure:
    """A figure of a version, in its own unit, beside what was expected; low, high: 95 %. pairs: predictions that it is made of.

    drop: how much worse it is than expected; below 0 it is better.
    """

    version: str | None
    figure: str
    span: Span
    value: float
    low: float | None
    high: float | None
    pairs: int
    expected: float | None
    drop: float | None
    drop_low: float | None
    drop_high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceNote:
    """figures: of the versions that can be judged, the one that decided first. reason: why the verdict is `unknown`, in words."""

    verdict: Verdict
    basis: Basis | None
    figures: tuple[NotedFigure, ...]
    reason: str | None
