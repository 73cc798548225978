import numpy as np
import pytest

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.sequential.autocorrelation import (
    LAGS,
    RUN_SUMS,
    correlations,
    forecast,
    inflation,
    is_even,
    is_white,
    slow_forecast,
)
from stream_monitor.core.sequential.choices import MATERIAL, SIGNIFICANT, SLOW, SLOW_NOISE
from stream_monitor.core.window import BLOCK
from tests.kernels.numpy_sums import pairs_of, sums_of


def _ar1(phi: float, n: int, seed: int = 1) -> FloatArray:
    random = np.random.default_rng(seed)
    values = np.zeros(n)
    for at in range(1, n):
        values[at] = phi * values[at - 1] + random.normal()
    return np.asarray(values / values.std())


def _coarse(values: FloatArray) -> FloatArray:
    return np.asarray(np.rint(values * 256) / 256)


def _sums(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """n and sums of values whose first LAGS are only the past."""
    late = values[LAGS:]
    lines = np.stack([values[at : at + LAGS + BLOCK] for at in range(0, len(late), BLOCK)])
    return np.full(1, float(len(late))), sums_of(lines).sum(axis=0)[None]


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
@pytest.mark.parametrize("n", [32, 320, 3_200])
def test_whiteness_is_as_by_definition(phi: float, n: int) -> None:
    for seed in range(5):
        values = _coarse(_ar1(phi, n + LAGS, seed))
        assert is_white(*_sums(values))[0] == _white_by_definition(values)


@pytest.mark.parametrize("phi", [0.0, 0.5, -0.5])
def test_correlations_are_those_of_numpy(phi: float) -> None:
    values = _ar1(phi, 160 * BLOCK + LAGS)
    expected = [np.corrcoef(values[:-lag], values[lag:])[0, 1] for lag in range(1, LAGS + 1)]
    n, sums = _sums(values)
    assert correlations(n, sums[:, 0])[0] == pytest.approx(expected, abs=0.01)


def test_forecasts_solve_the_equations_and_find_the_coefficients() -> None:
    random, values = np.random.default_rng(3), np.zeros(600 * BLOCK + LAGS)
    for at in range(3, len(values)):
        values[at] = (
            0.5 * values[at - 1] + 0.2 * values[at - 2] - 0.1 * values[at - 3] + 0.3 + random.normal() / 2
        )
    n, sums = _sums(values)
    constant, *phi = forecast(n, sums[:, 0])[0]
    assert phi == pytest.approx([0.5, 0.2, -0.1], abs=0.02)
    assert constant == pytest.approx(0.3, abs=0.03)
    r = [1.0, *correlations(n, sums[:, 0])[0]]
    for lag in range(1, 4):
        assert sum(phi[k] * r[abs(lag - 1 - k)] for k in range(3)) == pytest.approx(r[lag])


def test_a_forecast_of_what_stands_still_is_its_mean() -> None:
    n, sums = _sums(np.full(10 * BLOCK + LAGS, 2.5))
    assert forecast(n, sums[:, 0])[0].tolist() == [2.5, 0.0, 0.0, 0.0]
    assert np.isfinite(
        forecast(*(part[:, 0] if part.ndim > 1 else part for part in _sums(np.arange(68.0))))
    ).all()


def test_material_but_insignificant_and_significant_but_immaterial_are_white() -> None:
    assert is_white(*_sums(_ar1(0.3, BLOCK + LAGS)))[0]
    n, sums = _sums(_ar1(0.05, 1_250 * BLOCK + LAGS))
    r = correlations(n, sums[:, 0])[0]
    assert n[0] * r @ r > SIGNIFICANT
    assert is_white(n, sums)[0]


def test_volatility_that_comes_in_spells_is_not_white() -> None:
    random = np.random.default_rng(4)
    values = random.normal(size=4_000 + LAGS) * np.repeat(random.choice([0.5, 2.0], 81), 50)[: 4_000 + LAGS]
    n, sums = _sums(values)
    assert np.abs(correlations(n, sums[:, 0])).max() < 0.1
    assert not is_white(n, sums)[0]


def test_what_is_slow_shows_in_the_means_of_blocks() -> None:
    random = np.random.default_rng(5)
    noise = random.normal(size=256 * BLOCK + LAGS)
    slow = noise + 0.25 * np.sin(np.arange(len(noise)) / 100)
    assert is_even(*_sums(noise))[0]
    assert is_white(*_sums(slow))[0]
    assert not is_even(*_sums(slow))[0]
    means = _coarse(slow)[LAGS:].reshape(-1, BLOCK).mean(axis=1)
    assert BLOCK * means.var() / slow.var() > 1 + max(SLOW, SLOW_NOISE * np.sqrt(2 / 256))


def test_a_constant_and_nothing_at_all_are_white() -> None:
    n, sums = _sums(np.full(64 + LAGS, 3.0))
    n, sums = np.append(n, 0.0), np.append(sums, np.zeros_like(sums), axis=0)
    assert is_white(n, sums).all()
    assert is_even(n, sums).all()


def test_inflation_is_one_of_what_is_white_and_near_the_long_run_variance_of_what_is_not() -> None:
    still = np.zeros((1, RUN_SUMS))
    assert inflation(*_sums(_ar1(0.0, 4_000 * BLOCK + LAGS)), still)[0] == pytest.approx(1.0, abs=0.05)
    phi = 0.3  # (1 + phi) / (1 - phi) in the long run; a block of 32 is a little short of it
    assert inflation(*_sums(_ar1(phi, 4_000 * BLOCK + LAGS)), still)[0] == pytest.approx(1.82, abs=0.15)
    squares = 1.59  # of an alternating stream, whose own sums vary less: (1 + phi²) / (1 - phi²)
    assert inflation(*_sums(_ar1(-0.5, 4_000 * BLOCK + LAGS)), still)[0] == pytest.approx(squares, abs=0.15)


def test_a_running_mean_that_varies_too_much_inflates_alone() -> None:
    n, sums = _sums(_ar1(0.0, 4_000 * BLOCK + LAGS))
    white = 1 / (BLOCK * 31)  # variance of a running mean at 1/16 of means of white blocks
    runs = np.array([[4_000.0, 0.0, 4_000.0 * 2.5 * white]])
    assert inflation(n, sums, runs)[0] == pytest.approx(2.5, abs=0.25)


def test_what_a_running_mean_foretells_is_its_regression() -> None:
    random = np.random.default_rng(6)
    before = random.normal(size=5_000) + 1.0
    after = 0.4 * before + random.normal(size=5_000)
    assert slow_forecast(pairs_of(before, after).sum(axis=0)[None])[0] == pytest.approx(
        [before.mean(), np.polyfit(before, after, 1)[0]]
    )
    unrelated = random.normal(size=5_000)
    assert slow_forecast(pairs_of(before, unrelated).sum(axis=0)[None])[0, 1] == 0.0
