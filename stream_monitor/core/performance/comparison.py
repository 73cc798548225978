"""A new version against an old one: by how much a figure is worse or better, how sure that is, and what to call it.

Where both predicted the same cases, they are compared case by case, which needs far fewer labels: proportions as Newcombe's
method 10 for paired data (Statistics in Medicine 17, 1998, pp. 2635-2650), sizes of errors as a mean of differences. Else from
the two figures with their intervals, as Zou and Donner combine them (`expected.worsening`): of two proportions that is Newcombe's
method 10 for independent ones, of two means nearly Welch's.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.performance.expected import Drop, worsening
from stream_monitor.core.performance.figure import Figure, error_of_mean, wilson

LEAST: Final = 100  # labelled predictions of each version; with fewer no verdict is given


class Verdict(StrEnum):
    """What is said of the new version."""

    BETTER = "better"
    WORSE = "worse"
    NO_DIFFERENCE = "no difference shown"
    NOT_ENOUGH = "not enough labels"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One figure of two versions, in its own unit. worse: by how much the new one is worse, with its 95 % interval; below 0 it is
    better; None where a figure is not defined. n: labelled predictions behind it, of the version with fewer. paired: the same
    cases. within: a difference larger than this is not compatible with the labels; only where none is shown.
    """

    figure: str
    verdict: Verdict
    old: float | None
    new: float | None
    worse: Drop | None
    n: int
    paired: bool

    @property
    def within(self) -> float | None:
        """d of "no difference shown (within ± d)"."""
        if self.verdict is not Verdict.NO_DIFFERENCE or self.worse is None:
            return None
        ends = [abs(end) for end in (self.worse.low, self.worse.high) if end is not None]
        return max(ends, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Both:
    """Cases that both versions predicted, by who was right."""

    both: int
    old_alone: int
    new_alone: int
    neither: int

    @property
    def n(self) -> int:
        """All of them."""
        return self.both + self.old_alone + self.new_alone + self.neither


def verdict_of(worse: Drop | None, n: int, *, least: int = LEAST, tolerance: float = 0.0) -> Verdict:
    """What an interval says: worse or better where all of it is, by more than `tolerance`.

    >>> (
    ...     verdict_of(Drop(value=0.05, low=0.01, high=0.09), 500),
    ...     verdict_of(Drop(value=0.05, low=-0.01, high=0.1), 500),
    ... )
    (<Verdict.WORSE: 'worse'>, <Verdict.NO_DIFFERENCE: 'no difference shown'>)
    """
    if worse is None or worse.low is None or worse.high is None or n < least:
        return Verdict.NOT_ENOUGH
    if worse.low > tolerance:
        return Verdict.WORSE
    return Verdict.BETTER if worse.high < -tolerance else Verdict.NO_DIFFERENCE


def unpaired(name: str, old: Figure, new: Figure, *, least: int = LEAST, tolerance: float = 0.0) -> Compared:
    """The figure `name` of two versions that predicted different cases, or nobody knows which."""
    n = min(old.n, new.n)
    worse = worsening(name, old, new) if old.value is not None and new.value is not None else None
    return Compared(
        figure=name,
        verdict=verdict_of(worse, n, least=least, tolerance=tolerance),
        old=old.value,
        new=new.value,
        worse=worse,
        n=n,
        paired=False,
    )


def paired_accuracy(cases: Both) -> Drop | None:
    """By how much the new version's accuracy is below the old one's on the same cases; None without any.

    The example is of Newcombe's table II.

    >>> worse = paired_accuracy(Both(both=36, old_alone=12, new_alone=2, neither=0))
    >>> round(worse.value, 4), round(worse.low, 4), round(worse.high, 4)
    (0.2, 0.0569, 0.3404)
    """
    n = cases.n
    if n == 0:
        return None
    old, new = (cases.both + cases.old_alone) / n, (cases.both + cases.new_alone) / n
    (l1, u1), (l2, u2) = wilson(old, n), wilson(new, n)
    phi, value = _phi(cases), old - new

    def half(first: float, second: float) -> float:
        return math.sqrt(max(0.0, first * first - 2 * phi * first * second + second * second))

    return Drop(value=value, low=value - half(old - l1, u2 - new), high=value + half(u1 - old, new - l2))


def _phi(cases: Both) -> float:
    """Correlation of being right, less a continuity correction where it is positive."""
    a, b, c, d = cases.both, cases.old_alone, cases.new_alone, cases.neither
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    if margins == 0:
        return 0.0
    product = a * d - b * c
    return (max(product - cases.n / 2, 0.0) if product > 0 else product) / math.sqrt(margins)


def paired_errors(differences: FloatArray) -> Drop | None:
    """By how much errors of the new version are larger: (n,) new less old, in order; None without any."""
    if len(differences) == 0:
        return None
    mean, error = float(differences.mean()), error_of_mean(differences)
    if error is None:
        return Drop(value=mean, low=None, high=None)
    return Drop(value=mean, low=mean - error, high=mean + error)


def compare_figures(
    old: Mapping[str, Figure],
    new: Mapping[str, Figure],
    names: Sequence[str],
    *,
    least: int = LEAST,
    tolerance: float = 0.0,
) -> list[Compared]:
    """Those of `names` that both versions know."""
    return [
        unpaired(name, old[name], new[name], least=least, tolerance=tolerance)
        for name in names
        if name in old and name in new
    ]
