"""Hours of the day: the kernel and a plain loop agree in every bit."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.sequential.calendar import PHASES, Calendar
from stream_monitor.core.sequential.layout import Layout
from stream_monitor.core.window import BLOCK

SERIES, ROWS = 3, 4
sizes = st.lists(st.integers(1, 4), min_size=SERIES, max_size=SERIES)
sharp = st.one_of(st.floats(-6.0, 6.0), st.sampled_from([0.0, -0.0, 1 / 512, -1 / 512, 6.0]))


def slow_learn(calendar: Calendar, row: int, values: FloatArray, hours: list[int]) -> None:
    """One block."""
    for value, hour in zip(values.tolist(), hours, strict=True):
        calendar.total[row, hour] += round(value * 256) / 256
        calendar.number[row, hour] += 1
        calendar.visits[row, hour] += hour != calendar.last[row]
        calendar.last[row] = hour


@given(sizes, st.integers(0, 2**32), st.data())
def test_what_is_learned(many: list[int], seed: int, data: st.DataObject) -> None:
    random, layout = np.random.default_rng(seed), Layout.of(np.array(many))
    rows = random.permutation(ROWS)[:SERIES]
    values = data.draw(arrays.arrays(np.float64, (sum(many), BLOCK), elements=sharp))
    hours = np.minimum(random.integers(0, PHASES + 1, (sum(many), 1)) + np.arange(BLOCK) // 20, 23)
    hours[random.random(hours.shape) < data.draw(st.sampled_from([0.0, 0.01]))] = -1
    told = hours.astype(np.int8)
    calendar, twin = Calendar(ROWS), Calendar(ROWS)
    calendar.learn(rows, layout, values, told)
    for row, block, at in zip(layout.each(rows).tolist(), values, hours.tolist(), strict=True):
        if min(at) >= 0:
            slow_learn(twin, row, block, at)
    for name in ("total", "number", "visits", "last"):
        assert getattr(calendar, name).tobytes() == getattr(twin, name).tobytes(), name
