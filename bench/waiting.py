"""Rows for the measurement of what waits for labels: predictions, and labels of predictions of a given age."""

import uuid
from collections.abc import Iterator
from typing import Final

import numpy as np

from stream_monitor.core.batch import Cell, Column, ColumnBatch, Columns
from stream_monitor.core.events import Role, Source
from stream_monitor.core.ids import Ids

ROWS: Final = 4_096  # of a batch


def predictions(begin: int, end: int) -> Iterator[ColumnBatch]:
    """Predictions alone."""
    for first in range(begin, end, ROWS):
        made = np.arange(first, min(first + ROWS, end))
        yield _batch(made, np.full(len(made), int(Role.PREDICTION)), int(made[0]))


def both(made: int, labelled: np.ndarray) -> ColumnBatch:
    """Predictions from `made` on and, in turn, labels of the predictions `labelled`: (n,)."""
    of = np.column_stack([made + np.arange(len(labelled)), labelled]).ravel()
    return _batch(of, np.tile([int(Role.PREDICTION), int(Role.LABEL)], len(labelled)), made)


def _batch(of: np.ndarray, roles: np.ndarray, now: int) -> ColumnBatch:
    number = len(of)
    predicts = roles == Role.PREDICTION
    nothing = np.uint8(Cell.NONE)
    classes, texts = (of % 2).astype(np.float64), ("fraud", "legit")

    def codes(cell: Cell, wanted: np.ndarray) -> np.ndarray:
        return np.where(wanted, np.uint8(cell), nothing)

    return ColumnBatch(
        model="m",
        times=1_795_255_200_000 + now + np.arange(number) // 2,
        sources=(Source("events", 0),),
        source_at=np.zeros(number, np.uint16),
        offsets=np.arange(number),
        items=np.zeros(number, np.uint32),
        versions=("7", None),
        version_at=(~predicts).astype(np.uint16),
        ids=Ids.of(list(map(identifier, of.tolist()))),
        roles=roles.astype(np.uint8),
        columns=Columns.of(
            {
                "prediction": Column(values=classes, codes=codes(Cell.TEXT, predicts), texts=texts),
                "probability": Column(values=of % 1000 / 1000, codes=codes(Cell.NUMBER, predicts)),
                "label": Column(values=classes, codes=codes(Cell.TEXT, ~predicts), texts=texts),
            },
            number,
        ),
    )


def identifier(number: int) -> str:
    """A UUID, another one for every number."""
    return str(uuid.UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128))
