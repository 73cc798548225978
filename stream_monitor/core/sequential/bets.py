"""What a bettor expects after a change: tables of log probabilities over bins, made from the past alone.

Any predictable table is a valid bet; these are good against shifts and scalings of numbers, and against odds of categories.
"""

import numpy as np

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.sequential import normal

SHIFTS = np.array([0.15, -0.15, 0.3, -0.3, 0.6, -0.6, 1.2, -1.2, 2.4, -2.4, 0, 0, 0, 0, 0, 0])
SCALES = np.array([1.0] * 10 + [1.25, 1.6, 2.5, 0.8, 0.6, 0.4])
ODDS = np.array([1.5, 2.5, 5.0, 20.0, 1 / 1.5, 1 / 2.5])
_LEAST = 1e-300


def shifted_and_scaled(share: FloatArray) -> FloatArray:
    """log Q (n, 16, K): a shift or scaling on the normal-score axis of bins that had the shares `share` (n, K)."""
    upper = np.cumsum(share, axis=1)[:, :-1]
    score = normal.quantile(np.clip(upper, 1e-9, 1 - 1e-9))[:, None, :]
    cumulated = normal.distribution((score - SHIFTS[:, None]) / SCALES[:, None])
    n, j, _ = cumulated.shape
    ends = np.zeros((n, j, 1)), np.ones((n, j, 1))
    return np.asarray(
        np.log(np.maximum(np.diff(np.concatenate([ends[0], cumulated, ends[1]], axis=2), axis=2), _LEAST))
    )


def shifted(share: FloatArray) -> FloatArray:
    """log Q (n, 10, K): as `shifted_and_scaled`, shifts only."""
    return shifted_and_scaled(share)[:, SCALES == 1.0]


def changed_odds(share: FloatArray) -> FloatArray:
    """log Q (n, 6·K, K): the odds of one bin multiplied, the others in proportion, for bins with shares `share` (n, K)."""
    k = share.shape[1]
    odds = np.tile(ODDS, k)  # (6K,) bin by bin
    at = np.repeat(np.arange(k), len(ODDS))
    p = share[:, at]  # (n, 6K)
    q = odds * p / (1.0 + (odds - 1.0) * p)
    others = share[:, None, :] * ((1.0 - q) / np.maximum(1.0 - p, _LEAST))[:, :, None]
    others[:, np.arange(len(at)), at] = q
    return np.asarray(np.log(np.maximum(others, _LEAST)))
