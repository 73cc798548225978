import numpy as np
import pytest

from stream_monitor.core.sequential.calendar import HOUR_MS, Calendar, hours_of
from stream_monitor.core.sequential.choices import VISITS
from stream_monitor.core.sequential.layout import Layout

ROWS = np.zeros(1, np.intp)
ONE = Layout.of(np.array([1]))


def test_hours_are_of_the_day_and_time_nothing_has_none() -> None:
    day = 1_735_689_600_000  # 2025-01-01T00:00Z
    times = np.array([day, day + HOUR_MS - 1, day + HOUR_MS, day + 25 * HOUR_MS, -1, 0])
    assert hours_of(times).tolist() == [0, 0, 1, 1, 23, -1]


def test_what_is_usual_is_the_mean_of_all_values_of_the_hour_so_far() -> None:
    random = np.random.default_rng(1)
    calendar, earlier, visits, last = Calendar(1), [[0.0] * 0 for _ in range(24)], [0] * 24, -1
    for _ in range(300):
        hours = (np.maximum(last, 0) + np.cumsum(random.random(8) < 0.3)) % 24
        values = np.rint(random.normal(size=8) * 256) / 256
        calendar.learn(ROWS, ONE, values[None], hours[None].astype(np.int8))
        for hour, value in zip(hours.tolist(), values.tolist(), strict=True):
            visits[hour] += hour != last
            earlier[hour].append(value)
            last = hour
    calendar.renew(ROWS)
    assert calendar.usual[0] == pytest.approx([np.mean(values) if values else 0.0 for values in earlier])
    assert calendar.known[0].tolist() == [many > VISITS for many in visits]
    assert {True, False} >= set(calendar.known[0].tolist())


def test_blocks_with_a_value_that_has_no_time_teach_nothing() -> None:
    calendar = Calendar(1)
    calendar.learn(ROWS, ONE, np.ones((1, 3)), np.array([[1, -1, 1]], np.int8))
    assert not calendar.number.any()
    assert calendar.last.tolist() == [-1]


def test_parts_and_company_change_nothing() -> None:
    random = np.random.default_rng(2)
    values = random.normal(size=(2, 20, 4))
    hours = np.sort(random.integers(-1, 24, (2, 20, 4)), axis=2).astype(np.int8)
    together, apart = Calendar(2), Calendar(2)
    both = Layout.of(np.array([20, 20]))
    together.learn(np.array([0, 1]), both, values.reshape(-1, 4), hours.reshape(-1, 4))
    for row in (0, 1):
        for at in range(20):
            apart.learn(np.array([row]), ONE, values[row, at : at + 1], hours[row, at : at + 1])
    for name in Calendar.ARRAYS:
        assert getattr(together, name).tobytes() == getattr(apart, name).tobytes(), name
