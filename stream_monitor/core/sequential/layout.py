"""Where the blocks of each series lie among those of all."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Layout(NamedTuple):
    """N blocks, of n series one after the other. first: (n,) place of the first of each. size: (n,) how many it has.

    >>> Layout.of(np.array([2, 3])).each(np.array([7, 8])).tolist()
    [7, 7, 8, 8, 8]
    """

    first: NDArray[np.int64]
    size: NDArray[np.int64]

    @classmethod
    def of(cls, size: NDArray[np.int64]) -> "Layout":
        """Series with so many (n,) blocks."""
        return cls(np.cumsum(size) - size, size)

    def each(self, values: NDArray[Any]) -> NDArray[Any]:
        """Something of every series (n, ...) for each of its blocks, (N, ...)."""
        return np.repeat(values, self.size, axis=0)
