"""From the cells of a column to the values of a series of a known kind: which cells are usable, and as what number."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import Cell, Column
from stream_monitor.core.detector import FloatArray, Kind

LARGEST = 1e150  # numbers beyond count as this: their squares and differences must stay finite
_PRESENT = np.isin(
    np.arange(256), (Cell.NUMBER, Cell.TEXT, Cell.FALSE, Cell.TRUE)
)  # by code: a look-up is cheap
_NUMBER, _TEXT, _FALSE, _TRUE = int(Cell.NUMBER), int(Cell.TEXT), int(Cell.FALSE), int(Cell.TRUE)


class Values(NamedTuple):
    """usable: (n,) bool over the cells. numbers: (k,) one per usable cell: the number, 0/1, or the place of a category."""

    usable: NDArray[np.bool_]
    numbers: FloatArray


def present(codes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Cells (n,) that hold some value at all, whatever the kind of the series will be."""
    return _PRESENT[codes]


def numeric(column: Column) -> Values:
    """Only numbers count: a bool or a text where a number belongs is bad data, not 0 or 1."""
    usable = column.codes == _NUMBER
    numbers = column.values if usable.all() else column.values[usable]
    return Values(usable, np.clip(numbers, -LARGEST, LARGEST))


def boolean(column: Column) -> Values:
    """true, false, and the numbers 0 and 1."""
    as_number = (column.codes == _NUMBER) & ((column.values == 0.0) | (column.values == 1.0))
    usable = as_number | (column.codes == _TRUE) | (column.codes == _FALSE)
    numbers = np.where(column.codes == _TRUE, 1.0, column.values)
    return Values(usable, numbers[usable])


def categorical(column: Column, places: Mapping[str, int]) -> Values:
    """Texts, numbers and booleans by their place among the reference's categories; one past the last is other."""
    usable = present(column.codes)
    other = float(len(places))
    numbers = np.full(len(usable), other)
    is_text = column.codes == _TEXT
    if column.texts:
        place = np.array([places.get(text, other) for text in column.texts], np.float64)
        numbers[is_text] = place[column.values[is_text].astype(np.intp)]
    for at in np.flatnonzero(usable & ~is_text).tolist():
        numbers[at] = places.get(text_of(column, at), other)
    return Values(usable, numbers[usable])


def text_of(column: Column, at: int) -> str:
    """The cell at `at` as a category name. Whole numbers lose their point: 12.0 and 12 are one category."""
    code = column.codes[at]
    if code == Cell.TEXT:
        return column.texts[int(column.values[at])]
    if code in (Cell.TRUE, Cell.FALSE):
        return "true" if code == Cell.TRUE else "false"
    return text_of_number(float(column.values[at]))


def text_of_number(value: float) -> str:
    """A number as a category name.

    >>> text_of_number(12.0), text_of_number(0.5)
    ('12', '0.5')
    """
    return format(value, ".15g")


def values_of(kind: Kind, column: Column, places: Mapping[str, int]) -> Values:
    """The usable values of `column` for a series of `kind`."""
    if kind is Kind.NUMERIC:
        return numeric(column)
    if kind is Kind.BOOLEAN:
        return boolean(column)
    if kind is Kind.CATEGORICAL:
        return categorical(column, places)
    return Values(present(column.codes), np.zeros(0))
