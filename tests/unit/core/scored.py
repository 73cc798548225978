"""Rows of a model whose predictions get labels: how well it does, from where on worse, and what it is asked, all seeded."""

from collections.abc import Sequence

import numpy as np

from stream_monitor.core.columnise import PlacedRow, columnise
from stream_monitor.core.drift_event import DriftEvent
from stream_monitor.core.events import Role, Row, Source
from stream_monitor.core.model_monitor import ModelMonitor

T0 = 1_795_255_200_000
EVERY_MS = 10_000  # a prediction
DELAY_MS = 5_000
SOURCES = (Source("events", 0), Source("labels", 0))


def scored_rows(
    n: int,
    *,
    seed: int = 1,
    labelled: float = 1.0,
    concept: int | None = None,
    cured: int | None = None,
    inputs: int | None = None,
    delay_ms: int = DELAY_MS,
    version: str = "1",
) -> list[PlacedRow]:
    """Predictions with features, and their labels after some time, or never.

    concept: from this prediction on, until `cured`, every fourth label is another than the probability says. inputs: from this
    one on the feature `amount` is two standard deviations higher, which the model does not mind.
    """
    rng = np.random.default_rng(seed)
    placed: list[PlacedRow] = []
    for at in range(n):
        time, p = T0 + EVERY_MS * at, float(rng.beta(0.5, 0.5))
        worse = concept is not None and concept <= at < (n if cured is None else cured)
        actual = (rng.random() < p) != (rng.random() < 0.25 and worse)
        amount = float(rng.normal(0.0 if inputs is None or at < inputs else 2.0))
        outputs: dict[str, object] = {"prediction": "yes" if p > 0.5 else "no", "probability": p}
        roles = int(Role.FEATURES | Role.PREDICTION)
        row = Row("m", version, f"e-{at}", time, roles, {"amount": amount}, outputs)
        placed.append(PlacedRow(row, 0, at, 0))
        if rng.random() < labelled:
            label: dict[str, object] = {"label": "yes" if actual else "no"}
            of = Row("m", None, f"e-{at}", time + delay_ms, int(Role.LABEL), {}, label)
            placed.append(PlacedRow(of, 1, at, 0))
    return sorted(placed, key=lambda one: (one.row.time, one.source_at, one.offset))


def observe(monitor: ModelMonitor, rows: Sequence[PlacedRow], *, size: int = 1_000) -> list[DriftEvent]:
    """Give the rows to the monitor in batches."""
    events: list[DriftEvent] = []
    for first in range(0, len(rows), size):
        events += monitor.observe(columnise("m", rows[first : first + size], SOURCES)).drift_events
    return events
