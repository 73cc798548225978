"""What a bettor expects after a change: tables of log probabilities over bins, made from the past alone.

Any predictable table is a valid bet. On ordered bins these are good against shifts, scalings and changes of shape: each is a
distribution on [0, 1], of the ranks after the change, and a bin gets what lies between its ends. On few levels one of them
becomes more or less likely, or all tilt towards one end.
"""

import math
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.kernels import bets as kernel
from stream_monitor.core.sequential import normal
from stream_monitor.core.sequential.choices import (
    CAUTION,
    DEGREE,
    LEAST,
    LEVELS_SHARE,
    ODDS,
    OUTLIERS,
    RATES,
    SCALES,
    SHARE_ODDS,
    SHARE_RECENT,
    SHARE_SHAPES,
    SHIFTS,
    SKEWED,
    TILT,
    TILTS,
)
from stream_monitor.core.sequential.sums import FINE, on_grid

_LEAST: Final = 1e-300
_EXACT: Final = 2.0**18  # grid on which products with the polynomials are exact
_RATIO: Final = 64.0
_CELLS: Final = 4096  # of [0, 1]; between their ends the distributions are taken as straight lines
_RANKS: Final = np.arange(_CELLS + 1) / _CELLS
_SCORES: Final = normal.quantile(np.clip(_RANKS, 1e-9, 1 - 1e-9))


def _normal(shift: float, scale: float) -> FloatArray:
    """Distribution of ranks when normal values are shifted and scaled."""
    return normal.distribution((_SCORES - shift) / scale)


def _skewed(sign: float) -> FloatArray:
    """When normal values become gamma ones of the same mean and variance, to the right or to the left."""
    shape, usual = SKEWED
    at = shape + sign * math.sqrt(shape) * _SCORES
    below = _gamma(shape, np.maximum(at, 0.0))
    return (1.0 - usual) * (below if sign > 0 else 1.0 - below) + usual * _RANKS


def _gamma(shape: float, x: FloatArray) -> FloatArray:
    """Distribution function of the gamma distribution, by its series (Abramowitz and Stegun 6.5.29)."""
    term = total = np.full_like(x, 1.0 / shape)
    for k in range(1, 200):
        term = term * x / (shape + k)
        total = total + term
    return np.asarray(np.minimum(total * np.exp(-x) * x**shape / math.gamma(shape), 1.0))


def _tilted(by: float) -> FloatArray:
    """Density exp(by · φ₄) of the ranks, φ₄ the fourth Legendre polynomial of norm one: towards both ends and the middle."""
    x = _RANKS[1:] + _RANKS[:-1] - 1.0
    density = np.exp(by * 3.0 * (35.0 * x**4 - 30.0 * x * x + 3.0) / 8.0)
    return np.concatenate([[0.0], np.cumsum(density) / density.sum()])


def _outliers(*, above: bool) -> FloatArray:
    """One end of the ranks becomes so many times as likely."""
    share, odds = OUTLIERS
    density = np.where(_RANKS[1:] > 1.0 - share if above else _RANKS[:-1] < share, odds, 1.0)
    return np.concatenate([[0.0], np.cumsum(density) / density.sum()])


def _distributions() -> FloatArray:
    """(_CELLS + 1, bettors): one distribution a column."""
    shifts = [_normal(sign * shift, 1.0) for shift in SHIFTS for sign in (1, -1)]
    scales = [_normal(0.0, scale) for scale in SCALES]
    shapes = [
        _skewed(1.0),
        _skewed(-1.0),
        _tilted(TILT),
        _tilted(-TILT),
        _outliers(above=True),
        _outliers(above=False),
    ]
    table = np.stack([*shifts, *scales, *shapes], axis=1)
    table[0], table[-1] = 0.0, 1.0
    return np.asarray(np.maximum.accumulate(np.clip(table, 0.0, 1.0), axis=0))


_TABLE: Final = _distributions()
RECENT: Final = 2  # bettors on ordered bins that expect what was seen lately: as it was, and smoothed


