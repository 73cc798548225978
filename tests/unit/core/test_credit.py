import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core.credit import Credit
from stream_monitor.core.parameters import Budget, BudgetUnit

EVENTS, TIME = BudgetUnit.EVENTS, BudgetUnit.MILLISECONDS
budgets = st.builds(
    Budget,
    alarms=st.floats(0.1, 20),
    span=st.floats(1, 1_000),
    unit=st.sampled_from([EVENTS, TIME]),
)


@given(budgets, st.lists(st.tuples(st.integers(0, 50), st.integers(0, 200)), max_size=200))
def test_on_any_stream_alarms_are_at_most_one_and_the_rate(
    budget: Budget, steps: list[tuple[int, int]]
) -> None:
    """Rows and times go up by any steps; something wants an alarm at every one, twice."""
    credit, alarms, row, time = Credit(budget), 0, 0, 1_000
    for rows, ms in steps:
        row, time = row + rows, time + ms
        for _ in range(2):
            if credit.available(row, time):
                credit.spend(row, time)
                alarms += 1
    length = row if budget.unit is EVENTS else time - 1_000
    assert alarms <= 1 + length * budget.rate + 1e-9


def test_one_credit_at_the_start_and_never_more_than_one() -> None:
    credit = Credit(Budget(alarms=1, span=100, unit=EVENTS))
    assert credit.level(0, 0) == 1.0
    credit.spend(1_000_000, 0)
    assert credit.level(1_000_000, 0) == 0.0
    assert credit.level(1_000_050, 0) == 0.5
    assert not credit.available(1_000_099, 0)
    assert credit.available(1_000_100, 0)
    assert credit.level(2_000_000, 0) == 1.0


def test_a_budget_by_time_looks_at_event_time_only() -> None:
    credit = Credit(Budget(alarms=2, span=1_000, unit=TIME))
    credit.spend(5, 10_000)
    assert not credit.available(10**9, 10_499)
    assert credit.available(5, 10_500)


@given(
    budgets,
    st.none() | st.integers(0, 500),
    st.lists(st.integers(0, 40), min_size=1, max_size=60),
)
def test_the_first_row_with_a_credit_is_the_first_that_is_available(
    budget: Budget, spent_at: int | None, steps: list[int]
) -> None:
    credit = Credit(budget)
    credit.spent_at = spent_at
    times = np.cumsum(steps)
    rows = np.arange(100, 100 + len(times))
    available = [credit.available(int(row), int(time)) for row, time in zip(rows, times, strict=True)]
    assert credit.first_available(rows, times) == (available.index(True) if True in available else None)


@pytest.mark.parametrize("spent_at", [None, 5])
def test_of_no_rows_none_has_a_credit(spent_at: int | None) -> None:
    credit = Credit(Budget(alarms=1, span=1, unit=EVENTS))
    credit.spent_at = spent_at
    assert credit.first_available(np.zeros(0, np.int64), np.zeros(0, np.int64)) is None
