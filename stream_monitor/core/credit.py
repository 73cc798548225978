"""The token bucket that keeps the alarm budget for detectors without a proven bound.

One credit at the start, refilled at the budget's rate and never above one: so on any stream whatever, alarms in n events
(or in that much event time) ≤ 1 + n · rate.
"""

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.parameters import Budget, BudgetUnit


class Credit:
    """How many alarms may be raised at once: between 0 and 1, as of a row ordinal or an event time.

    The state is `spent_at` alone, the row or time at which the bucket was last emptied: no sum of small refills, so the
    answer does not depend on how often it was asked.
    """

    def __init__(self, budget: Budget) -> None:
        self._full_after = 1.0 / budget.rate  # rows or milliseconds
        self._by_rows = budget.unit is BudgetUnit.EVENTS
        self.spent_at: int | None = None

    def spend(self, row: int, time: int) -> None:
        """An alarm is raised at `row`, at the model's latest event `time`."""
        self.spent_at = row if self._by_rows else time

    def available(self, row: int, time: int) -> bool:
        """Whether an alarm may be raised there."""
        return self.level(row, time) >= 1.0

    def level(self, row: int, time: int) -> float:
        """Credits, 0..1."""
        if self.spent_at is None:
            return 1.0
        return min(1.0, ((row if self._by_rows else time) - self.spent_at) / self._full_after)

    def first_available(self, rows: NDArray[np.int64], times: NDArray[np.int64]) -> int | None:
        """Position of the first of these rows (n,), with the model's latest event time at each, that has a credit."""
        if self.spent_at is None:
            return 0 if len(rows) else None
        levels = ((rows if self._by_rows else times) - self.spent_at) / self._full_after
        at = int(np.searchsorted(levels, 1.0))
        return at if at < len(rows) else None
