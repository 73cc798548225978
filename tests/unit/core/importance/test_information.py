import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics  # type: ignore[import-untyped]  # comes without types

from stream_monitor.core.importance.information import beyond_chance, correlation


def table(pairs: list[tuple[int, int]], rows: int = 5, columns: int = 4) -> np.ndarray:
    counts = np.zeros((rows, columns), np.int64)
    for row, column in pairs:
        counts[row, column] += 1
    return counts


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=80))
def test_it_is_the_mutual_information_less_its_bias(pairs: list[tuple[int, int]]) -> None:
    xs, ys = zip(*pairs, strict=True)
    freedom = (len(set(xs)) - 1) * (len(set(ys)) - 1)
    information, error = beyond_chance(table(pairs)[np.newaxis])
    expected = metrics.mutual_info_score(xs, ys) - freedom / (2 * len(pairs))
    assert information[0] == pytest.approx(expected, abs=1e-12)
    assert error[0] == pytest.approx((2 * freedom) ** 0.5 / (2 * len(pairs)), abs=1e-12)


def test_of_independent_things_it_is_nothing_but_the_stated_error() -> None:
    rng = np.random.default_rng(1)
    pairs = rng.integers(0, (6, 5), size=(400, 500, 2))
    counts = np.stack([table([(int(x), int(y)) for x, y in one], 6, 5) for one in pairs])
    information, error = beyond_chance(counts)
    assert abs(information.mean()) < 4 * error[0] / np.sqrt(len(pairs))
    assert information.std() == pytest.approx(error[0], rel=0.15)


def test_every_table_is_told_alone() -> None:
    rng = np.random.default_rng(2)
    counts = rng.integers(0, 9, size=(7, 10, 16))
    together = np.stack(beyond_chance(counts))
    apart = np.concatenate([np.stack(beyond_chance(one[np.newaxis])) for one in counts], axis=1)
    assert (together == apart).all()


def test_the_correlation_that_tells_as_much() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=200_000)
    for expected in (0.0, 0.3, 0.8):
        y = expected * x + np.sqrt(1 - expected**2) * rng.normal(size=len(x))
        bins = np.linspace(-3, 3, 40)
        counts = np.zeros((41, 41), np.int64)
        np.add.at(counts, (np.searchsorted(bins, x), np.searchsorted(bins, y)), 1)
        information, _ = beyond_chance(counts[np.newaxis])
        assert correlation(information)[0] == pytest.approx(expected, abs=0.06)
