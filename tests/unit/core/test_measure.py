"""What moved, how far and since when: windows with chosen counts and sums."""

import numpy as np
import pytest
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.measure import (
    SHAPE,
    blocks_since_reshape,
    expected_shape_effect,
    locate,
    measure,
    shape_effect,
    smallest_of_means,
)
from stream_monitor.core.reference import learn_numeric
from stream_monitor.core.standardise import Lens
from stream_monitor.core.window import BLOCK, LENGTH, Summary, Sums, Window

RNG = np.random.default_rng(1)
LENS = Lens(learn_numeric(RNG.normal(size=5_000), unusable=0))
TOLERANCE = 0.2


def window_of(values: FloatArray) -> Window:
    """The window of some values (m * BLOCK,)."""
    m = len(values) // BLOCK
    place = np.repeat(np.arange(m) * LENS.bins, BLOCK) + LENS.bin(values)
    counts = np.bincount(place, minlength=m * LENS.bins).reshape(m, -1).astype(np.uint8)
    views = LENS.standardised(values).values()
    window = Window(bins=LENS.bins, views=len(LENS.views))
    window.extend(
        Summary(
            Sums(
                counts=counts[np.newaxis],
                views=np.stack([view.reshape(m, BLOCK).sum(axis=1) for view in views], axis=1)[np.newaxis],
                moments=np.zeros((1, m, 2)),
            ),
            rows=np.zeros((m, 2), np.int64),
            times=np.zeros((m, 2), np.int64),
            unusable=np.zeros(m, np.int64),
        )
    )
    return window


def normal(n: int, *, mean: float = 0.0, spread: float = 1.0) -> FloatArray:
    return RNG.normal(mean, spread, size=n * BLOCK)


def lopsided(n: int) -> FloatArray:
    """Mean 0 and standard deviation 1 as before, but exponential."""
    return np.asarray(RNG.exponential(size=n * BLOCK) - 1.0)


@pytest.mark.parametrize(
    ("after", "view"),
    [
        (normal(10, mean=1.0), "value"),
        (normal(10, mean=-0.6), "value"),
        (normal(10, mean=1.0, spread=3.0), "value"),  # wider too, but first of all elsewhere
        (normal(20, spread=2.0), "deviation"),
        (lopsided(30), SHAPE),
    ],
)
def test_what_changed_and_when_is_found(after: FloatArray, view: str) -> None:
    before = normal(30)
    window = window_of(np.concatenate([before, after]))
    moved = locate(LENS, window, 0, len(window.counts), TOLERANCE)
    assert moved.view == view
    assert abs(moved.effect) >= TOLERANCE
    assert moved.blocks == pytest.approx(len(after) / BLOCK, abs=3)


def test_nothing_is_looked_for_before_the_first_block_asked_for() -> None:
    window = window_of(np.concatenate([normal(20, mean=2.0), normal(20)]))
    assert locate(LENS, window, 0, 40, TOLERANCE).blocks > 20
    assert locate(LENS, window, 20, 40, TOLERANCE).blocks <= 20


def test_a_shape_speaks_only_where_no_view_reaches_the_tolerance() -> None:
    window = window_of(lopsided(30))
    assert measure(LENS, window, 30, 30, TOLERANCE).view == SHAPE
    assert measure(LENS, window, 30, 30, 0.0).view != SHAPE


def test_a_shift_of_a_normal_series_has_about_its_own_size_as_shape() -> None:
    window = window_of(normal(400, mean=0.25))
    assert shape_effect(LENS, window, 400, 400) == pytest.approx(0.25, abs=0.06)


def test_chance_makes_the_shape_effect_that_is_expected() -> None:
    chance = [shape_effect(LENS, window_of(normal(8)), 8, 8) for _ in range(300)]
    assert float(np.mean(chance)) == pytest.approx(expected_shape_effect(LENS, 8), rel=0.15)


def test_a_split_of_counts_is_the_likeliest_of_all() -> None:
    counts: NDArray[np.uint8] = np.zeros((LENGTH, 4), np.uint8)
    counts[:, 0] = counts[:, 1] = 16
    counts[-7:] = [0, 16, 16, 0]
    assert blocks_since_reshape(counts) == 7
    assert blocks_since_reshape(counts[:1]) == 1


def test_the_smaller_of_two_means_counts_for_every_block_that_has_enough_before_it() -> None:
    views = np.zeros((40, 2))
    views[:, 1] = -0.5 * BLOCK
    views[-4:, 1] = 0.0
    effects = smallest_of_means(views, (32, 8))
    assert len(effects) == 9
    assert effects[:5] == pytest.approx(0.5)
    assert effects[-1] == pytest.approx(0.25)  # the last eight are half way back
    assert len(smallest_of_means(views[:31], (32, 8))) == 0
