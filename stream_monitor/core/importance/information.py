"""What a table of counts says of two things: how much knowing the one tells of the other, less what chance alone would.

Mutual information, in nats. Nothing here knows what is counted.
"""

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray


def beyond_chance(counts: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
    """Of each table (f, r, c), none of them empty: its mutual information less what independence would show, and the standard
    error of that under independence, both (f,), in nats.

    Of n independent pairs 2 n times the information is chi-square with (r' - 1)(c' - 1) degrees of freedom, for r', c' rows and
    columns that are not empty (Wilks 1938); its mean is the bias of Miller (1955).

    >>> one, error = beyond_chance(np.array([[[50, 0], [0, 50]], [[25, 25], [25, 25]]]))
    >>> [f"{bits:.4f}" for bits in one / np.log(2)], [f"{bits:.4f}" for bits in error / np.log(2)]
    (['0.9928', '-0.0072'], ['0.0102', '0.0102'])
    """
    rows, columns = counts.sum(axis=2), counts.sum(axis=1)
    n = rows.sum(axis=1)
    cells = counts.reshape(len(counts), -1)
    together = _terms(cells).sum(axis=1) + _terms(n)
    information = (together - _terms(rows).sum(axis=1) - _terms(columns).sum(axis=1)) / n
    freedom = (np.count_nonzero(rows, axis=1) - 1) * (np.count_nonzero(columns, axis=1) - 1)
    return information - freedom / (2 * n), np.sqrt(2 * freedom) / (2 * n)


def correlation(information: FloatArray) -> FloatArray:
    """The size of the correlation (f,) with which two normal variables would tell as much of each other as `information` (f,);
    0 below 0. Linfoot, *An informational measure of correlation*, Information and Control 1(1), 1957.

    >>> correlation(-np.log(1 - np.array([0.0, 0.5, 0.9]) ** 2) / 2).round(12).tolist()
    [0.0, 0.5, 0.9]
    """
    size: FloatArray = np.sqrt(-np.expm1(-2 * np.maximum(information, 0.0)))
    return size


def _terms(counts: NDArray[np.int64]) -> FloatArray:
    """Each count times its logarithm; 0 of 0."""
    terms: FloatArray = np.log(np.maximum(counts, 1))
    return counts * terms
