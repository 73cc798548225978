"""Sums of lines and running sums of blocks, as numpy makes them."""

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.sequential.autocorrelation import LAGS, SLOW_SUMS, SUMS
from stream_monitor.core.sequential.layout import Layout


def sums_of(line: FloatArray) -> FloatArray:
    """What blocks (m, b) add to the sums of values and of squares, (m, 2, SUMS). line: (m, LAGS + b), from LAGS before each."""
    values = np.rint(np.clip(line, -8.0, 8.0) * 256.0) / 256.0
    sums = np.empty((len(line), 2, SUMS))
    for at, y in enumerate((values, values**2)):
        now = y[:, LAGS:]
        sums[:, at, 0] = now.sum(axis=1)
        sums[:, at, 1] = (now * now).sum(axis=1)
        for lag in range(1, LAGS + 1):
            sums[:, at, 1 + lag] = (now * y[:, LAGS - lag : -lag]).sum(axis=1)
        sums[:, at, -1] = sums[:, at, 0] ** 2
    return sums


def pairs_of(before: FloatArray, value: FloatArray) -> FloatArray:
    """What pairs (...) of a running mean and what follows it add to the sums (..., SLOW_SUMS)."""
    columns = [np.ones_like(before), before, before * before, before * value, value, value * value]
    assert len(columns) == SLOW_SUMS
    return np.stack(columns, axis=-1)


def total(start: FloatArray, layout: Layout, put: FloatArray) -> FloatArray:
    """start (n, ...) → (n, ...): with what each block put in, (N, ...), added one after the other."""
    sums = start.copy()
    for series, (first, size) in enumerate(zip(layout.first.tolist(), layout.size.tolist(), strict=True)):
        for block in range(first, first + size):
            sums[series] += put[block]
    return sums


def running_mean(
    start: FloatArray, layout: Layout, put: FloatArray, usable: NDArray[np.bool_], keep: float
) -> tuple[FloatArray, FloatArray]:
    """Running means of n series, (n,) at the start, of which every usable block keeps a share and puts something in, (N,).

    Returns them before every block (N,), and in the end (n,).
    """
    means, end = np.empty(len(put)), start.copy()
    for series, (first, size) in enumerate(zip(layout.first.tolist(), layout.size.tolist(), strict=True)):
        for block in range(first, first + size):
            means[block] = end[series]
            if usable[block]:
                end[series] = keep * end[series] + put[block]
    return means, end
