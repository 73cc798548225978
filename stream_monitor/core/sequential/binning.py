"""Values of many series into the bins of their slots, and those into counts."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.sequential.choices import PARTS
from stream_monitor.core.sequential.slots import Slots
from stream_monitor.core.sequential.sums import Layout
from stream_monitor.core.window import BLOCK


class Sorter(NamedTuple):
    """The slots of n series with the same number of bins. ordinals: (n,) of their first new values. known: bins (k,) of all new
    values of a series, where they were already found.
    """

    slots: Sequence[Slots]
    seeds: Sequence[int]
    ordinals: Sequence[int]
    known: Mapping[int, NDArray[np.intp]]

    def counts(self, layout: Layout, values: FloatArray, usable: NDArray[np.bool_]) -> NDArray[np.int64]:
        """(m, PARTS, n, bins) of values (N, BLOCK), 0 in blocks (N,) that are not usable."""
        bins = self._bins(layout, np.ascontiguousarray(values.T))
        n, k = len(self.slots), len(self.slots[0].places)
        step, series = layout.places()
        cell = (step * (PARTS * n) + series) * k + bins.reshape(PARTS, -1, len(values))
        cell += (np.arange(PARTS) * (n * k))[:, None, None]
        if not usable.all():
            cell = cell[:, :, usable]
        m = int(layout.size.max())
        return np.bincount(cell.ravel(), minlength=m * PARTS * n * k).reshape(m, PARTS, n, k)

    def _bins(self, layout: Layout, values: FloatArray) -> NDArray[np.intp]:
        """(BLOCK, N) of values (BLOCK, N). Comparing with every edge is faster than searching, where all series do it at once."""
        if len(self.known) == len(self.slots):
            found = np.concatenate([self.known[at] for at in range(len(self.slots))])
            return np.ascontiguousarray(found.reshape(-1, BLOCK).T)
        edges = np.repeat(np.stack([slots.edges for slots in self.slots], axis=1), layout.size, axis=1)
        number = np.zeros(values.shape, np.uint8)
        above = np.empty(values.shape, np.bool_)
        for edge in edges:
            np.greater(values, edge, out=above)
            number += above.view(np.uint8)
        bins = number.astype(np.intp)
        beyond = np.append(edges, np.full((1, edges.shape[1]), np.nan), axis=0)
        tied = (beyond.take(bins * len(step := np.arange(edges.shape[1])) + step) == values).any(axis=0)
        if tied.any() or self.known:
            for at in {*np.unique(layout.places()[1][tied]).tolist(), *self.known}:
                first, size = int(layout.first[at]), int(layout.size[at])
                mine = slice(first, first + size)
                found = self.known[at] if at in self.known else self._tied(at, values[:, mine])
                bins[:, mine] = found.reshape(size, BLOCK).T
        return bins

    def _tied(self, at: int, values: FloatArray) -> NDArray[np.intp]:
        start = self.ordinals[at]
        return self.slots[at].bin(values.T.ravel(), self.seeds[at], np.arange(start, start + values.size))
