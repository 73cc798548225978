"""Rows of a model as tests need them: every kind of cell, several sources and versions, and drifts at known rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stream_monitor.core.batch import ColumnBatch
from stream_monitor.core.columnise import PlacedRow, columnise
from stream_monitor.core.events import Role, Row, Source

SOURCES = (Source("features", 0), Source("features", 1), Source("labels", 0))
T0 = 1_795_255_200_000
ODD: tuple[object, ...] = (None, float("nan"), float("inf"), "12", True, [1], 10**400, "", 3.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What happens in the rows, as fractions of them: drift begins and ends twice, versions change, a feature comes late."""

    seed: int
    rows: int
    odd: float = 0.02  # share of cells that are something else than the feature's values
    jitter_ms: int = 0  # event times are out of order by up to that much inside a source


def rows_of(model: str, shape: Shape) -> list[PlacedRow]:
    """The rows in the order in which they were produced."""
    rng = np.random.default_rng(shape.seed)
    offsets = [0] * len(SOURCES)
    placed = []
    for at in range(shape.rows):
        label = rng.random() < 0.1
        source_at = 2 if label else int(rng.integers(0, 2))
        time = T0 + 300 * (at // 3) - int(rng.integers(0, shape.jitter_ms + 1))
        row = _label(model, at, time, rng) if label else _event(model, at, time, shape, rng)
        placed.append(PlacedRow(row, source_at, offsets[source_at], int(rng.integers(0, 3))))
        offsets[source_at] += 1
    return placed


def _event(model: str, at: int, time: int, shape: Shape, rng: np.random.Generator) -> Row:
    part = at / shape.rows
    drifting = 0.3 < part < 0.55 or part > 0.8
    worse = part > 0.9
    features: dict[str, object] = {
        "amount": float(rng.normal((3.0 if worse else 1.0) if drifting else 0.0)),
        "country": str(rng.choice(["DE", "FR", "IT"] if not drifting else ["IT", "XX", "YY"])),
        "flag": bool(rng.random() < (0.7 if drifting else 0.2)),
        "count": int(rng.poisson(20 if drifting else 5)),
        "constant": 7,
        "session": f"s-{at}",
        "mixed": [1.5, "a", False][at % 3],
    }
    if drifting and rng.random() < 0.5:
        features["amount"] = None
    if rng.random() < 0.1:
        del features["count"]
    if part > 0.2:
        features["late"] = float(rng.normal(0.0 if part < 0.7 else 2.0))
    if rng.random() < 0.5:
        features["sparse"] = float(rng.exponential(1.0))
    for name in features:
        if rng.random() < shape.odd:
            features[name] = ODD[int(rng.integers(0, len(ODD)))]
    outputs: dict[str, object] = {}
    roles = Role.FEATURES
    if rng.random() < 0.8:
        outputs = {
            "prediction": "yes" if rng.random() < (0.8 if drifting else 0.3) else "no",
            "probability": float(rng.beta(2, 5 if not drifting else 2)),
            "latency_ms": float(rng.gamma(2.0)),
        }
        if rng.random() < 0.7:
            yes = outputs["probability"]
            outputs |= {"probability:yes": yes, "probability:no": 1.0 - float(rng.beta(2, 2))}
        roles |= Role.PREDICTION
    version = _version(part, rng)
    return Row(model, version, f"e-{at - int(rng.random() < 0.02)}", time, int(roles), features, outputs)


def _version(part: float, rng: np.random.Generator) -> str | None:
    """1, then 1 and 2 side by side, then 2; a few rows of none."""
    if rng.random() < 0.03:
        return None
    return "1" if part < 0.4 or (part < 0.5 and rng.random() < 0.5) else "2"


def _label(model: str, at: int, time: int, rng: np.random.Generator) -> Row:
    return Row(model, None, f"e-{at - 1}", time, int(Role.LABEL), {}, {"label": bool(rng.random() < 0.1)})


def batch_of(placed: Sequence[PlacedRow], order: Sequence[int] = (0, 1, 2)) -> ColumnBatch:
    """The rows as a batch with dictionaries of its own; `order` of the sources in its dictionary."""
    place = {source_at: at for at, source_at in enumerate(order)}
    moved = [one._replace(source_at=place[one.source_at]) for one in placed]
    return columnise(placed[0].row.model, moved, [SOURCES[at] for at in order])
