"""Closed blocks of many series as counts and sums. A sum runs over one block: what is beside it changes no bit."""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.grid import Grid, stacked
from stream_monitor.core.kernels import summaries as kernel
from stream_monitor.core.series import SeriesKey
from stream_monitor.core.standardise import Form, Lens
from stream_monitor.core.window import Sums


class Summed(NamedTuple):
    """Blocks of series in step, for those who look at all of them at once. ends: (m,) event times of their last values. unusable:
    (m,). counts: (S, m, width).
    """

    keys: Sequence[SeriesKey]
    lenses: Sequence[Lens]
    ends: NDArray[np.int64]
    unusable: NDArray[np.int64]
    counts: NDArray[np.uint8]


class Lenses:
    """Those of S series, of one form, made ready to look at blocks of all of them."""

    def __init__(self, each: Sequence[Lens]) -> None:
        self.each = each

    @property
    def form(self) -> Form:
        """What they have in common."""
        return self.each[0].form

    def sums(self, numbers: FloatArray) -> Sums:
        """Of blocks (S, m, BLOCK) of numbers or places of categories; of (1, m, BLOCK) if they are the same for all.

        Cost: ~10 ns a number, ~6 ns one that is no number.
        """
        shape = len(self.each), numbers.shape[1]
        sums = Sums(
            np.zeros((*shape, self.form.width), np.uint8),
            np.empty((*shape, len(self.form.views))),
            np.empty((*shape, 2)),
        )
        if self.form.numeric:
            below, edges = self._grid
            if len(numbers) < len(self.each):
                numbers = np.repeat(numbers, len(self.each), axis=0)
            kernel.numeric(numbers, self._scales, below, edges, *sums)
        else:
            kernel.discrete(numbers, self._table, *sums)
        return sums

    @cached_property
    def _grid(self) -> Grid:
        return stacked([lens.grid for lens in self.each])

    @cached_property
    def _scales(self) -> FloatArray:
        return np.stack([lens.scales for lens in self.each])

    @cached_property
    def _table(self) -> FloatArray:
        return np.stack([lens.table for lens in self.each])
