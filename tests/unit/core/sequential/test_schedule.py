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


@given(st.lists(st.tuples(st.integers(0, 900), st.integers(0, 80)), min_size=1, max_size=5))
def test_due_is_what_lies_before_one_of_the_next_steps(spans: list[tuple[int, int]]) -> None:
    done, size = np.array(spans).T
    due = SCHEDULE.due(done, size)
    expected = [
        (stream, number - start)
        for stream, (start, many) in enumerate(spans)
        for number in NUMBERS
        if start <= number < start + many
    ]
    assert list(zip(due.stream.tolist(), due.step.tolist(), strict=True)) == expected


@given(st.integers(0, 1_900))
def test_after_is_the_next_number_above(done: int) -> None:
    assert SCHEDULE.after(np.array([done])) == min(number for number in NUMBERS if number > done)
