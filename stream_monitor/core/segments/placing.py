"""Which segment of one slicing each cell belongs to. Owns the names of segments, first come, and how many there may be."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import Cell, Column
from stream_monitor.core.cells import text_of
from stream_monitor.core.detector import Plain
from stream_monitor.core.fields import Fields
from stream_monitor.core.segments.parameters import Slicing

NOWHERE: Final = 0  # no usable value
OTHER: Final = 63  # a value that has no segment of its own
PLACES: Final = 64
_LONGEST: Final = 100  # characters of a value that has a segment of its own

Places = NDArray[np.int64]


class Placing:
    """Places 1.. in the order of appearance, or as configured. Cost: ~20 ns a cell; a dictionary look-up per different one."""

    def __init__(self, slicing: Slicing) -> None:
        self.slicing = slicing
        self.values: list[str] = list(slicing.values)

    def of(self, column: Column) -> Places:
        """The place of every cell, (n,); NOWHERE where there is no usable value."""
        if self.slicing.edges:
            places = np.searchsorted(np.array(self.slicing.edges), column.values, side="right") + 1
            return np.where(column.codes == Cell.NUMBER, places, NOWHERE).astype(np.int64)
        places = np.full(len(column.codes), NOWHERE, np.int64)
        found = [*_texts(column), *_numbers(column), *_truths(column)]
        for first, at in sorted(found, key=lambda one: one[0]):
            places[at] = self._place(_value(column, first))
        return places

    def _place(self, value: str) -> int:
        if value in self.values:
            return self.values.index(value) + 1
        if self.slicing.values or len(self.values) >= self.slicing.most or len(value) > _LONGEST:
            return OTHER
        self.values.append(value)
        return len(self.values)

    def name(self, place: int) -> str:
        """The segment at `place`, not NOWHERE: `country=DE`, `100<=amount<1000`, `country=(other)`.

        >>> [Placing(Slicing(feature="amount", edges=(1.0, 2.5))).name(at) for at in (1, 2, 3)]
        ['amount<1', '1<=amount<2.5', 'amount>=2.5']
        """
        name, edges = self.slicing.name, [f"{edge:.15g}" for edge in self.slicing.edges]
        if place == OTHER:
            return f"{name}=(other)"
        if not edges:
            return f"{name}={self.values[place - 1]}"
        if place == 1:
            return f"{name}<{edges[0]}"
        if place == len(edges) + 1:
            return f"{name}>={edges[-1]}"
        return f"{edges[place - 2]}<={name}<{edges[place - 1]}"

    @property
    def known(self) -> Sequence[int]:
        """The places that have a name, OTHER last."""
        return [
            *range(1, (len(self.slicing.edges) + 1 if self.slicing.edges else len(self.values)) + 1),
            OTHER,
        ]

    def has(self, segment: str) -> bool:
        """Whether it can be one of its segments."""
        if not self.slicing.edges:
            return segment.startswith(f"{self.slicing.name}=")
        return any(self.name(place) == segment for place in self.known)

    def dump(self) -> dict[str, Plain]:
        """The values that have appeared."""
        return {"values": list(self.values)}

    @classmethod
    def load(cls, slicing: Slicing, plain: Plain) -> "Placing":
        """The inverse of `dump`, for the same slicing. Raises CorruptState."""
        fields = Fields(plain, "placing")
        placing = cls(slicing)
        values = fields.texts("values")
        given = list(slicing.values)
        fits = len(set(values)) == len(values) <= max(slicing.most, len(given))
        if not fits or (given and values != given) or (slicing.edges and values):
            raise fields.wrong("values", "not those of this slicing")
        placing.values = values
        return placing


def _value(column: Column, at: int) -> str:
    """As a text; zeros of both signs are one value."""
    text = text_of(column, at)
    return "0" if text == "-0" and column.codes[at] == Cell.NUMBER else text


Found = tuple[int, NDArray[np.intp]]  # the first cell of a value, and all of its cells


def _texts(column: Column) -> list[Found]:
    return _grouped(np.flatnonzero(column.codes == Cell.TEXT), column.values)


def _numbers(column: Column) -> list[Found]:
    return _grouped(np.flatnonzero(column.codes == Cell.NUMBER), column.values)


def _truths(column: Column) -> list[Found]:
    found = [np.flatnonzero(column.codes == code) for code in (Cell.FALSE, Cell.TRUE)]
    return [(int(at[0]), at) for at in found if len(at)]


def _grouped(at: NDArray[np.intp], values: NDArray[np.float64]) -> list[Found]:
    if len(at) == 0:
        return []
    order = np.argsort(values[at], kind="stable")
    ends = np.flatnonzero(np.diff(values[at][order])) + 1
    return [(int(group[0]), group) for group in np.split(at[order], ends)]
