import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core.sequential.sums import (
    FINE,
    Layout,
    exact_product,
    on_grid,
    running_mean,
    total,
)


def test_the_grid_is_below_and_near() -> None:
    values = np.random.default_rng(1).normal(size=1_000) * 100
    rounded = on_grid(values, 256.0)
    assert (rounded <= values).all()
    assert (values - rounded < 1 / 256).all()
    assert (rounded * 256 == np.rint(rounded * 256)).all()


def test_sums_on_the_grid_are_the_same_in_any_order() -> None:
    random = np.random.default_rng(2)
    logs = on_grid(np.log(random.random((32, 18))), FINE)
    counts = random.integers(0, 9, (700, 32)).astype(np.float64)
    whole = exact_product(counts, logs)
    order = random.permutation(32)
    assert exact_product(counts[:, order], logs[order]).tobytes() == whole.tobytes()
    assert exact_product(counts[37:38], logs).tobytes() == whole[37:38].tobytes()


@pytest.mark.parametrize("sizes", [[200], [40, 40, 40], [30, 170, 1]])
@pytest.mark.parametrize("width", [(2,), (3,), (2, 7)])
def test_a_total_is_that_of_one_step_after_the_other(sizes: list[int], width: tuple[int, ...]) -> None:
    """To the bit: or it would depend on how the stream is cut."""
    put, layout = np.random.default_rng(3).normal(size=(sum(sizes), *width)), Layout.of(np.array(sizes))
    expected = np.ones((len(sizes), *width))
    for series, (first, size) in enumerate(zip(layout.first.tolist(), sizes, strict=True)):
        for block in range(first, first + size):
            expected[series] = expected[series] + put[block]
    assert total(np.ones((len(sizes), *width)), layout, put).tobytes() == expected.tobytes()


def test_a_running_mean_is_that_before_each_usable_block() -> None:
    layout = Layout.of(np.array([3, 2]))
    put, usable = np.array([1.0, 2.0, 4.0, 8.0, 16.0]), np.array([True, False, True, True, True])
    before, after = running_mean(np.array([0.0, 2.0]), layout, put, usable, 0.5)
    assert before.tolist() == [0.0, 1.0, 1.0, 2.0, 9.0]
    assert after.tolist() == [4.5, 20.5]


@given(st.lists(st.integers(1, 6), min_size=1, max_size=6))
def test_a_layout_turns_series_into_time_and_back(sizes: list[int]) -> None:
    layout = Layout.of(np.array(sizes))
    flat = np.arange(1, 2 * sum(sizes) + 1).reshape(-1, 2)
    by_time = layout.by_time(flat)
    assert by_time.shape == (max(sizes), len(sizes), 2)
    step, series = layout.places()
    assert by_time[step, series].tolist() == flat.tolist()
    assert (by_time[..., 0] > 0).sum() == sum(sizes)  # 0 behind the last of each
    assert layout.flat(by_time).tolist() == flat.tolist()
    assert layout.each(np.arange(len(sizes))).tolist() == series.tolist()
