import numpy as np
import pytest

from stream_monitor.core.sequential.calendar import HOUR_MS, VISITS, Calendar, phase_of

ROW = np.zeros(1, np.intp)


def test_a_phase_is_the_hour_of_the_day() -> None:
    day = 1_735_689_600_000  # 2025-01-01T00:00Z
    times = np.array([day, day + HOUR_MS - 1, day + HOUR_MS, day + 25 * HOUR_MS, -1])
    assert phase_of(times).tolist() == [0, 0, 1, 1, 23]


def test_what_is_usual_is_the_mean_of_all_earlier_blocks_of_the_phase() -> None:
    random = np.random.default_rng(1)
    calendar, earlier, visits = Calendar(1), [[0.0] * 0 for _ in range(24)], [0] * 24
    for block in range(400):
        phase, mean = block // 3 % 24, random.normal()
        visits[phase] += block % 3 == 0
        usual, known = calendar.push(ROW, np.array([phase]), np.array([mean]))
        assert usual[0] == pytest.approx(np.mean(earlier[phase]) if earlier[phase] else 0.0)
        assert known[0] == (visits[phase] > VISITS)
        earlier[phase].append(mean)


def test_a_stream_without_time_never_knows_what_is_usual() -> None:
    calendar = Calendar(1)
    assert not any(calendar.push(ROW, np.array([0]), np.array([1.0]))[1][0] for _ in range(50))


def test_restart_forgets_one_row() -> None:
    calendar = Calendar(2)
    for phase in (1, 2, 1, 2):
        calendar.push(np.array([0, 1]), np.array([phase, phase]), np.array([3.0, 4.0]))
    calendar.restart(np.array([0]))
    assert calendar.mean[:, 1].tolist() == [0.0, 4.0]
    assert calendar.visits[:, 1].tolist() == [0, 2]
    assert calendar.last.tolist() == [-1, 2]
