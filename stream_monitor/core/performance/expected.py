"""What performance was promised, and how far it fell since: per metric in its own unit, with an interval.

A difference of two figures has the interval of Zou and Donner, Construction of confidence limits about effect measures,
Statistics in Medicine 27, 2008 (Newcombe's hybrid method 10 of 1998 for proportions): it needs no more than both intervals.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from stream_monitor.core.detector import Plain
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.performance.figure import Figure
from stream_monitor.core.performance.figures import BETTER, Better, better
from stream_monitor.core.plain import plain_of, value_of

_IN_LABEL_UNIT: Final = frozenset({"mae", "rmse", "bias"})


class Origin(StrEnum):
    """Where expected figures come from."""

    GIVEN = "given"
    REFERENCE = "reference"
    FIRST_WINDOW = "first_window"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Expected figures by metric. Given ones without an interval are taken as exact."""

    figures: Mapping[str, Figure]
    origin: Origin

    def to_plain(self) -> Plain:
        """Explicit fields, JSON-able."""
        return plain_of(self)

    @classmethod
    def from_plain(cls, plain: Plain) -> "Expected":
        """The inverse of `to_plain`. Raises CorruptState."""
        expected = value_of(cls, plain)
        for name, one in expected.figures.items():
            one.check()
            if name.split(":", maxsplit=1)[0].removesuffix("_macro").removesuffix("_weighted") not in BETTER:
                raise CorruptState(f"expected: no metric {name!r}")
        return expected


def given(values: Mapping[str, float]) -> Expected:
    """Expected figures as configured. Raises KeyError for a name that is no metric, ValueError for a value that is no number."""
    for name, value in values.items():
        better(name)
        if not math.isfinite(value):
            raise ValueError(f"expected {name} is {value}")
    figures = {name: Figure(value=value, low=value, high=value, n=0) for name, value in values.items()}
    return Expected(figures=MappingProxyType(figures), origin=Origin.GIVEN)


def from_window(figures: Mapping[str, Figure]) -> Expected:
    """Expected figures of the first labelled window: those that are defined."""
    defined = {name: one for name, one in figures.items() if one.value is not None}
    return Expected(figures=MappingProxyType(defined), origin=Origin.FIRST_WINDOW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """How much worse a metric is than expected, in its own unit; below 0 it is better. low, high: 95 %, None where unknown."""

    value: float
    low: float | None
    high: float | None

    def beyond(self, tolerance: float) -> bool:
        """Whether it is worse by more than `tolerance`, chance left aside: the whole interval is."""
        return self.low is not None and self.low > tolerance


def drop_of(figures: Mapping[str, Figure], expected: Expected) -> dict[str, Drop]:
    """The drop of every metric that both know and that is defined.

    >>> now = {"accuracy": Figure(value=0.82, low=0.79, high=0.85, n=640)}
    >>> drop = drop_of(now, given({"accuracy": 0.9}))["accuracy"]
    >>> round(drop.value, 3), round(drop.low, 3), round(drop.high, 3), drop.beyond(0.02)
    (0.08, 0.05, 0.11, True)
    """
    drops = {}
    for name, before in expected.figures.items():
        now = figures.get(name)
        if now is not None and now.value is not None and before.value is not None:
            drops[name] = _drop(before, now, better(name))
    return drops


def tolerated(name: str, expected: Expected, tolerance: float) -> float:
    """How far the metric `name`, one of `expected`, may drop, in its own unit: what `Drop.beyond` takes.

    Most metrics mean the same for every model, and `tolerance` is in their own unit: .02 is two points of accuracy, or .02 nats.
    Those in the unit of the label do not: there it is a share of the expected error, for a bias of the MAE (else the RMSE, else
    the size of the bias itself).

    >>> tolerated("accuracy", given({"accuracy": 0.9}), 0.02)
    0.02
    >>> promised = given({"mae": 50.0, "bias": 0.0})
    >>> tolerated("mae", promised, 0.02), tolerated("bias", promised, 0.02)
    (1.0, 1.0)
    """
    if name not in _IN_LABEL_UNIT:
        return tolerance
    chain = (name,) if name != "bias" else ("mae", "rmse", "bias")
    of = next(expected.figures[one] for one in chain if one in expected.figures)
    return tolerance * abs(of.value or 0.0)


def worsening(name: str, before: Figure, now: Figure) -> Drop:
    """By how much the metric `name` is worse now than before, both defined."""
    return _drop(before, now, better(name))


def _drop(before: Figure, now: Figure, where: Better) -> Drop:
    if where is Better.ZERO:
        before, now = _size(before), _size(now)
    worse, other = (before, now) if where is Better.HIGH else (now, before)
    assert worse.value is not None
    assert other.value is not None
    value = worse.value - other.value
    if worse.low is None or worse.high is None or other.low is None or other.high is None:
        return Drop(value=value, low=None, high=None)
    return Drop(
        value=value,
        low=value - math.hypot(worse.value - worse.low, other.high - other.value),
        high=value + math.hypot(worse.high - worse.value, other.value - other.low),
    )


def _size(of: Figure) -> Figure:
    """|value|, with the interval of the sizes that the interval holds."""
    assert of.value is not None
    if of.low is None or of.high is None:
        return Figure(value=abs(of.value), low=None, high=None, n=of.n, reason=of.reason)
    ends = sorted((abs(of.low), abs(of.high)))
    low = 0.0 if of.low <= 0.0 <= of.high else ends[0]
    return Figure(value=abs(of.value), low=low, high=ends[1], n=of.n)
