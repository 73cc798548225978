"""Autocorrelation of a stream's own past, kept as sums: the whiteness gate of a sequential test.

A stream takes part in a test only while its past shows no material autocorrelation, of its values or of their squares:
Q = n Σ r_k² over lags 1..4 significant (Ljung–Box type portmanteau, here without small-sample factors) and the variance
inflation 1 + 2 Σ |r_k| material. The past is read with a delay, so that a change does not switch off its own alarm.
"""

import numpy as np

from stream_monitor.core.detector import FloatArray

LAGS = 4
SIGNIFICANT = 18.5  # 99.9 % of chi-squared with 4 degrees of freedom
MATERIAL = 1.3
SUMS = 4 + 2 * LAGS  # n, Σy, Σy², Σy⁴, Σ y_t y_{t-k}, Σ y²_t y²_{t-k}


def sums_of(values: FloatArray, before: FloatArray) -> FloatArray:
    """What some values add to the sums: (m, SUMS) for values (m, b) that follow `before` (m, LAGS)."""
    m, b = values.shape
    line = np.concatenate([before, values], axis=1)
    square, lines = values * values, line * line
    sums = np.empty((m, SUMS))
    sums[:, 0] = b
    sums[:, 1], sums[:, 2], sums[:, 3] = values.sum(axis=1), square.sum(axis=1), (square * square).sum(axis=1)
    for lag in range(1, LAGS + 1):
        shifted = slice(LAGS - lag, LAGS - lag + b)
        sums[:, 3 + lag] = (values * line[:, shifted]).sum(axis=1)
        sums[:, 3 + LAGS + lag] = (square * lines[:, shifted]).sum(axis=1)
    return sums


def is_white(sums: FloatArray) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether streams with these sums (n, SUMS) are free of material autocorrelation. Few values count as white."""
    n = np.maximum(sums[:, 0], 1.0)
    mean, square, fourth = (sums[:, k] / n for k in (1, 2, 3))
    values = _passes(n, sums[:, 4 : 4 + LAGS] / n[:, None] - mean[:, None] ** 2, square - mean**2)
    squares = _passes(n, sums[:, 4 + LAGS :] / n[:, None] - square[:, None] ** 2, fourth - square**2)
    return np.asarray(values & squares)


def correlations(sums: FloatArray) -> FloatArray:
    """Autocorrelation of the values at lags 1..4, (n, LAGS)."""
    n = np.maximum(sums[:, 0], 1.0)
    mean, square = sums[:, 1] / n, sums[:, 2] / n
    variance = np.maximum(square - mean**2, 1e-300)
    return np.asarray((sums[:, 4 : 4 + LAGS] / n[:, None] - mean[:, None] ** 2) / variance[:, None])


def _passes(
    n: FloatArray, covariances: FloatArray, variance: FloatArray
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    r = covariances / np.maximum(variance, 1e-300)[:, None]
    significant = n * (r * r).sum(axis=1) > SIGNIFICANT
    material = 1.0 + 2.0 * np.abs(r).sum(axis=1) > MATERIAL
    return np.asarray(~(significant & material) | (variance <= 0))
