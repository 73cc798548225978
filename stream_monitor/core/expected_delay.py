"""How soon the sequential test finds a change, on average: closed formulas, so that a budget can be explained beforehand.

Owns no state and knows no series: evidence is counted in nats. Every value of a new regime brings on average as much as its
distribution differs from the old one (the Kullback–Leibler divergence), and an alarm needs about the logarithm of the values
per alarm. Measured against the test itself in `tests/statistical/test_expected_delay.py`.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.window import BLOCK

_EULER: Final = 0.5772156649015329
_PRICE: Final = 3.0  # nats; measured: that one bet of many wins, and how well it fits the change
_ONE_SIDE: Final = math.log(
    2
)  # nats saved where no bet is on a fall: each of the others weighs twice as much
_MOST: Final = math.log(32)  # nats a value: bins as many as that cannot say more


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """What the test of one series can find.

    values_per_alarm: of the series, by its share of the alarm budget, > 1. past: values since the test began to learn, > 0.
    upward: only a rise is looked for. Every value joins what is normal, so that a change left unnoticed dilutes itself: at
    most `past` values' worth of evidence against it can ever be gathered.
    """

    values_per_alarm: float
    past: float = math.inf
    upward: bool = False

    def needed(self, information: float) -> float:
        """Evidence in nats that an alarm needs where each value of the new regime brings `information` > 0 nats.

        ln(N·I) - 1 - γ is what one needs who knows both distributions (Shiryaev, Theory of Probability and its
        Applications 8, 1963, for small changes); not to know the new one costs `_PRICE` more.
        """
        known = math.log(self.values_per_alarm * information) - 1 - _EULER
        return max(known, 0.0) + _PRICE - (_ONE_SIDE if self.upward else 0.0)

    def delay(self, information: float) -> float:
        """Expected values from a change to its alarm; infinite if what is normal changes sooner than that.

        After n values of a new regime the evidence is n·p / (n + p) · I against a past of p values. Half a block more passes on
        average until its end, and a quarter at least before, since no evidence moves within parts of a block.
        """
        if information <= 0:
            return math.inf
        information = min(information, _MOST)
        values = self.needed(information) / information
        if values >= self.past:
            return math.inf
        diluted = values if math.isinf(self.past) else values * self.past / (self.past - values)
        return max(diluted, BLOCK / 4) + BLOCK / 2


def information_of_shift(shift: float) -> float:
    """Nats a value of a normal distribution moved by `shift` standard deviations: d²/2.

    >>> information_of_shift(0.5)
    0.125
    """
    return shift * shift / 2


def information_of_shares(before: FloatArray, after: FloatArray) -> float:
    """Nats a value where the categories had the shares `before` and have the shares `after`, (K,) each, all > 0 before.

    >>> import numpy as np
    >>> round(information_of_shares(np.array([0.95, 0.05]), np.array([0.9, 0.1])), 4)
    0.0207
    """
    here = after > 0
    return float((after[here] * np.log(after[here] / before[here])).sum())


def least_information_of_moved(share: float) -> float:
    """What moving this share of all values from some categories to others brings at least: 2·share² (Pinsker's inequality)."""
    return 2 * share * share
