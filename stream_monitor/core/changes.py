"""Changes as examples: how much evidence one would bring to the sequential test, and what the tolerance would make of it.

A change has one size: standard deviations of the mean of numbers, or the share of all values that is moved, for booleans and
categories. Owns what size means for a series of which the reference is known, or not; knows nothing of budgets.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from stream_monitor.core.detector import FloatArray, Kind
from stream_monitor.core.expected_delay import (
    information_of_shares,
    information_of_shift,
    least_information_of_moved,
)
from stream_monitor.core.reference import Reference, category_scores

_SHIFTS: Final = (0.1, 0.25, 0.5, 1.0, 2.0)
_SHARES: Final = (0.01, 0.02, 0.05, 0.1, 0.25)
_LARGEST_SHIFT: Final = 100.0
_HALVINGS: Final = 50
_SHAPE: Final = math.sqrt(
    2 * math.pi
)  # standard deviations of a moved share, as `measure.shape_effect` counts


class Change(NamedTuple):
    """One example. size: see the module. before, after: the share that moves, where it is known.

    information: nats a value. effect: standard deviations of the reference, as the tolerance counts.
    """

    size: float
    before: float | None
    after: float | None
    information: float
    effect: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The changes of one series. exact: the reference is known; otherwise every change brings at least what is said.

    moves: what moves, in words. at: the change of a size, in (0, largest]; its information and effect grow with it.
    """

    moves: str
    sizes: tuple[float, ...]
    largest: float
    exact: bool
    at: Callable[[float], Change]

    def least(self, enough: Callable[[Change], bool]) -> Change | None:
        """The smallest change that is enough; None if not even the largest is. `enough` must stay true as changes grow."""
        low, high = 0.0, self.largest
        if not enough(self.at(high)):
            return None
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            if enough(self.at(middle)):
                high = middle
            else:
                low = middle
        return self.at(high)


def scale_of(kind: Kind | None, reference: Reference | None, *, upward: bool = False) -> Scale | None:
    """The changes of a series of `kind`, None being numbers until it is known; None for identifiers, which are not watched.

    upward: of a series of which only a rise is a drift.
    """
    if kind is Kind.IDENTIFIER:
        return None
    if kind is Kind.BOOLEAN:
        return _of_shares("share of true", None if reference is None else _rate(reference, upward=upward))
    if kind is Kind.CATEGORICAL:
        return _of_shares("share of one category", None if reference is None else _most_frequent(reference))
    return Scale(moves="mean", sizes=_SHIFTS, largest=_LARGEST_SHIFT, exact=True, at=_shifted)


class _Known(NamedTuple):
    """share: of what moves. direction: which way. effect: of a moved share, by one."""

    share: float
    direction: int
    effect: float


def _shifted(size: float) -> Change:
    return Change(size, None, None, information_of_shift(size), size)


def _of_shares(moves: str, known: _Known | None) -> Scale:
    if known is None:
        return Scale(moves=moves, sizes=_SHARES, largest=0.5, exact=False, at=_moved_somewhere)
    largest = (known.share if known.direction < 0 else 1 - known.share) * (1 - 1e-9)

    def moved(size: float) -> Change:
        after = known.share + known.direction * size
        information = information_of_shares(_pair(known.share), _pair(after))
        return Change(size, known.share, after, information, size * known.effect)

    sizes = tuple(size for size in _SHARES if size < largest)
    return Scale(moves=moves, sizes=sizes, largest=largest, exact=True, at=moved)


def _moved_somewhere(size: float) -> Change:
    """Nothing is known of the shares: the evidence of Pinsker's inequality, the effect on a rate of one half."""
    return Change(size, None, None, least_information_of_moved(size), 2 * size)


def _rate(reference: Reference, *, upward: bool) -> _Known:
    """True values become more, or fewer if they are most and a fall counts."""
    direction = 1 if upward or reference.mean <= 0.5 else -1
    return _Known(reference.mean, direction, 1 / reference.scale)


def _most_frequent(reference: Reference) -> _Known:
    """Values move from the most frequent category to the others, in proportion."""
    smoothed = np.array(reference.counts, np.float64) + 0.5
    shares = smoothed / smoothed.sum()
    top = int(shares.argmax())
    surprise, mix = category_scores(reference.counts)

    moved = shares / (1 - shares[top])  # of all values, by one
    moved[top] = -1.0
    views = [
        abs(float((moved * scores).sum())) / reference.views[name].scale
        for name, scores in (("rarity", surprise), ("mix", mix))
    ]
    effect = max(*views, _SHAPE)
    return _Known(float(shares[top]), -1, effect)


def _pair(share: float) -> FloatArray:
    return np.array([share, 1 - share])
