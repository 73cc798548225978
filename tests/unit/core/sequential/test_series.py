import numpy as np
import pytest

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.sequential.choices import LEARN, LONGEST, PATIENT
from stream_monitor.core.sequential.series import SPREAD, Series
from stream_monitor.core.window import BLOCK
from tests.kernels.numpy_spreads import spreads


def _learned(values: FloatArray) -> Series:
    series = Series(key="x", row=0, seed=1)
    series.keep(np.resize(values, (LEARN, BLOCK)), np.full((LEARN, BLOCK), -1, np.int8))
    series.learn()
    return series


def test_spread_values_are_taken_as_they_are_in_units_of_their_quartiles() -> None:
    values = np.random.default_rng(1).normal(10.0, 3.0, LEARN * BLOCK)
    series = _learned(values)
    assert series.unit == pytest.approx(1 / 3, rel=0.15)
    assert series.center == pytest.approx(10.0, abs=0.5)
    assert not series.levels


@pytest.mark.parametrize(
    "values",
    [
        np.random.default_rng(2).poisson(4.0, LEARN * BLOCK).astype(np.float64),
        np.where(np.arange(LEARN * BLOCK) % 4, 0.0, np.arange(LEARN * BLOCK)),  # half of all in one value
        np.array([1.7e308, -1.7e308] * 256) * np.linspace(0.9, 1, LEARN * BLOCK),  # no finite spread
    ],
)
def test_normal_scores_stand_for_values_that_tie_much_or_spread_too_wide(values: FloatArray) -> None:
    series = _learned(values)
    assert series.unit == 0.0
    assert len(series.scores) == SPREAD * len(series.testing().places)
    assert (np.diff(series.scores) > 0).all()
    assert np.isfinite(series.scores).all()


def test_few_levels_and_a_constant_are_seen() -> None:
    flags = _learned(np.arange(float(LEARN * BLOCK)) % 3)
    assert (flags.levels, flags.constant) == (True, False)
    constant = _learned(np.full(LEARN * BLOCK, 4.2))
    assert (constant.levels, constant.constant) == (True, True)


@pytest.mark.parametrize(
    ("warm_up", "blocks", "then"),
    [
        (LEARN, PATIENT * LEARN - 1, 2 * LEARN),
        (LEARN, PATIENT * LEARN, LEARN),
        (8 * LEARN, PATIENT * 8 * LEARN, 4 * LEARN),
        (LONGEST, 100, LONGEST),
    ],
)
def test_a_change_soon_after_a_start_doubles_the_warm_up(warm_up: int, blocks: int, then: int) -> None:
    series = _learned(np.arange(512.0))
    series.warm_up, series.blocks = warm_up, blocks
    series.restart()
    assert (series.warm_up, series.blocks, series.slots) == (then, 0, None)


def test_parts_of_a_bin_are_uniform_and_of_the_ordinal_alone() -> None:
    parts = spreads(7, np.arange(0, 64_000, BLOCK))
    assert np.bincount(parts.ravel(), minlength=SPREAD) == pytest.approx(1_000, abs=160)
    assert spreads(7, np.array([320])).tolist() == parts[10:11].tolist()
