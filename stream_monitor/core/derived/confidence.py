"""The series `confidence`: the probability of the predicted class, from the probabilities by class; else the largest of them.

Where an event gives `probability` alone, that is the series; nothing is derived then.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import Cell, Column, ColumnBatch
from stream_monitor.core.cells import text_of
from stream_monitor.core.derived.names import CONFIDENCE
from stream_monitor.core.detector import FloatArray
from stream_monitor.core.performance.columns import BY_CLASS, PREDICTION
from stream_monitor.core.series import SeriesKey, SeriesSlice


class Confidence:
    """Keeps nothing. Cost: some 10 ns a row and class."""

    def observe(self, batch: ColumnBatch, first_row: int) -> Sequence[SeriesSlice]:
        """The confidence of the predictions in `batch`, by version in order of appearance."""
        by_class = {
            name.removeprefix(BY_CLASS): column
            for name, column in batch.columns.items()
            if name.startswith(BY_CLASS)
        }
        if not by_class:
            return ()
        values = confidence_of(by_class, batch.columns.get(PREDICTION))
        given = np.zeros(len(batch), np.bool_)
        for column in by_class.values():
            given |= column.codes != Cell.NONE
        slices = []
        for at, version in enumerate(batch.versions):
            mine = np.flatnonzero(given & (batch.version_at == at))
            if len(mine) == 0:
                continue
            known = ~np.isnan(values[mine])
            column = Column(
                values=np.where(known, values[mine], 0.0),
                codes=np.where(known, Cell.NUMBER, Cell.NULL).astype(np.uint8),
            )
            key = SeriesKey(CONFIDENCE, version)
            slices.append(SeriesSlice(key, column, first_row + mine, batch.times[mine]))
        return slices

    def retire(self, version: str) -> None:
        """Nothing is kept of a version."""


def confidence_of(by_class: Mapping[str, Column], prediction: Column | None) -> FloatArray:
    """Of each row (n,); NaN where no class has a number."""
    numbers = {
        name: np.where(column.codes == Cell.NUMBER, column.values, np.nan)
        for name, column in by_class.items()
    }
    largest = next(iter(numbers.values())).copy()
    for one in numbers.values():
        np.fmax(largest, one, out=largest)
    if prediction is None:
        return largest
    predicted = largest.copy()
    for name, rows in _rows_by_class(prediction).items():
        if name in numbers:
            own = numbers[name][rows]
            predicted[rows] = np.where(np.isnan(own), largest[rows], own)
    return predicted


def _rows_by_class(prediction: Column) -> dict[str, NDArray[np.intp]]:
    """Rows by the class they predict, as text."""
    codes = prediction.codes.astype(np.float64)
    here = np.flatnonzero(np.isin(prediction.codes, (Cell.NUMBER, Cell.TEXT, Cell.FALSE, Cell.TRUE)))
    if len(here) == 0:
        return {}
    cells = np.stack([codes[here], prediction.values[here]], axis=1)
    _, first, kind = np.unique(cells, axis=0, return_index=True, return_inverse=True)
    found: dict[str, NDArray[np.intp]] = {}
    for at, one in enumerate(first.tolist()):
        name = text_of(prediction, int(here[one]))
        rows = here[kind.reshape(-1) == at]
        found[name] = np.concatenate([found[name], rows]) if name in found else rows
    return found
