"""Where the bins of numbers begin, so that a kernel finds a number's bin exactly as a search does, for a fraction of its cost.

The range of standard scores is cut into cells. Which edges lie below a cell is looked up, and numbers are compared
with those inside: the score rises with the number, so no other edge can lie between.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.reference import CLIP

CELLS: Final = 512  # of the range of scores, -CLIP..CLIP

_PER_SCORE: Final = (CELLS - 1) / (2 * CLIP)


class Grid(NamedTuple):
    """below: (CELLS,) edges in the cells before each. edges: (k,) ascending; the bin of a number is how many are not above it."""

    below: NDArray[np.int32]
    edges: FloatArray


def grid_of(edges: FloatArray, z: FloatArray) -> Grid:
    """edges: (k,) of a reference. z: their winsorised scores."""
    cells = ((z + CLIP) * _PER_SCORE).astype(np.intp)
    many = np.bincount(cells, minlength=CELLS)
    passed = edges.copy()
    passed[-1] = np.nextafter(edges[-1], np.inf)  # the last bin includes its upper edge
    return Grid((np.cumsum(many) - many).astype(np.int32), passed)


def stacked(grids: Sequence[Grid]) -> Grid:
    """Those of S series: (S, CELLS) and (S, most edges + 1), infinite where there are no more."""
    edges = np.full((len(grids), max(len(one.edges) for one in grids) + 1), np.inf)
    for line, one in zip(edges, grids, strict=True):
        line[: len(one.edges)] = one.edges
    return Grid(np.stack([one.below for one in grids]), edges)
