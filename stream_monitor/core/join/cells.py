"""Cells of a batch as they wait in a journal: two fields per column, texts by their place in the column's dictionary."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import Cell, Column
from stream_monitor.core.detector import FloatArray
from stream_monitor.core.join.names import NOT_KEPT, Names

CODES: Final = "codes:"
VALUES: Final = "values:"


class Cells(NamedTuple):
    """values: (n,) the number, or for TEXT the place in the dictionary, else 0. codes: (n,) of `Cell`."""

    values: FloatArray
    codes: NDArray[np.uint8]

    def take(self, at: NDArray[np.intp]) -> "Cells":
        """The cells at the positions `at`."""
        return Cells(self.values[at], self.codes[at])


def part_of(column: Column, rows: slice) -> Column:
    """The cells of some consecutive rows, not copied."""
    return Column(values=column.values[rows], codes=column.codes[rows], texts=column.texts)


def cells_of(column: Column, rows: NDArray[np.bool_], names: Names | None) -> Cells:
    """The cells of `column`, (n,), NONE outside of `rows`. Texts that the dictionary has no room for become WRONG.

    New texts are added to the dictionary in the order of their first row. names None: no text makes sense in this column.
    """
    codes = np.where(rows, column.codes, np.uint8(Cell.NONE))
    is_text = codes == Cell.TEXT
    values = np.where(codes == Cell.NUMBER, column.values, 0.0)
    if is_text.any():
        if names is None:
            codes[is_text] = Cell.WRONG
            return Cells(values, codes)
        places = _places(column, is_text, names)
        values[is_text] = np.maximum(places, 0)
        codes[np.flatnonzero(is_text)[places == NOT_KEPT]] = Cell.WRONG
    return Cells(values, codes)


def _places(column: Column, is_text: NDArray[np.bool_], names: Names) -> NDArray[np.int64]:
    cells = column.values[is_text].astype(np.intp)
    first = np.full(len(column.texts), len(cells))
    first[cells[::-1]] = np.arange(len(cells))[::-1]  # of several the last is kept, which is the first
    places = np.zeros(len(column.texts), np.int64)
    used = np.flatnonzero(first < len(cells))
    for at in used[np.argsort(first[used])].tolist():
        places[at] = names.add(column.texts[at])
    return places[cells]


def fields_of(columns: Mapping[str, Cells]) -> dict[str, NDArray[Any]]:
    """The fields of a journal that hold `columns`."""
    fields: dict[str, NDArray[Any]] = {}
    for name, cells in columns.items():
        fields[CODES + name], fields[VALUES + name] = cells.codes, cells.values
    return fields


def column_names(fields: Sequence[str]) -> list[str]:
    """The columns among the fields of a journal."""
    return [field.removeprefix(CODES) for field in fields if field.startswith(CODES)]


def as_column(cells: Cells, names: Names | None) -> Column:
    """The cells with their texts."""
    return Column(values=cells.values, codes=cells.codes, texts=() if names is None else names.texts())


def concatenate_columns(columns: Sequence[Column]) -> Column:
    """All cells in order, texts in one dictionary."""
    texts: dict[str, int] = {}
    values = []
    for column in columns:
        place = np.array([texts.setdefault(text, len(texts)) for text in column.texts], np.float64)
        moved = column.values.copy()
        is_text = column.codes == Cell.TEXT
        moved[is_text] = place[column.values[is_text].astype(np.intp)]
        values.append(moved)
    return Column(
        values=np.concatenate(values), codes=np.concatenate([c.codes for c in columns]), texts=tuple(texts)
    )
