import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core.sequential.schedule import Schedule

SCHEDULE = Schedule(first=16, least=2, growth=0.1)


def _numbers(until: int) -> list[int]:
    numbers = [16]
    while numbers[-1] < until:
        numbers.append(numbers[-1] + max(2, int(numbers[-1] * 0.1)))
    return numbers


NUMBERS = _numbers(2_000)


@given(st.lists(st.integers(0, 1_900), min_size=1, max_size=5))
def test_a_place_is_that_of_the_first_number_not_below(done: list[int]) -> None:
    places = SCHEDULE.place(np.array(done)).tolist()
    assert places == [sum(number < one for number in NUMBERS) for one in done]
    assert SCHEDULE.numbers[: len(NUMBERS)].tolist() == NUMBERS


@given(st.integers(0, 1_900))
def test_after_is_the_next_number_above(done: int) -> None:
    assert SCHEDULE.after(np.array([done])) == min(number for number in NUMBERS if number > done)
