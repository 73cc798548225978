"""MAE, RMSE, MAPE, bias and R² of numbers, as scikit-learn defines them; bias = mean of (predicted - actual).

MAE, RMSE and bias are in the unit of the label, MAPE and R² are ratios (MAPE .1 is 10 %). MAE, MAPE and bias are means over
pairs, with intervals from the means of closed blocks; RMSE is the root of such a mean, its interval too. R² = 1 - M / V with
M the mean squared error and V the variance of the labels: the delta method on log(M / V), a pair adding e² / M - (y - ȳ)² / V.
"""

import math

import numpy as np

from stream_monitor.core.performance.figure import (
    Figure,
    error_of_mean,
    figure,
    mean_of,
    transformed,
    undefined,
)
from stream_monitor.core.performance.pairs import Pairs

NAMES = ("mae", "rmse", "mape", "bias", "r2")


def regression_figures(pairs: Pairs) -> dict[str, Figure]:
    """All of NAMES."""
    n = len(pairs)
    if n == 0:
        return {name: undefined("no pairs") for name in NAMES}
    errors = pairs.predicted - pairs.actual
    return {
        "mae": mean_of(np.abs(errors), positive=True),
        "rmse": transformed(mean_of(np.square(errors), positive=True), math.sqrt),
        "mape": _mape(pairs),
        "bias": mean_of(errors),
        "r2": _r2(pairs),
    }


def _mape(pairs: Pairs) -> Figure:
    zeros = int((pairs.actual == 0.0).sum())
    if zeros:
        return undefined(f"{zeros} labels are 0: no relative error", n=len(pairs))
    with np.errstate(over="ignore"):
        ratios = np.abs(pairs.predicted - pairs.actual) / np.abs(pairs.actual)
    if not np.isfinite(ratios).all():
        return undefined("a label is so near 0 that its relative error is not finite", n=len(pairs))
    return mean_of(ratios, positive=True)


def _r2(pairs: Pairs) -> Figure:
    n = len(pairs)
    squared = np.square(pairs.predicted - pairs.actual)
    spread = np.square(pairs.actual - pairs.actual.mean())
    mean_squared, variance = float(squared.mean()), float(spread.mean())
    if variance == 0.0:
        return undefined("all labels are equal", n=n)
    value = 1.0 - mean_squared / variance
    if mean_squared == 0.0:
        return figure(value, 0.0, n=n)
    error = error_of_mean(squared / mean_squared - spread / variance)
    if error is None:
        return figure(value, None, n=n)
    error = min(error, 700.0)  # exp of more is not finite
    low, high = (1.0 - (1.0 - value) * math.exp(sign * error) for sign in (1, -1))
    return Figure(value=value, low=min(low, value), high=max(high, value), n=n)
