"""The part of its bin that a value has, as numpy makes it."""

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.sequential.slots import tie_breakers
from stream_monitor.core.window import BLOCK


def spreads(seed: int, ordinals: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n, BLOCK) of each value of blocks that begin at these ordinals (n,), from a hash: four from a word."""
    words = (ordinals // 4)[:, None] + np.arange(BLOCK // 4)
    bits = (tie_breakers((seed + 1) % 2**64, words) * 2.0**24).astype(np.int64)
    return np.stack([bits & 63, bits >> 6 & 63, bits >> 12 & 63, bits >> 18], axis=2).reshape(-1, BLOCK)