def ordered_priors(bins: int, *, upward: bool = False) -> FloatArray:
    """Share (bettors,) of each bettor on ordered bins in the evidence, whatever their number; the last RECENT are `recent`.

    upward: only those have one that expect a rise.
    """
    del bins
    down = 1.0 - upward
    shifts = [share for up in SHIFTS.values() for share in (up, down * up)]
    shapes = [down * SHARE_SHAPES] * 4 + [SHARE_SHAPES, down * SHARE_SHAPES]
    rest = [down * share for share in (*SCALES.values(), SHARE_RECENT)]
    priors = np.array([*shifts, *rest[: len(SCALES)], *shapes, *rest[-1:] * RECENT])
    return np.asarray(priors / priors.sum())


@cache
def _polynomials(bins: int) -> FloatArray:
    """(DEGREE + 1, bins): orthonormal polynomials over the bins."""
    x = np.linspace(-1.0, 1.0, bins)
    basis: list[FloatArray] = []
    for degree in range(min(DEGREE + 1, bins)):
        column = x**degree
        for other in basis:
            column = column - float((column * other).sum()) * other
        basis.append(column / math.sqrt(float((column * column).sum())))
    return on_grid(np.stack(basis), _EXACT)


def recent(seen: FloatArray, urns: NDArray[np.int64]) -> FloatArray:
    """log Q (n, K, RECENT) of the bettors that expect the shares seen lately (n, K), as they were and smoothed: their ratio to
    those in the urns (n, K), projected on polynomials.
    """
    expected = np.empty((*seen.shape, RECENT))
    kernel.expect(seen, urns, _polynomials(seen.shape[1]), _RATIO, LEAST, CAUTION, expected)
    return _logarithms(expected)


def ordered(share: FloatArray) -> FloatArray:
    """log Q (n, K, bettors) for ordered bins that had the shares `share` (n, K)."""
    expected = np.empty((*share.shape, _TABLE.shape[1]))
    kernel.spread(share, _TABLE, expected)
    return _logarithms(expected)


def constant_priors(bins: int) -> FloatArray:
    """Share (bettors,) of each bettor on the one other value of what was constant."""
    del bins
    return np.full(len(RATES), LEVELS_SHARE / len(RATES))


def constant(share: FloatArray) -> FloatArray:
    """log Q (n, 2, bettors): another value comes at a rate that has nothing to do with how rare it was."""
    return np.repeat(_logarithms(np.stack([1.0 - RATES, RATES]))[None], len(share), axis=0)


def levels_priors(bins: int, *, upward: bool = False) -> FloatArray:
    """Share (bettors,) of each bettor on so many levels in the evidence; LEVELS_SHARE together.

    upward: only those have one that expect a rise: fewer of the lowest level, more of the highest seen or of what is above it.
    """
    more, level = np.tile(ODDS > 1.0, bins), np.repeat(np.arange(bins), len(ODDS))
    odds = np.where(level == 0, ~more, more & (level >= bins - 2)) | (not upward)
    tilts = (TILTS > 1.0) | (not upward)
    shares = SHARE_ODDS * odds / odds.sum(), (1.0 - SHARE_ODDS) * tilts / tilts.sum()
    return LEVELS_SHARE * np.concatenate(shares)


def levels(share: FloatArray) -> FloatArray:
    """log Q (n, K, bettors) for few levels that had the shares `share` (n, K)."""
    k = share.shape[1]
    at = np.repeat(np.arange(k), len(ODDS))
    odds, p = np.tile(ODDS, k), share[:, at]
    q = odds * p / (1.0 + (odds - 1.0) * p)
    changed = share[:, :, None] * ((1.0 - q) / np.maximum(1.0 - p, _LEAST))[:, None, :]
    changed[:, at, np.arange(len(at))] = q
    tilted = share[:, :, None] * TILTS ** np.arange(k)[:, None]
    tilted /= tilted.sum(axis=1, keepdims=True)
    return _logarithms(np.concatenate([changed, tilted], axis=2))


def _logarithms(q: FloatArray) -> FloatArray:
    """Of q, which is used up. Rounded down, so that a table's probabilities sum to at most one, to a grid on which sums are
    exact.
    """
    np.maximum(q, _LEAST, out=q)
    return on_grid(np.log(q, out=q), FINE)
