"""Sums whose bits do not depend on how the stream was cut, nor on what is tested beside it.

Either they run in one order, block by block (`total`), or their terms lie on a grid so coarse that floating point adds them
without rounding, in any order (`on_grid`): then they may be left to matrix products.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray

FINE = 2.0**28  # for logarithms: a block of 32 adds up to less than 2^15 of it
_ROWS = 512
COARSE = (
    2.0**8
)  # for values below 2^3: their fourth powers are multiples of 2^-32 below 2^12, and a block adds up 32


def on_grid(values: FloatArray, grid: float) -> FloatArray:
    """Values rounded down to multiples of 1 / grid."""
    steps = values * grid
    np.floor(steps, out=steps)
    steps *= 1.0 / grid
    return steps


def exact_product(left: FloatArray, right: FloatArray) -> FloatArray:
    """left (..., k) times right (k, j), on grids on which that is exact; in parts too small to be spread over threads."""
    flat = left.reshape(-1, left.shape[-1])
    out = np.empty((len(flat), right.shape[1]))
    for start in range(0, len(flat), _ROWS):
        np.matmul(flat[start : start + _ROWS], right, out=out[start : start + _ROWS])
    return out.reshape(*left.shape[:-1], right.shape[1])


class Layout(NamedTuple):
    """N blocks, of n series one after the other. size: (n,) blocks of each. first: (n,) place of its first."""

    size: NDArray[np.int64]
    first: NDArray[np.int64]
    even: bool

    @classmethod
    def of(cls, size: NDArray[np.int64]) -> "Layout":
        """Series with so many (n,) blocks."""
        return cls(size, np.cumsum(size) - size, bool((size == size[:1]).all()))

    def by_time(self, flat: NDArray[Any]) -> NDArray[Any]:
        """(N, ...) → (m, n, ...): block by block of all series; 0 where one has none any more."""
        if self.even:
            return flat.reshape(len(self.size), -1, *flat.shape[1:]).swapaxes(0, 1)
        out = np.zeros((int(self.size.max()), len(self.size), *flat.shape[1:]), flat.dtype)
        out[self.places()] = flat
        return out

    def flat(self, by_time: NDArray[Any]) -> NDArray[Any]:
        """The inverse of `by_time`."""
        if self.even:
            return by_time.swapaxes(0, 1).reshape(-1, *by_time.shape[2:])
        return np.asarray(by_time[self.places()])

    def each(self, values: NDArray[Any]) -> NDArray[Any]:
        """Something of every series (n, ...) for each of its blocks, (N, ...)."""
        return np.repeat(values, int(self.size[0]) if self.even and len(values) else self.size, axis=0)

    def part(self, chosen: NDArray[np.intp]) -> tuple[slice | NDArray[np.intp], "Layout"]:
        """Of some of the series, ascending: where their blocks are, and their layout."""
        if len(chosen) == len(self.size):
            return slice(None), self
        member = np.zeros(len(self.size), np.bool_)
        member[chosen] = True
        return np.flatnonzero(self.each(member)), Layout.of(self.size[chosen])

    def places(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Of every block (N,): its number in its series, and the series."""
        series = np.repeat(np.arange(len(self.size)), self.size)
        return np.arange(len(series)) - self.first[series], series


def total(start: FloatArray, layout: Layout, put: FloatArray) -> FloatArray:
    """start (n, ...) → (n, ...): with what each block put in, (N, ...), added one after the other; put is used up.

    A block puts in more than one number: along the fastest axis of an array, numpy would add in pairs.
    """
    put[layout.first] += start
    return np.asarray(np.add.reduce(layout.by_time(put), axis=0))


def running_mean(
    start: FloatArray, layout: Layout, put: FloatArray, usable: NDArray[np.bool_], keep: float
) -> tuple[FloatArray, FloatArray]:
    """Running means of n series, (n,) at the start, of which every usable block keeps a share and puts something in, (N,).

    Returns them before every block (N,), and in the end (n,).
    """
    means = np.empty((int(layout.size.max()) + 1, len(start)))
    means[0] = start
    steps = layout.by_time(put)
    if layout.even and usable.all():
        for before, step, after in zip(means, steps, means[1:], strict=False):
            np.multiply(before, keep, after)
            np.add(after, step, after)
    else:
        for at, (step, here) in enumerate(zip(steps, layout.by_time(usable), strict=True)):
            means[at + 1] = np.where(here, keep * means[at] + step, means[at])
    return layout.flat(means[:-1]), means[-1]
