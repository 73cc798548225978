"""What columns of a part have in common: which cells, and where. What hangs on that alone is worked out once for all."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import Cell, Column
from stream_monitor.core.cells import present
from stream_monitor.core.derived.quality_counts import COUNTERS
from stream_monitor.core.detector import FloatArray

_NUMBER, _FALSE, _TRUE = (
    np.uint8(Cell.NUMBER),
    np.uint8(Cell.FALSE),
    np.uint8(Cell.TRUE),
)  # an Enum is slow to ask
_IS_TRUTH = np.isin(np.arange(256), (Cell.NUMBER, Cell.FALSE, Cell.TRUE))  # by code


class Pattern:
    """Cells (n,), n >= 1, none of them NONE: their codes, the model's row ordinals and the event times. counts: (COUNTERS,) of
    each code.
    """

    def __init__(self, codes: NDArray[np.uint8], rows: NDArray[np.int64], times: NDArray[np.int64]) -> None:
        self.codes = codes
        self.counts = np.bincount(codes, minlength=COUNTERS)
        self.rows = rows
        self.times = times
        self._after: dict[int, Pattern] = {}
        self._usable_after: dict[Usable, Usable] = {}

    @cached_property
    def present(self) -> "Usable":
        """Cells that hold some value at all."""
        return Usable(self, present(self.codes))

    @cached_property
    def numbers(self) -> "Usable":
        """Cells that hold a number."""
        return Usable(self, self.codes == _NUMBER)

    @cached_property
    def truths(self) -> "Usable":
        """Cells that hold true, false, or a number, which may be no 0 or 1."""
        return Usable(self, _IS_TRUTH[self.codes])

    @cached_property
    def truth_values(self) -> FloatArray:
        """1 for true, 0 for false and numbers, (1, k) of `truths`."""
        return self.truths.of((self.codes == _TRUE).astype(np.float64))[np.newaxis]

    @property
    def has_numbers(self) -> bool:
        """Whether any cell holds a number."""
        return bool(self.counts[_NUMBER])

    def after(self, used: int) -> "Pattern":
        """The cells but for the first `used`."""
        if used not in self._after:
            self._after[used] = Pattern(self.codes[used:], self.rows[used:], self.times[used:])
        return self._after[used]

    def usable_after(self, used: int, usable: "Usable") -> "Usable":
        """The first `used` cells, where they are present, and then those of `usable`."""
        if used == 0:
            return usable
        if usable not in self._usable_after:
            self._usable_after[usable] = Usable(self, np.concatenate([self.present.mask[:used], usable.mask]))
        return self._usable_after[usable]


class Usable:
    """The cells of a pattern that are values of a series. mask: (n,). at: their positions (k,). rows, times: (k,).

    cell_rows, cell_times: (n,) of all cells. wrong: how many cells are present and none of them. It does not know its pattern,
    which knows it: a circle of arrays would wait for the collector, that comes rarely.
    """

    def __init__(self, pattern: Pattern, mask: NDArray[np.bool_]) -> None:
        self.mask = mask
        self.at = mask.nonzero()[0]
        self.whole = len(self.at) == len(mask)
        self.rows = pattern.rows if self.whole else pattern.rows[self.at]
        self.times = pattern.times if self.whole else pattern.times[self.at]
        self.wrong = int(pattern.counts[_PRESENT].sum()) - len(self.at)
        self.cell_rows, self.cell_times = pattern.rows, pattern.times

    def of(self, values: FloatArray) -> FloatArray:
        """The values (k,) among those of all cells (n,)."""
        return values if self.whole else values[self.at]

    @property
    def same(self) -> tuple[bytes, int]:
        """Equal where the same of the same cells are usable."""
        return self.mask.tobytes(), id(self.cell_rows)


def indicator_of(usable: Usable) -> tuple[Column, Pattern]:
    """The missing indicator of a feature: true where a cell could not be used."""
    codes = np.where(usable.mask, _FALSE, _TRUE)
    pattern = Pattern(codes, usable.cell_rows, usable.cell_times)
    return Column(values=np.zeros(len(codes)), codes=codes), pattern


_PRESENT = present(np.arange(COUNTERS, dtype=np.uint8))
