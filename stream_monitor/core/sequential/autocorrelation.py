"""Autocorrelation of a stream's own past, kept as sums: the whiteness gate of a sequential test, and forecasts.

A stream takes part in a test only while its past shows no material autocorrelation, of its values or of their squares:
Q = n Σ r_k² over lags 1..4 significant (Ljung–Box type portmanteau, here without small-sample factors) and the variance
inflation 1 + 2 Σ |r_k| material. What is slower than a few values shows in the means of blocks: their variance is too large.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.sequential.choices import (
    INFLATED_NOISE,
    MATERIAL,
    RUN_NOISE,
    RUN_RATE,
    SIGNIFICANT,
    SLOW,
    SLOW_NOISE,
    SLOW_SIGNIFICANT,
)
from stream_monitor.core.window import BLOCK

LAGS: Final = 4
SUMS: Final = 3 + LAGS  # Σy, Σy², Σ y_t y_{t-k}, Σ (Σ of a block)²
SLOW_SUMS: Final = (
    6  # blocks, Σm, Σm², Σmx, Σx, Σx²: m a running mean of block means, x the block mean that follows
)
RUN_SUMS: Final = 3  # blocks, Σm, Σm²: m the running mean of block means
_RUN: Final = BLOCK * (2.0 - RUN_RATE) / RUN_RATE  # values whose mean varies as it does
ORDER: Final = 3  # of the autoregression
_NEARLY: Final = 0.999  # largest partial autocorrelation: a forecast must not run away


def is_white(n: FloatArray, sums: FloatArray) -> NDArray[np.bool_]:
    """Whether streams with these sums (..., 2, SUMS) of n (...) values are free of material autocorrelation."""
    r = correlations(n[..., None], sums)
    significant = n[..., None] * (r * r).sum(axis=-1) > SIGNIFICANT
    material = 1.0 + 2.0 * np.abs(r).sum(axis=-1) > MATERIAL
    return np.asarray(~(significant & material).any(axis=-1))


def is_even(n: FloatArray, sums: FloatArray) -> NDArray[np.bool_]:
    """Whether the means of blocks, of values and of squares, vary no more than those of white values would; as `is_white`."""
    many = np.maximum(n, 1.0)[..., None]
    most = 1.0 + np.maximum(SLOW, SLOW_NOISE * np.sqrt(2.0 * BLOCK / many))
    mean = sums[..., 0] / many
    variance, square = sums[..., 1] / many - mean**2, BLOCK * mean**2
    return np.asarray((sums[..., -1] / many - square <= most * variance + 1e-9 * square).all(axis=-1))


def inflation(n: FloatArray, sums: FloatArray, runs: FloatArray) -> FloatArray:
    """(s,), at least 1: variance of sums of values, or of squares, over that of white ones, as far as it is significant.

    Over lags 1..4 and blocks by sums (s, 2, SUMS) of n (s,) values; over longer spans by the sums (s, RUN_SUMS) of a running mean
    of block means. The smooth form of a gate: evidence is raised to one over this power.
    """
    n = np.maximum(n, 1.0)
    many = n[:, None]
    mean = sums[..., 0] / many
    variance = np.maximum(sums[..., 1] / many - mean**2, 1e-12)
    near = 1.0 + 2.0 * correlations(many, sums).sum(axis=-1) - INFLATED_NOISE * 2.0 * np.sqrt(LAGS / many)
    far = (sums[..., -1] / many - BLOCK * mean**2) / variance - INFLATED_NOISE * np.sqrt(2.0 * BLOCK / many)
    length = np.maximum(runs[:, 0], 1.0)
    run = runs[:, 2] / length - (runs[:, 1] / length) ** 2
    slower = run * _RUN / variance[:, 0] - RUN_NOISE * np.sqrt(2.0 * _RUN / n)
    return np.asarray(np.maximum(np.maximum(near, far).max(axis=1), np.maximum(slower, 1.0)))


def correlations(n: FloatArray, sums: FloatArray) -> FloatArray:
    """Autocorrelation at lags 1..4, (..., LAGS), of streams with these sums (..., SUMS) of n (...) values; 0 of a constant."""
    n = np.maximum(n, 1.0)
    mean = sums[..., 0] / n
    square = mean**2
    variance = sums[..., 1] / n - square
    covariance = sums[..., 2 : 2 + LAGS] / n[..., None] - square[..., None]
    varies = variance > 1e-12 * square
    return np.where(varies[..., None], covariance / np.where(varies, variance, 1.0)[..., None], 0.0)


def forecast(n: FloatArray, sums: FloatArray) -> FloatArray:
    """(s, 1 + ORDER): constant and coefficients, newest first, of the autoregression that the sums (s, SUMS) say.

    Levinson's recursion on the Yule–Walker equations (Brockwell and Davis, Time Series, §5.2).
    """
    r = correlations(n, sums)
    phi, error = np.zeros((len(sums), 0)), np.ones(len(sums))
    for order in range(ORDER):
        known = r[:, order].copy()
        for k in range(order):
            known -= phi[:, k] * r[:, order - 1 - k]
        partial = np.clip(known / error, -_NEARLY, _NEARLY)
        phi = np.concatenate([phi - partial[:, None] * phi[:, ::-1], partial[:, None]], axis=1)
        error = error * (1.0 - partial * partial)
    mean = sums[:, 0] / np.maximum(n, 1.0)
    return np.concatenate([(mean * (1.0 - phi.sum(axis=1)))[:, None], phi], axis=1)


def slow_forecast(sums: FloatArray) -> FloatArray:
    """(..., 2): mean of the running mean, and what of its distance from it the next block mean keeps; 0 unless significant."""
    n = np.maximum(sums[..., 0], 1.0)
    slow, square, both, mean, squares = (sums[..., k] / n for k in range(1, SLOW_SUMS))
    covariance, variance = both - slow * mean, np.maximum(square - slow * slow, 1e-12)
    significant = covariance**2 * n > SLOW_SIGNIFICANT * variance * np.maximum(squares - mean * mean, 1e-12)
    keeps = np.where(significant, np.clip(covariance / variance, 0.0, 1.0), 0.0)
    return np.stack([slow, keeps], axis=-1)
