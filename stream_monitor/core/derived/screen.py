"""Looks at the cells of one feature for what is wrong with them or unusual, a few array operations a batch.

Knows one feature; which rows of a model are at fault is put together in `fault_series`.
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import Cell, Column
from stream_monitor.core.cells import Values, present
from stream_monitor.core.derived.names import Fault
from stream_monitor.core.derived.parameters import Constraints
from stream_monitor.core.derived.tail import Tail
from stream_monitor.core.detector import Kind
from stream_monitor.core.standardise import Lens

Found: TypeAlias = Mapping[Fault, NDArray[np.intp]]
"""Positions (k,) of cells, ascending, by what is the matter with them; only where there are any."""

_WIDER: Final = (
    1.0  # a given reference's own width on each side: beyond, a number is no rare value but another unit
)
_MISSING: Final = (int(Cell.NULL), int(Cell.ABSENT), int(Cell.NAN))


class Screen:
    """What to look for in one feature. known: whether faults are looked for at all; tail: what is an outlier, None: nothing."""

    __slots__ = ("_allowed", "_high", "_low", "_numbers", "_required", "known", "tail")

    def __init__(self, constraints: Constraints | None, tail: Tail | None, *, known: bool) -> None:
        self.known = known
        self.tail = tail
        demanded = constraints or Constraints()
        self._low, self._high = demanded.low, demanded.high
        self._required = demanded.required
        self._allowed = None if demanded.allowed is None else frozenset(demanded.allowed)
        self._numbers = _numbers_of(demanded.allowed or ())

    def declared(self, column: Column) -> Found:
        """What breaks the constraints, whatever the reference is."""
        found: dict[Fault, NDArray[np.bool_]] = {}
        if self._low is not None or self._high is not None:
            number = column.codes == Cell.NUMBER
            low, high = _or(self._low, -np.inf), _or(self._high, np.inf)
            found[Fault.OUT_OF_RANGE] = number & ((column.values < low) | (column.values > high))
        if self._allowed is not None:
            found[Fault.UNSEEN] = self._forbidden(column, self._allowed)
        if self._required:
            found[Fault.REQUIRED] = np.isin(column.codes, _MISSING)
        return _positions(found)

    def seen(self, lens: Lens, column: Column, values: Values, *, given: bool) -> Found:
        """What does not fit the reference of `lens`. given: it was, and is not learned from the stream."""
        found: dict[Fault, NDArray[np.bool_]] = {}
        if self.known:
            if len(values.numbers) < len(values.usable):
                wrong = (column.codes == Cell.WRONG) | (column.codes == Cell.INFINITE)
                found[Fault.TYPE_ERROR] = wrong | (present(column.codes) & ~values.usable)
            if given and lens.kind is Kind.NUMERIC and self._low is None and self._high is None:
                low, high = lens.reference.edges[0], lens.reference.edges[-1]
                wider = _WIDER * (high - low)
                self._beyond(found, Fault.OUT_OF_RANGE, values, low - wider, high + wider)
            if lens.kind is Kind.CATEGORICAL and self._allowed is None and lens.reference.counts[-1] == 0:
                found[Fault.UNSEEN] = _spread(values, values.numbers == lens.bins - 1)
        if self.tail is not None and self.tail.kind is lens.kind:
            if lens.kind is Kind.NUMERIC:
                self._beyond(found, Fault.OUTLIER, values, self.tail.low, self.tail.high)
            elif len(self.tail.rare) == lens.bins:
                rare = np.array(self.tail.rare) > 0
                found[Fault.OUTLIER] = _spread(values, rare[values.numbers.astype(np.intp)])
        return _positions(found)

    def _beyond(
        self, found: dict[Fault, NDArray[np.bool_]], fault: Fault, values: Values, low: float, high: float
    ) -> None:
        numbers = values.numbers
        if len(numbers) and (numbers.min() < low or numbers.max() > high):
            found[fault] = _spread(values, (numbers < low) | (numbers > high))

    def _forbidden(self, column: Column, allowed: frozenset[str]) -> NDArray[np.bool_]:
        codes = column.codes
        wrong = (codes == Cell.NUMBER) & ~np.isin(column.values, self._numbers)
        if "true" not in allowed:
            wrong |= codes == Cell.TRUE
        if "false" not in allowed:
            wrong |= codes == Cell.FALSE
        is_text = codes == Cell.TEXT
        if is_text.any():
            bad = np.array([text not in allowed for text in column.texts])
            wrong[is_text] = bad[column.values[is_text].astype(np.intp)]
        return np.asarray(wrong)


def moved(found: Found, by: int) -> dict[Fault, NDArray[np.intp]]:
    """The same in cells of which the first is the one at `by`."""
    return {fault: at + by for fault, at in found.items()}


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def _numbers_of(allowed: Sequence[str]) -> list[float]:
    """The categories that are numbers, too: 1 and "1" are one category."""
    numbers = []
    for text in sorted(allowed):
        try:
            numbers.append(float(text))
        except ValueError:
            continue
    return numbers


def _spread(values: Values, mine: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """From usable cells (k,) to all cells (n,)."""
    if len(mine) == len(values.usable):
        return mine
    cells = np.zeros(len(values.usable), np.bool_)
    cells[values.usable] = mine
    return cells


def _positions(found: Mapping[Fault, NDArray[np.bool_]]) -> dict[Fault, NDArray[np.intp]]:
    return {fault: np.flatnonzero(mask) for fault, mask in found.items() if mask.any()}
