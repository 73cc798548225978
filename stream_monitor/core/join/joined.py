"""Pairs of a prediction and its label, as columns: what performance, concept drift and calibration are computed from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import Cell, Column
from stream_monitor.core.join.cells import (
    CODES,
    VALUES,
    Cells,
    as_column,
    column_names,
    concatenate_columns,
)
from stream_monitor.core.join.matching import LABEL, Matching, Pairs, Piece
from stream_monitor.core.join.reading import NO_VERSION, Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Pairs (k,) in the order of the rows that completed them; a label may complete one for every version that predicted its id,
    in the order of these predictions.

    rows, times: ordinal and event time of the completing row. prediction_rows, prediction_times: of the prediction.
    versions, version_at: the version that predicted, as in a batch. delays: event time of the label less that of the
    prediction, below 0 where the label was first. columns: `label`, and those of `prediction`, `probability`,
    `probability:<class>` and the kept ones that hold anything here. All times in ms, UTC.
    """

    rows: NDArray[np.int64]
    times: NDArray[np.int64]
    prediction_rows: NDArray[np.int64]
    prediction_times: NDArray[np.int64]
    versions: tuple[str | None, ...]
    version_at: NDArray[np.uint16]
    delays: NDArray[np.int64]
    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(self.rows)


def joined_of(piece: Piece, pairs: Pairs, matching: Matching, reader: Reader) -> Joined:
    """The pairs that `piece` has completed, before anything is tidied."""
    predictions = _Predictions(piece, pairs, matching)
    times = piece.times[pairs.at]
    prediction_times = predictions.of_prediction("time", piece.times)
    names = dict.fromkeys([*piece.columns, *column_names(matching.pending.names())])
    columns = {name: predictions.cells(name) for name in sorted(names)}
    used, version_at = np.unique(predictions.of_prediction("version", piece.versions), return_inverse=True)
    known = reader.versions.texts()
    return Joined(
        rows=piece.rows[pairs.at],
        times=times,
        prediction_rows=pairs.rows,
        prediction_times=prediction_times,
        versions=tuple(None if place == NO_VERSION else known[place] for place in used.tolist()),
        version_at=version_at.astype(np.uint16),
        delays=pairs.label_times - prediction_times,
        columns={
            **{n: as_column(c, reader.texts.get(n)) for n, c in columns.items() if c.codes.any()},
            LABEL: as_column(pairs.label, reader.texts[LABEL]),
        },
    )


class _Predictions:
    """The prediction of every pair: it is in the piece, or was waiting."""

    def __init__(self, piece: Piece, pairs: Pairs, matching: Matching) -> None:
        self._piece = piece
        self._pairs = pairs
        self._matching = matching

    def of_prediction(self, name: str, here: NDArray[Any]) -> NDArray[Any]:
        """A field (k,) of the predictions; here: (n,) that of the piece."""
        values = here[self._pairs.at]
        values[self._pairs.by_label] = self._matching.pending[name][
            self._pairs.positions[self._pairs.by_label]
        ]
        return values

    def cells(self, name: str) -> Cells:
        here = self._piece.columns.get(name)
        if here is None:
            size = len(self._piece.rows)
            here = Cells(np.zeros(size), np.zeros(size, np.uint8))
        if (
            CODES + name not in self._matching.pending.names()
        ):  # all predictions of the column are in the piece
            cells = here.take(self._pairs.at)
            cells.codes[self._pairs.by_label] = Cell.NONE
            cells.values[self._pairs.by_label] = 0.0
            return cells
        return Cells(
            self.of_prediction(VALUES + name, here.values), self.of_prediction(CODES + name, here.codes)
        )


def together(parts: Sequence[Joined]) -> Joined:
    """The pairs of all parts (one at least), in order."""
    if len(parts) == 1:
        return parts[0]
    versions: dict[str | None, int] = {}
    version_at = [
        np.array([versions.setdefault(one, len(versions)) for one in part.versions], np.uint16)[
            part.version_at
        ]
        for part in parts
    ]
    names = dict.fromkeys(name for part in parts for name in part.columns)
    return Joined(
        rows=np.concatenate([part.rows for part in parts]),
        times=np.concatenate([part.times for part in parts]),
        prediction_rows=np.concatenate([part.prediction_rows for part in parts]),
        prediction_times=np.concatenate([part.prediction_times for part in parts]),
        versions=tuple(versions),
        version_at=np.concatenate(version_at),
        delays=np.concatenate([part.delays for part in parts]),
        columns={
            name: concatenate_columns([_column(part, name) for part in parts]) for name in sorted(names)
        },
    )


def _column(joined: Joined, name: str) -> Column:
    number = len(joined)
    nothing = Column(values=np.zeros(number), codes=np.zeros(number, np.uint8))
    return joined.columns.get(name, nothing)
