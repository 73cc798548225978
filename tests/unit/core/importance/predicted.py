"""Rows of a model whose prediction hangs on some of its features, seeded: in one event with them, or in two of the same id."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

import numpy as np

from stream_monitor.core.columnise import PlacedRow, columnise
from stream_monitor.core.drift_event import DriftEvent
from stream_monitor.core.events import Role, Row, Source
from stream_monitor.core.model_monitor import ModelMonitor

SOURCES = (Source("events", 0),)
BEHIND = 7  # events that the second event of an id comes after the first


class Form(StrEnum):
    """In which events a case comes."""

    TOGETHER = "together"
    FEATURES_FIRST = "features first"
    PREDICTION_FIRST = "prediction first"


def cases(n: int, weights: Mapping[str, float], *, seed: int = 1, noise: float = 0.3) -> list[Row]:
    """Features, all normal; the prediction is their weighted sum and some noise."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, len(weights)))
    said = values @ np.array(list(weights.values())) + noise * rng.normal(size=n)
    both = int(Role.FEATURES | Role.PREDICTION)
    return [
        Row("m", "1", f"e-{at}", 0, both, dict(zip(weights, row, strict=True)), {"prediction": prediction})
        for at, (row, prediction) in enumerate(zip(values.tolist(), said.tolist(), strict=True))
    ]


def placed(rows: Sequence[Row], form: Form = Form.TOGETHER) -> list[PlacedRow]:
    """In the order of their events, which is their time."""
    told: Iterable[Row] = rows
    if form is not Form.TOGETHER:
        features = [row._replace(roles=int(Role.FEATURES), outputs={}) for row in rows]
        predictions = [row._replace(roles=int(Role.PREDICTION), features={}) for row in rows]
        first, second = features, predictions
        if form is Form.PREDICTION_FIRST:
            first, second = predictions, features
        times = [(at, row) for at, row in enumerate(first)]
        told = [row for _, row in sorted(times + [(at + BEHIND, row) for at, row in enumerate(second)])]
    return [PlacedRow(row._replace(time=at), 0, at, 0) for at, row in enumerate(told)]


def observe(monitor: ModelMonitor, rows: Sequence[PlacedRow], *, size: int = 1_000) -> list[DriftEvent]:
    """Give the rows to the monitor in batches."""
    events: list[DriftEvent] = []
    for first in range(0, len(rows), size):
        events += monitor.observe(columnise("m", rows[first : first + size], SOURCES)).drift_events
    return events
