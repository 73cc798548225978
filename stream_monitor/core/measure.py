"""What moved, how far and since when: effects and change points of a series, from the blocks of its window."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.effect_sizes import distance
from stream_monitor.core.standardise import Lens
from stream_monitor.core.window import BLOCK, LENGTH, Window

VALUE: Final = "value"
SHAPE: Final = "shape"
_DENSITY: Final = 1 / np.sqrt(
    2 * np.pi
)  # a small shift by d moves a normal distribution function by d times this
_GROUPS: Final = 10  # of neighbouring bins, for the change point of a shape
_EXPECTED: Final = 0.8687  # mean of the Kolmogorov distribution


class Measure(NamedTuple):
    """What moved, how far in standard deviations of the reference, and over how many blocks."""

    view: str
    effect: float
    blocks: int


def measure(lens: Lens, window: Window, blocks: int, end: int, tolerance: float) -> Measure:
    """What moved in the last `blocks` blocks before `end`: the value itself if that reaches the tolerance, for a moved mean also
    widens; or else the view that moved most; the shape only where no view reaches the tolerance.
    """
    moved = [
        Measure(view, mean_effect(window.views[:end, at], blocks), blocks)
        for at, view in enumerate(lens.views)
    ]
    moved.sort(key=lambda m: (_size(m) >= tolerance and m.view == VALUE, _size(m)), reverse=True)
    if _size(moved[0]) >= tolerance:
        return moved[0]
    shape = Measure(SHAPE, shape_effect(lens, window, blocks, end), blocks)
    return max(moved[0], shape, key=_size)


def locate(lens: Lens, window: Window, first: int, end: int, tolerance: float) -> Measure:
    """What changed in the blocks [first, end) and since when, if nobody says which view it is: the view with the most likely
    shift, or else the shape.
    """
    best, most = 0, -1.0
    for at in range(len(lens.views)):
        sums = window.views[first:end, at]
        blocks = blocks_since_shift(sums)
        likelihood = mean_effect(sums, blocks) ** 2 * blocks
        if likelihood > most:
            best, most = blocks, likelihood
    moved = measure(lens, window, best, end, tolerance)
    if _size(moved) >= tolerance and moved.view != SHAPE:
        return moved
    return measure(
        lens, window, blocks_since_reshape(window.counts[max(first, end - LENGTH) : end]), end, tolerance
    )


def shape_effect(lens: Lens, window: Window, blocks: int, end: int) -> float:
    """Distance of the distribution functions over the last `blocks` blocks, as the shift that moves a normal one as far."""
    counts = window.counts[end - min(blocks, end) : end].sum(axis=0, dtype=np.int64)
    return float(distance(lens.reference, counts) / _DENSITY)


def expected_shape_effect(lens: Lens, blocks: int) -> float:
    """What `shape_effect` comes to on average when nothing has changed (Kolmogorov's distribution)."""
    return float(_EXPECTED * np.sqrt(1 / (blocks * BLOCK) + 1 / max(1, lens.reference.size)) / _DENSITY)


def mean_effect(views: FloatArray, blocks: int) -> float:
    """Mean of a standardised view over the last `blocks` blocks. views: (L,) sums per block."""
    return float(views[-blocks:].sum() / (min(blocks, len(views)) * BLOCK))


def smallest_of_means(views: FloatArray, lengths: tuple[int, ...]) -> FloatArray:
    """The smaller of the mean effects over trailing runs of `lengths` blocks, of the view where it is largest.

    views: (L, views) sums per block. lengths: longest first. Returns one figure for the end of every block from the first
    that has enough before it, (L - longest + 1,), or none.
    """
    longest = lengths[0]
    if len(views) < longest or views.shape[1] == 0:
        return np.zeros(0)
    runs = np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(views, longest, axis=0))
    means = [np.abs(np.ascontiguousarray(runs[..., -n:]).sum(axis=-1)) / (n * BLOCK) for n in lengths]
    return np.asarray(np.minimum.reduce(means).max(axis=1))


def blocks_since_shift(views: FloatArray) -> int:
    """Most likely number of blocks since the mean of a view left its reference, at least 1. views: (L,) sums per block.

    The split with the largest likelihood ratio for a shift of a mean that was 0 before (Page, Biometrika 1954): the
    largest S²/k over the sums S of the last k blocks.
    """
    sums = np.cumsum(views[::-1][:LENGTH])
    return int(np.argmax(sums * sums / np.arange(1, len(sums) + 1))) + 1


def blocks_since_reshape(counts: NDArray[np.uint8]) -> int:
    """Most likely number of blocks since the shares of bins changed, at least 1. counts: (L, bins) per block.

    The split of the blocks at hand with the largest likelihood ratio of two multinomials against one, over groups of bins.
    """
    total = counts.sum(axis=0, dtype=np.int64)
    upper = np.cumsum(total)
    group = np.minimum((upper - total) * _GROUPS // max(1, int(upper[-1])), _GROUPS - 1)
    grouped = np.stack([counts[:, group == at].sum(axis=1, dtype=np.int64) for at in range(_GROUPS)], axis=1)
    after = np.cumsum(grouped[::-1], axis=0)[:-1]  # of the last 1, 2, ... blocks
    if len(after) == 0:
        return 1
    likelihood = _log_likelihood(after) + _log_likelihood(grouped.sum(axis=0) - after)
    return int(np.argmax(likelihood)) + 1


def _log_likelihood(counts: NDArray[np.int64]) -> FloatArray:
    """Largest log likelihood of multinomial counts (n, groups)."""
    shares = counts / counts.sum(axis=1, keepdims=True)
    return np.asarray((counts * np.log(np.maximum(shares, 1e-300))).sum(axis=1))


def _size(measured: Measure) -> float:
    return abs(measured.effect)
