"""The standard normal distribution function and its inverse for arrays, with the standard library and numpy only.

Accuracy matters little (any predictable alternative is valid in a bet), sameness of bits matters much: plain arithmetic,
exp, log and sqrt, element by element.
"""

import numpy as np

from stream_monitor.core.detector import FloatArray

# P. J. Acklam's rational approximation of the normal quantile, relative error below 1.2e-9.
_A = (
    -39.69683028665376,
    220.9460984245205,
    -275.9285104469687,
    138.3577518672690,
    -30.66479806614716,
    2.506628277459239,
)
_B = (-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1.0)
_C = (-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734)
_D = (0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1.0)
_LOW = 0.02425


def quantile(p: FloatArray) -> FloatArray:
    """Normal quantiles of probabilities in (0, 1), any shape.

    >>> quantile(np.array([0.5, 0.975])).round(3).tolist()
    [0.0, 1.96]
    """
    tail = np.minimum(p, 1.0 - p)
    q = np.sqrt(-2.0 * np.log(np.maximum(tail, 1e-300)))
    outer = _polynomial((*_C, 4.374664141464968, 2.938163982698783), q) / _polynomial(_D, q)
    centred = p - 0.5
    r = centred * centred
    inner = _polynomial(_A, r) * centred / _polynomial(_B, r)
    return np.asarray(np.where(tail < _LOW, np.where(p < 0.5, outer, -outer), inner))


def distribution(x: FloatArray) -> FloatArray:
    """Normal distribution function, any shape; absolute error below 1.5e-7 (Abramowitz and Stegun 7.1.26).

    >>> distribution(np.array([0.0, 1.96])).round(3).tolist()
    [0.5, 0.975]
    """
    y = np.abs(x) / np.sqrt(2.0)
    t = 1.0 / (1.0 + 0.3275911 * y)
    series = _polynomial((1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592, 0.0), t)
    upper = 0.5 * series * np.exp(-y * y)
    return np.asarray(np.where(x < 0, upper, 1.0 - upper))


def _polynomial(coefficients: tuple[float, ...], x: FloatArray) -> FloatArray:
    """Horner's rule, highest power first."""
    value = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        value = value * x + coefficient
    return value
