"""The bins of many numbers of many series at once: exactly as a search among the edges finds them, for a tenth of its cost.

The range of standard scores is cut into cells. Which edges lie below a cell is looked up, and numbers are compared with the
edges inside their own cell: the score rises with the number, so no other edge can lie between.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.reference import CLIP, bins_of_numbers

CELLS: Final = 512  # of the range of scores, -CLIP..CLIP
MOST: Final = 4  # edges in a cell; where there are more, a search is cheaper

_PER_SCORE: Final = (CELLS - 1) / (2 * CLIP)


def cells_of(z: FloatArray) -> NDArray[np.intp]:
    """The cell of each standard score, winsorised at CLIP; any shape."""
    return ((z + CLIP) * _PER_SCORE).astype(np.intp)


class Grid:
    """The edges of one series. rounds: comparisons that a number needs, 0 where it has to be searched for.

    below: (CELLS,) edges in the cells before. inside: (rounds, CELLS) the edges in each, infinite where there are none.
    """

    __slots__ = ("below", "edges", "inside", "rounds")

    def __init__(self, edges: FloatArray, z: FloatArray) -> None:
        """edges: (k,) of a reference. z: their winsorised scores."""
        self.edges = edges
        cells = cells_of(z)
        many = np.bincount(cells, minlength=CELLS)
        self.rounds = int(many.max()) if many.max() <= MOST else 0
        self.below = np.cumsum(many) - many
        self.inside = np.full((self.rounds, CELLS), np.inf)
        if self.rounds:
            passed = edges.copy()
            passed[-1] = np.nextafter(edges[-1], np.inf)  # the last bin includes its upper edge
            self.inside[np.arange(len(edges)) - self.below[cells], cells] = passed


def bins_of(grids: list[Grid], numbers: FloatArray, z: FloatArray) -> NDArray[np.intp]:
    """Bins (S, n) of the numbers (S, n) of S series whose grids need equally many rounds. z: their winsorised scores."""
    rounds = grids[0].rounds
    if rounds == 0:
        return np.stack([bins_of_numbers(line, one.edges) for line, one in zip(numbers, grids, strict=True)])
    cells = cells_of(z)
    cells += np.arange(0, len(grids) * CELLS, CELLS)[:, np.newaxis]
    bins = np.concatenate([one.below for one in grids]).take(cells)
    for at in range(rounds):
        inside = np.concatenate([one.inside[at] for one in grids])
        bins += numbers >= inside.take(cells)
    return bins
