"""How the alarm budget of a model is split: what each block of a series is worth to its sequential test.

Three quarters of the budget go to the sequential tests, the same to every series that exists when a block begins; the rest
refills the token bucket. A block is worth its own length, or the event time between the starts of the last two blocks: both
known before it, as the bound needs it (docs/explanation/alarm-budget.md).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.parameters import PER_WEEK, Budget, BudgetUnit, ModelParameters
from stream_monitor.core.series import SEQUENTIAL
from stream_monitor.core.window import BLOCK

TESTS_SHARE: Final = 0.75


class Allowance:
    """The tests' share of a budget over series that were first seen at some rows of the model."""

    def __init__(self, budget: Budget) -> None:
        self._rate = TESTS_SHARE * budget.rate
        self._by_rows = budget.unit is BudgetUnit.EVENTS
        self._births = np.zeros(0, np.int64)

    def split(self, births: list[int]) -> None:
        """From now on among series first seen at these rows."""
        self._births = np.sort(np.array(births, np.int64))

    def weights(self, first_rows: NDArray[np.int64], elapsed: NDArray[np.int64]) -> FloatArray:
        """Worth of blocks that begin at these rows (m,), with the event time (m,) in ms between the starts of the two before."""
        series = np.maximum(np.searchsorted(self._births, first_rows, side="right"), 1)
        return self._rate * (np.full(len(first_rows), float(BLOCK)) if self._by_rows else elapsed) / series


def bucket_budget(parameters: ModelParameters) -> Budget:
    """What refills the token bucket: the rest, or the whole budget of a model that has no sequential test."""
    budget = parameters.budget or PER_WEEK
    chosen = [series.detectors for series in (parameters.default, *parameters.overrides.values()) if series]
    tested = any(detectors is None or SEQUENTIAL in [d.id for d in detectors] for detectors in chosen)
    share = 1 - TESTS_SHARE if tested else 1.0
    return Budget(alarms=budget.alarms * share, span=budget.span, unit=budget.unit)
