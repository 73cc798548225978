"""Values of many series into the bins of their slots."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.kernels.sorting import sort
from stream_monitor.core.sequential.layout import Layout
from stream_monitor.core.sequential.slots import Slots

Bins = NDArray[np.uint8]


class Sorter(NamedTuple):
    """Blocks of n series. seeds: (n,), modulo 2^64. ordinals: (n,) of their first values."""

    layout: Layout
    seeds: NDArray[np.uint64]
    ordinals: NDArray[np.int64]

    def sort(self, slots: Sequence[Slots | None], values: FloatArray, out: Bins) -> None:
        """Find the bins of values (N, BLOCK) in the slots of each series, if it has any: out (N, BLOCK)."""
        at = [place for place, one in enumerate(slots) if one is not None]
        some = [one for one in slots if one is not None]
        if some:
            constant = np.array([len(one.edges) == 1 for one in some], np.uint8)
            lines = np.array([one.lines for one in some])
            layout, seeds, ordinals = self.layout, self.seeds, self.ordinals
            sort(values, layout.first[at], layout.size[at], ordinals[at], seeds[at], constant, lines, out)
