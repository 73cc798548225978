import numpy as np
import pytest

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.sequential.autocorrelation import (
    LAGS,
    MATERIAL,
    SIGNIFICANT,
    correlations,
    is_white,
    sums_of,
)


def _ar1(phi: float, n: int, seed: int = 1) -> FloatArray:
    random = np.random.default_rng(seed)
    values = np.zeros(n)
    for at in range(1, n):
        values[at] = phi * values[at - 1] + random.normal()
    return values


def _sums(values: FloatArray) -> FloatArray:
    return sums_of(values[None, LAGS:], values[None, :LAGS])


def _white_by_definition(values: FloatArray) -> bool:
    """Portmanteau and variance inflation, of the values and of their squares, from arrays instead of sums."""
    for y in (values, values * values):
        late = y[LAGS:]
        n, mean, variance = len(late), late.mean(), late.var()
        r = np.array(
            [((late * y[LAGS - lag : len(y) - lag]).mean() - mean**2) / variance for lag in range(1, 5)]
        )
        if n * (r**2).sum() > SIGNIFICANT and 1 + 2 * np.abs(r).sum() > MATERIAL:
            return False
    return True


@pytest.mark.parametrize("phi", [0.0, 0.05, 0.1, 0.15, 0.2, 0.5, 0.95])
@pytest.mark.parametrize("n", [30, 300, 3_000])
def test_whiteness_is_as_by_definition(phi: float, n: int) -> None:
    for seed in range(5):
        values = _ar1(phi, n, seed)
        assert is_white(_sums(values))[0] == _white_by_definition(values)


@pytest.mark.parametrize("phi", [0.0, 0.5, -0.5])
def test_correlations_are_those_of_numpy(phi: float) -> None:
    values = _ar1(phi, 5_000)
    expected = [np.corrcoef(values[:-lag], values[lag:])[0, 1] for lag in range(1, LAGS + 1)]
    assert correlations(_sums(values))[0] == pytest.approx(expected, abs=0.01)


def test_sums_of_parts_add_up_to_those_of_the_whole() -> None:
    values = _ar1(0.5, 104)
    parts = [sums_of(values[None, at : at + 25], values[None, at - LAGS : at])[0] for at in range(4, 104, 25)]
    assert np.sum(parts, axis=0) == pytest.approx(_sums(values)[0])


def test_material_but_insignificant_and_significant_but_immaterial_are_white() -> None:
    assert is_white(_sums(_ar1(0.5, 20)))[0]
    long = _ar1(0.05, 40_000)
    assert 40_000 * correlations(_sums(long))[0] @ correlations(_sums(long))[0] > SIGNIFICANT
    assert is_white(_sums(long))[0]


def test_volatility_that_comes_in_spells_is_not_white() -> None:
    random = np.random.default_rng(4)
    values = random.normal(size=4_000) * np.repeat(random.choice([0.5, 2.0], 80), 50)
    assert np.abs(correlations(_sums(values))).max() < 0.1
    assert not is_white(_sums(values))[0]


def test_a_constant_and_nothing_at_all_are_white() -> None:
    assert is_white(np.stack([_sums(np.full(50, 3.0))[0], np.zeros(len(_sums(np.zeros(9))[0]))])).all()
