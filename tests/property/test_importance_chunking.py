"""The estimated importance hangs on the rows alone: not on batches, not on restarts."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from stream_monitor.core import model_monitor, versions
from stream_monitor.core.batch import ColumnBatch
from stream_monitor.core.columnise import PlacedRow, columnise
from stream_monitor.core.drift_event import Importance
from stream_monitor.core.events import Role, Row
from stream_monitor.core.importance import apart, association, tables
from stream_monitor.core.importance.coding import NOTHING
from stream_monitor.core.parameters import (
    AfterDrift,
    Budget,
    BudgetUnit,
    DetectorChoice,
    ModelParameters,
    SeriesParameters,
)
from stream_monitor.detectors import registry
from tests.property.chunking_law import answer_of, check_same
from tests.unit.core.importance.predicted import SOURCES

CASES = 4_000
PARAMETERS = ModelParameters(
    name="m",
    budget=Budget(alarms=1, span=1, unit=BudgetUnit.EVENTS),
    default=SeriesParameters(warm_up=70, tolerance=0.3, detectors=(DetectorChoice(id="adwin"),)),
    after_drift=AfterDrift.ADOPT,
)


@pytest.fixture(autouse=True)
def _small_bounds() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_monitor, "CUT", 256)
        patch.setattr(versions, "RETIRED_ROWS", 1_500)
        patch.setattr(tables, "LEAST", 20)
        patch.setattr(apart, "KEPT", 15)
        patch.setattr(association, "FEATURES", 4)
        patch.setattr(association, "_EAGER", 2_500)
        yield


def rows_of(seed: int) -> list[PlacedRow]:
    """A number is predicted, later classes with a probability; most features come before, with or after the prediction."""
    rng = np.random.default_rng(seed)
    told: list[tuple[float, Row]] = []
    for case in range(CASES):
        moved = case > CASES / 5
        features: dict[str, object] = {
            name: float(rng.normal(1.5 if moved and name != "c" else 0.0)) for name in "abc"
        }
        score = float(str(features["a"])) + float(rng.normal(0.0, 0.3))
        features["d"] = "xyz"[int(rng.integers(0, 3))] if rng.random() < 0.9 else None
        if case > CASES / 4:
            features["e"] = bool(score > 0)
        version = "2" if (case > CASES * 0.3 and rng.random() < 0.5) or case > CASES * 0.6 else "1"
        outputs: dict[str, object] = {"prediction": score}
        if version == "2":
            outputs = {"prediction": "up" if score > 0 else "down", "probability": 1 / (1 + np.exp(-score))}
        name = f"e-{case}" if rng.random() < 0.98 else None
        both = Row("m", version, name, 0, int(Role.FEATURES | Role.PREDICTION), features, outputs)
        form = rng.random()
        if form < 0.4:
            told.append((case, both))
            continue
        parts = [
            both._replace(roles=int(Role.FEATURES), outputs={}),
            both._replace(roles=int(Role.PREDICTION), features={}),
        ]
        first, second = parts if form < 0.8 else parts[::-1]
        told += [(case, first), (case + rng.exponential(5.0), second)]
    told.sort(key=lambda one: one[0])
    return [PlacedRow(row._replace(time=100 * at), 0, at, 0) for at, (_, row) in enumerate(told)]


def batch_of(rows: list[PlacedRow]) -> ColumnBatch:
    return columnise("m", rows, SOURCES)


@pytest.mark.parametrize(
    ("seed", "sizes", "reborn_every"), [(0, [1, 33, 150], 11), (1, [7, 255, 64], 5), (2, [700, 31], 10_000)]
)
def test_any_split_of_the_rows_gives_the_same_answer(seed: int, sizes: list[int], reborn_every: int) -> None:
    rows = rows_of(seed)
    pieces = []
    begin = turn = 0
    while begin < len(rows):
        pieces.append(batch_of(rows[begin : begin + sizes[turn % len(sizes)]]))
        begin, turn = begin + len(pieces[-1]), turn + 1
    deaths = frozenset(range(reborn_every, len(pieces), reborn_every))
    whole = answer_of(PARAMETERS, [batch_of(rows)])
    origins = {event.attribution.importance for event in whole.events if event.attribution is not None}
    assert Importance.ESTIMATED in origins
    check_same(answer_of(PARAMETERS, pieces, reborn_before=deaths), whole)


def test_the_rows_of_the_law_do_all_that_can_happen_to_it() -> None:
    monitor = model_monitor.ModelMonitor(PARAMETERS, registry.installed())
    rows = rows_of(0)
    begun: set[str | None] = set()
    waiting: set[bool] = set()
    stored: Any = None
    for first in range(0, len(rows), 256):
        monitor.observe(batch_of(rows[first : first + 256]))
        stored = monitor.association.dump()
        begun |= {one["stamp"] for one in stored["features"] if one["name"] == "a"}
        waiting |= {code == NOTHING for code in stored["apart"]["outputs"]}
    assert len(stored["features"]) == 4
    assert len(begun) >= 3  # no reference, the first, the one adopted
    assert waiting == {True, False}
    assert monitor.association.weights()["a"] == 1.0
    assert set(stored["classes"]) == {"down", "up"}
