"""From columns as batches and the join hold them to predictions and labels; and how few pairs are kept as they came."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import Cell, Column
from stream_monitor.core.detector import FloatArray, Plain
from stream_monitor.core.fields import Fields, as_bytes
from stream_monitor.core.performance.task import Labelled, Predictions

PREDICTION: Final = "prediction"
PROBABILITY: Final = "probability"
LABEL: Final = "label"
BY_CLASS: Final = "probability:"

Columns: TypeAlias = Mapping[str, Column]


class Places(NamedTuple):
    """Joined pairs, (n,) each: their positions in some columns, and the ordinal and event time of the row that completed them.

    asked: the ordinal of the prediction's row; None where it is not known.
    """

    at: NDArray[np.intp]
    rows: NDArray[np.int64]
    times: NDArray[np.int64]
    asked: NDArray[np.int64] | None = None

    def part(self, first: int, end: int) -> "Places":
        """Those from `first` to before `end`."""
        part = slice(first, end)
        asked = None if self.asked is None else self.asked[part]
        return Places(self.at[part], self.rows[part], self.times[part], asked)


def is_score(name: str) -> bool:
    """Whether performance needs the column of that name."""
    return name in (PREDICTION, PROBABILITY, LABEL) or name.startswith(BY_CLASS)


def predictions_of(columns: Columns, rows: NDArray[np.intp]) -> Predictions:
    """The predictions of the rows (k,) of a batch or of joined pairs. What is no number is no probability."""
    nothing = Column(values=np.zeros(len(rows)), codes=np.zeros(len(rows), np.uint8))
    column = columns.get(PREDICTION)
    by_class = {
        name.removeprefix(BY_CLASS): _numbers(one, rows)
        for name, one in sorted(columns.items())
        if name.startswith(BY_CLASS)
    }
    probability = columns.get(PROBABILITY)
    return Predictions(
        values=nothing if column is None else column.take(rows),
        probability=np.full(len(rows), np.nan) if probability is None else _numbers(probability, rows),
        probabilities={name: one for name, one in by_class.items() if not np.isnan(one).all()},
    )


def labelled_of(columns: Columns, rows: NDArray[np.intp]) -> Labelled:
    """The pairs in the rows (k,) of joined columns, which hold a `label`."""
    return Labelled(predictions=predictions_of(columns, rows), labels=columns[LABEL].take(rows))


def _numbers(column: Column, rows: NDArray[np.intp]) -> FloatArray:
    part = column.take(rows)
    return np.where(part.codes == Cell.NUMBER, part.values, np.nan)


def taken(columns: Columns, rows: NDArray[np.intp]) -> dict[str, Column]:
    """The rows (k,) of the columns that performance needs, those with anything in them; texts only the used ones, in the order
    of their rows, so that cuts do not matter.
    """
    parts = {name: column.take(rows) for name, column in sorted(columns.items()) if is_score(name)}
    return {n: _compact(part) for n, part in parts.items() if n == LABEL or (part.codes != Cell.NONE).any()}


def joined(first: Columns, n: int, second: Columns, m: int) -> dict[str, Column]:
    """The n rows of `first` and the m of `second`, both `taken`."""
    names = sorted({*first, *second})
    return {name: _concatenated([_of(first, name, n), _of(second, name, m)]) for name in names}


def dump_columns(columns: Columns) -> dict[str, Plain]:
    """Explicit fields by column."""
    return {
        name: {
            "values": as_bytes(column.values, "<f8"),
            "codes": as_bytes(column.codes, "<u1"),
            "texts": list(column.texts),
        }
        for name, column in columns.items()
    }


def load_columns(fields: Fields, n: int) -> dict[str, Column]:
    """The inverse of `dump_columns` for columns of n rows. Raises CorruptState."""
    columns = {}
    for name in fields.names():
        one = fields.inside(name)
        values, codes = one.array("values", "<f8"), one.array("codes", "<u1")
        texts = tuple(one.texts("texts"))
        if not is_score(name) or len(values) != n or len(codes) != n or len(texts) > n:
            raise one.wrong("values", "no such column, or another number of rows")
        places = values[codes == Cell.TEXT]
        if len(codes) and codes.max() > max(Cell):
            raise one.wrong("codes", "no such cell")
        if len(places) and (places.min() < 0 or places.max() >= len(texts)):
            raise one.wrong("texts", "no such text")
        columns[name] = Column(values=values, codes=codes, texts=texts)
    return columns


def _of(columns: Columns, name: str, n: int) -> Column:
    nothing = Column(values=np.zeros(n), codes=np.zeros(n, np.uint8))
    return columns.get(name, nothing)


def _compact(column: Column) -> Column:
    return _concatenated([column])


def _concatenated(columns: Sequence[Column]) -> Column:
    """All rows, texts by the place of their first row."""
    texts: dict[str, int] = {}
    parts = []
    for column in columns:
        values, is_text = column.values.copy(), column.codes == Cell.TEXT
        used, first, back = np.unique(values[is_text], return_index=True, return_inverse=True)
        places = np.zeros(len(used))
        for at in np.argsort(first).tolist():
            places[at] = texts.setdefault(column.texts[int(used[at])], len(texts))
        values[is_text] = places[back]
        parts.append(values)
    codes = np.concatenate([column.codes for column in columns])
    return Column(values=np.concatenate(parts), codes=codes, texts=tuple(texts))
