"""Sums whose bits do not depend on how the stream was cut, nor on what is tested beside it.

Either they run in one order, block by block, or their terms lie on a grid so coarse that floating point adds them without
rounding, in any order.
"""

import numpy as np

from stream_monitor.core.detector import FloatArray

FINE = 2.0**28  # for logarithms: a block of 32 adds up to less than 2^15 of it


def on_grid(values: FloatArray, grid: float) -> FloatArray:
    """Values rounded down to multiples of 1 / grid."""
    steps = values * grid
    np.floor(steps, out=steps)
    steps *= 1.0 / grid
    return steps
