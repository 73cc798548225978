"""How differently the groups of a feature are treated: three figures with intervals, from counts by group.

As fairlearn defines them, with g over groups, P the rate of the favourable prediction, T that rate among the cases whose label
is favourable (the true positive rate): `demographic_parity_difference` max P - min P (Dwork et al. 2012);
`equal_opportunity_difference` max T - min T (Hardt, Price and Srebro, Equality of opportunity in supervised learning, NIPS
2016); `disparate_impact` min P / max P (EEOC's four-fifths rule, 1978; fairlearn's demographic_parity_ratio).

Intervals are of the two extreme groups, made from Wilson's: of the difference as Newcombe's method 10 (Statistics in Medicine
17, 1998), of the ratio as Donner and Zou's MOVER-R (Statistical Methods in Medical Research 21, 2012). The two were chosen among
all pairs of groups because they differ most: so the level is that of all pairs at once (Bonferroni), 95 %.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.segments.parameters import DEMOGRAPHIC_PARITY, DISPARATE_IMPACT, EQUAL_OPPORTUNITY

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """hits of n cases of the group at `place`."""

    place: int
    hits: int
    n: int

    @property
    def value(self) -> float:
        """0..1."""
        return self.hits / self.n


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfairness:
    """One figure. low, high: its interval. lowest, highest: the groups that it compares. All None where `reason` says why."""

    value: float | None
    low: float | None
    high: float | None
    lowest: Rate | None
    highest: Rate | None
    reason: str | None = None


def fairness_figures(
    selected: Counts, cases: Counts, hits: Counts, positives: Counts, *, least: int
) -> Mapping[str, Unfairness]:
    """By figure. Counts by place, (places,): favourable predictions among `cases`; `hits`, those among favourable labels
    `positives`. least: cases of a group below which it is left out.

    >>> figures = fairness_figures(
    ...     *(np.array(n) for n in ([60, 30], [100, 100], [45, 20], [50, 40])), least=30
    ... )
    >>> [round(figures[name].value, 3) for name in sorted(figures)]
    [0.3, 0.5, 0.4]
    """
    rates, true = _rates(selected, cases, least), _rates(hits, positives, least)
    return {
        DEMOGRAPHIC_PARITY: _difference(rates, f"fewer than two groups with {least} predictions"),
        EQUAL_OPPORTUNITY: _difference(true, f"fewer than two groups with {least} favourable labels"),
        DISPARATE_IMPACT: _ratio(rates, f"fewer than two groups with {least} predictions"),
    }


def _rates(hits: Counts, cases: Counts, least: int) -> list[Rate]:
    return [
        Rate(place=at, hits=int(hits[at]), n=int(cases[at])) for at in np.flatnonzero(cases >= least).tolist()
    ]


def _difference(rates: list[Rate], reason: str) -> Unfairness:
    if len(rates) < 2:
        return Unfairness(value=None, low=None, high=None, lowest=None, highest=None, reason=reason)
    worst, best, z = _extremes(rates)
    value = best.value - worst.value
    (l1, u1), (l2, u2) = _wilson(best, z), _wilson(worst, z)
    return Unfairness(
        value=value,
        low=value - math.hypot(best.value - l1, u2 - worst.value),
        high=value + math.hypot(u1 - best.value, worst.value - l2),
        lowest=worst,
        highest=best,
    )


def _ratio(rates: list[Rate], reason: str) -> Unfairness:
    if len(rates) < 2:
        return Unfairness(value=None, low=None, high=None, lowest=None, highest=None, reason=reason)
    worst, best, z = _extremes(rates)
    if best.hits == 0:
        return Unfairness(
            value=None, low=None, high=None, lowest=worst, highest=best, reason="nobody is favoured"
        )
    (l1, u1), (l2, u2) = _wilson(worst, z), _wilson(best, z)
    p1, p2 = worst.value, best.value
    low = (p1 * p2 - _root((p1 * p2) ** 2 - l1 * u2 * (2 * p1 - l1) * (2 * p2 - u2))) / (u2 * (2 * p2 - u2))
    high = (p1 * p2 + _root((p1 * p2) ** 2 - u1 * l2 * (2 * p1 - u1) * (2 * p2 - l2))) / (l2 * (2 * p2 - l2))
    return Unfairness(value=p1 / p2, low=max(0.0, low), high=high, lowest=worst, highest=best)


def _extremes(rates: list[Rate]) -> tuple[Rate, Rate, float]:
    """The groups with the lowest and the highest rate, and the quantile that is right for all pairs of groups."""
    worst = min(rates, key=lambda rate: (rate.value, rate.place))
    best = max(rates, key=lambda rate: (rate.value, rate.place))
    pairs = len(rates) * (len(rates) - 1) / 2
    return worst, best, NormalDist().inv_cdf(1 - 0.025 / pairs)


def _wilson(rate: Rate, z: float) -> tuple[float, float]:
    p, n = rate.value, rate.n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, min(p, centre - half)), min(1.0, max(p, centre + half))


def _root(square: float) -> float:
    return math.sqrt(max(0.0, square))  # below 0 by rounding alone
