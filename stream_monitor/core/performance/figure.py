"""A figure with its 95 % interval, and the ways to one. An undefined figure says why it is none; nothing here is ever NaN.

Wilson: Wilson, Probable inference, JASA 22, 1927; recommended by Brown, Cai and DasGupta, Statistical Science 16, 2001.
Batch means: Law and Kelton, Simulation Modeling and Analysis, ch. 9: the means of consecutive batches of a dependent series
are nearly independent, so that their spread gives an honest standard error where that of single values would be too small.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.window import BLOCK

Z: Final = 1.959963984540054  # 97.5 % quantile of the normal distribution
_T: Final = (12.706204736, 4.302652730, 3.182446305, 2.776445105)  # of Student's, 1..4 degrees of freedom
_LARGEST: Final = float(np.finfo(np.float64).max)
TOO_FEW: Final = "too few pairs for an interval"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One metric. value, low, high: in the metric's own unit; n: pairs that it is made of (for a precision: so predicted).

    value is None where the metric is undefined, low and high also where there is no interval; `reason` then says why.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    reason: str | None = None

    def check(self) -> None:
        """Raise CorruptState if the parts do not fit together."""
        fits = (self.low is None) == (self.high is None) and self.n >= 0
        if self.value is None:
            fits = fits and self.low is None and self.reason is not None
        elif self.low is not None and self.high is not None:
            fits = fits and self.low <= self.value <= self.high
        if not fits:
            raise CorruptState(f"figure: {self} does not fit together")


def undefined(reason: str, *, n: int = 0) -> Figure:
    """A figure that is none, and why."""
    return Figure(value=None, low=None, high=None, n=n, reason=reason)


def figure(
    value: float, error: float | None, *, n: int, least: float = -math.inf, most: float = math.inf
) -> Figure:
    """`value` ± `error` (half the interval; None: no interval), the interval cut at the limits of the metric."""
    if error is None:
        return Figure(value=value, low=None, high=None, n=n, reason=TOO_FEW)
    low, high = max(least, value - error), min(most, value + error)
    return Figure(value=value, low=min(low, value), high=max(high, value), n=n)


def proportion(hits: int, n: int, reason: str) -> Figure:
    """hits / n with Wilson's interval; undefined for `reason` where n is 0. Pairs count as independent.

    >>> of = proportion(8, 10, "no pairs")
    >>> of.value, round(of.low, 4), round(of.high, 4)
    (0.8, 0.4902, 0.9433)
    """
    if n == 0:
        return undefined(reason)
    low, high = wilson(hits / n, n)
    return Figure(value=hits / n, low=low, high=high, n=n)


def wilson(p: float, n: float) -> tuple[float, float]:
    """Wilson's interval of a proportion p of n > 0."""
    centre = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    return max(0.0, min(p, centre - half)), min(1.0, max(p, centre + half))


def logit(p: float, error: float, n: float) -> tuple[float, float]:
    """Interval of a share p whose standard error is `error`, made on the logit scale: it stays inside 0..1 and is right near
    its ends. Where p is 0 or 1, or `error` nothing, Wilson's of n cases.
    """
    if not 0.0 < p < 1.0 or error <= 0.0:
        return wilson(min(1.0, max(0.0, p)), n)
    centre, half = math.log(p / (1 - p)), Z * error / (p * (1 - p))
    return min(p, _expit(centre - half)), max(p, _expit(centre + half))


def mean_of(values: FloatArray, *, positive: bool = False) -> Figure:
    """Mean of `values`: (n,) in order, n >= 1, with Student's interval by `error_of_mean`.

    positive: no value is below 0; the interval is then made on the log scale, which is right for skewed ones.
    """
    mean, error, n = float(values.mean()), error_of_mean(values), len(values)
    if error is None or not positive or mean <= 0.0:
        return figure(mean, error, n=n)
    factor = math.exp(min(error / mean, 100.0))
    return Figure(value=mean, low=mean / factor, high=min(mean * factor, _LARGEST), n=n)


def error_of_mean(values: FloatArray) -> float | None:
    """Half the 95 % interval of the mean of `values`: (n,) in order; None below two values.

    From the means of closed batches of BLOCK values where there are at least two, else from the values themselves.
    """
    batches = len(values) // BLOCK
    if batches >= 2:
        values = values[: batches * BLOCK].reshape(batches, BLOCK).mean(axis=1)
    n = len(values)
    if n < 2:
        return None
    with np.errstate(over="ignore"):  # squares of squares: the interval is cut at the largest float
        return student(n - 1) * float(values.std(ddof=1)) / math.sqrt(n)


def combined(parts: Sequence[Figure], weights: Sequence[float]) -> tuple[float, float]:
    """How far the weighted sum of independent shares may be below and above its value, from their own intervals; an undefined one
    counts as 0 and may be anything up to 1 (Zou and Donner, Statistics in Medicine 27, 2008).
    """
    below = above = 0.0
    for part, weight in zip(parts, weights, strict=True):
        value, low, high = part.value or 0.0, part.low or 0.0, 1.0 if part.high is None else part.high
        below += (weight * (value - low)) ** 2
        above += (weight * (high - value)) ** 2
    return math.sqrt(below), math.sqrt(above)


def transformed(of: Figure, function: Callable[[float], float]) -> Figure:
    """A figure put through a rising function, interval and all."""
    if of.value is None:
        return of
    low, high = (None if x is None else function(x) for x in (of.low, of.high))
    return Figure(value=function(of.value), low=low, high=high, n=of.n, reason=of.reason)


def student(freedom: int) -> float:
    """97.5 % quantile of Student's distribution, degrees of freedom >= 1; error below .001 (Abramowitz and Stegun 26.7.5).

    >>> [round(student(n), 2) for n in (1, 5, 30, 63)]
    [12.71, 2.57, 2.04, 2.0]
    """
    if freedom <= len(_T):
        return _T[freedom - 1]
    z2 = Z * Z
    first = (z2 + 1) / 4
    second = ((5 * z2 + 16) * z2 + 3) / 96
    third = (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384
    fourth = ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) / 92160
    return Z * (1 + first / freedom + second / freedom**2 + third / freedom**3 + fourth / freedom**4)


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
