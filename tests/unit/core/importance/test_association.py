from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from sklearn import metrics  # type: ignore[import-untyped]  # comes without types

from stream_monitor.core import model_monitor
from stream_monitor.core.columnise import PlacedRow, columnise
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.events import Role, Row
from stream_monitor.core.importance import association, tables
from stream_monitor.core.importance.association import Association
from stream_monitor.core.importance.tables import LEAST
from stream_monitor.core.model_monitor import ModelMonitor
from stream_monitor.core.parameters import (
    AfterDrift,
    Budget,
    BudgetUnit,
    DetectorChoice,
    ModelParameters,
    SeriesParameters,
)
from stream_monitor.detectors import registry
from tests.unit.core.importance.predicted import SOURCES, Form, cases, observe, placed

QUICK = SeriesParameters(warm_up=300, detectors=(DetectorChoice(id="adwin"),))
PARAMETERS = ModelParameters(name="m", default=QUICK)
SIX = {"first": 1.0, "second": 0.5, **{f"idle{at}": 0.0 for at in range(4)}}


def monitor_of(parameters: ModelParameters = PARAMETERS) -> ModelMonitor:
    return ModelMonitor(parameters, registry.installed())


def weights_of(rows: list[PlacedRow]) -> dict[str, float]:
    monitor = monitor_of()
    observe(monitor, rows)
    return dict(monitor.association.weights())


def dumped(monitor: ModelMonitor) -> Any:
    return monitor.association.dump()


@pytest.fixture
def quick() -> Iterator[None]:
    """What otherwise happens every few thousand rows happens every few hundred."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_monitor, "CUT", 512)
        patch.setattr(tables, "LEAST", 120)
        yield


def test_it_is_what_plain_counting_of_the_sample_says() -> None:
    """Classes of few values, so that groups are the values, counted here row by row."""
    rng = np.random.default_rng(5)
    rows, sample = [], []
    for at in range(8_192):
        features: dict[str, object] = {
            "strong": "abc"[int(rng.integers(0, 3))],
            "weak": bool(rng.random() < 0.5),
            "idle": int(rng.integers(0, 4)),
        }
        if rng.random() < 0.1:
            del features["weak"]
        said = features["strong"] if rng.random() < 0.7 else "abc"[1 + (features.get("weak") is True)]
        both = int(Role.FEATURES | Role.PREDICTION)
        rows.append(PlacedRow(Row("m", "1", None, at, both, features, {"prediction": said}), 0, at, 0))
        if at >= 4_096 and at * 0x9E3779B97F4A7C15 % 2**64 < 2**61:
            sample.append((*(str(features.get(name)) for name in ("strong", "weak", "idle")), said))
    assert len(sample) >= LEAST
    *columns, said_all = zip(*sample, strict=True)
    sizes = []
    for column in columns:
        freedom = (len(set(column)) - 1) * (len(set(said_all)) - 1)
        information = metrics.mutual_info_score(column, said_all) - freedom / (2 * len(sample))
        visible = information > 2 * (np.pi / 2) ** 0.5 * (2 * freedom) ** 0.5 / (2 * len(sample))
        sizes.append((1 - np.exp(-2 * information)) ** 0.5 if visible else 0.0)
    assert sizes[0] > sizes[1] > sizes[2] == 0
    found = weights_of(rows)
    assert [found[name] for name in ("strong", "weak", "idle")] == pytest.approx(
        [size / sizes[0] for size in sizes], abs=1e-12
    )


@pytest.mark.parametrize("form", Form)
@pytest.mark.usefixtures("quick")
def test_it_is_in_proportion_to_the_part_of_each_feature_in_whatever_events_it_comes(form: Form) -> None:
    found = weights_of(placed(cases(14_000, SIX), form))
    assert found.pop("first") == 1.0
    assert found.pop("second") == pytest.approx(0.5, abs=0.12)
    assert max(found.values()) < 0.25


@pytest.mark.usefixtures("quick")
def test_a_class_that_is_rare_is_enough() -> None:
    rows = [
        row._replace(outputs={"prediction": "yes" if float(str(row.outputs["prediction"])) > 2 else "no"})
        for row in cases(16_000, SIX)
    ]
    found = weights_of(placed(rows))
    assert sorted(found, key=found.__getitem__)[-2:] == ["second", "first"]


@pytest.mark.usefixtures("quick")
def test_nothing_is_said_where_nothing_goes_with_the_output() -> None:
    assert weights_of(placed(cases(8_000, dict.fromkeys(SIX, 0.0)))) == {}


@pytest.mark.usefixtures("quick")
def test_nothing_is_kept_where_nothing_is_predicted() -> None:
    monitor = monitor_of()
    rows = [row._replace(roles=int(Role.FEATURES), outputs={}) for row in cases(3_000, SIX)]
    observe(monitor, placed(rows))
    assert monitor.association.weights() == {}
    assert dumped(monitor)["features"] == []


def test_it_takes_a_first_table_of_events() -> None:
    monitor = monitor_of()
    rows = placed(cases(8_192, {"first": 1.0}))
    observe(monitor, rows[:8_191])
    assert monitor.association.weights() == {}
    observe(monitor, rows[8_191:])
    assert monitor.association.weights()["first"] == 1.0


@pytest.mark.usefixtures("quick")
def test_it_follows_a_model_that_learns() -> None:
    before, after = cases(9_000, SIX), cases(24_000, {**SIX, "first": 0.0, "idle3": 2.0}, seed=2)
    monitor = monitor_of()
    observe(monitor, placed(before))
    assert max(monitor.association.weights().items(), key=lambda one: one[1])[0] == "first"
    observe(monitor, placed(after))
    found = monitor.association.weights()
    assert found["idle3"] == 1.0 > 2 * found["first"]


@pytest.mark.usefixtures("quick")
def test_features_that_only_moved_with_the_output_do_not_become_important() -> None:
    """In a table that a drift runs through all of them go with the output; in the others they do not."""
    rows = cases(16_000, SIX)
    for row in rows[7_000:]:
        row.features.update({name: value + 3.0 for name, value in row.features.items()})  # type: ignore[operator, attr-defined]  # the events of this test are dictionaries of numbers
        row.outputs["prediction"] += 4.5  # type: ignore[index, operator]  # the events of this test are dictionaries of numbers
    found = weights_of(placed(rows))
    assert found["first"] == 1.0
    assert found["second"] == pytest.approx(0.5, abs=0.12)
    assert max(weight for name, weight in found.items() if name.startswith("idle")) < 0.3


@pytest.mark.usefixtures("quick")
def test_what_was_learned_outlives_another_reference() -> None:
    generous = Budget(alarms=1, span=1, unit=BudgetUnit.EVENTS)
    parameters = ModelParameters(name="m", default=QUICK, budget=generous, after_drift=AfterDrift.ADOPT)
    rows = cases(16_000, SIX)
    for row in rows[9_000:]:
        row.features["first"] += 3.0  # type: ignore[index, operator]  # the events of this test are dictionaries of numbers
    monitor = monitor_of(parameters)
    events = observe(monitor, placed(rows))
    assert any(event.resolution == "adopted" for event in events)
    assert monitor.association.weights()["first"] == 1.0


@pytest.mark.usefixtures("quick")
def test_there_are_never_more_tables_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(association, "FEATURES", 3)
    assert set(weights_of(placed(cases(4_000, SIX)))) == {"first", "idle0", "idle1"}


@pytest.mark.usefixtures("quick")
def test_a_snapshot_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "LEAST", 30)
    monitor = monitor_of()
    observe(monitor, placed(cases(12_000, {"first": 1.0, "second": 0.5})))
    (one, *_) = stored = dumped(monitor)["features"]
    assert len(stored) == 2
    size = sum(len(str(key)) + len(value or "") for key, value in one.items())
    assert len(one["closed"]) == 8 * 16
    assert size < 600


CORRUPT: Mapping[str, Any] = {
    "too many classes": {"classes": [f"{at}" for at in range(16)]},
    "a class twice": {"classes": ["a", "a"]},
    "no features": {"features": 3},
    "no outputs": {"outputs": [["1", 3, None]]},
    "nothing apart": {"apart": {}},
}
CORRUPT_TABLES: Mapping[str, Any] = {
    "counts": {"counts": b"\0\0"},
    "stamp": {"stamp": 3},
    "closed": {"closed": np.zeros(18).tobytes()},
    "error": {"closed": np.array([0.1, -0.1]).tobytes()},
    "not finite": {"closed": np.array([np.nan, 0.1]).tobytes()},
    "name": {"name": None},
    "twice": {"name": "second"},
}


@pytest.fixture(scope="module")
def stored() -> Any:
    monitor = monitor_of()
    observe(monitor, placed(cases(4_200, {"first": 1.0, "second": 1.0})))
    Association({}).load(dumped(monitor))
    return dumped(monitor)


@pytest.mark.parametrize("what", CORRUPT)
def test_a_state_that_makes_no_sense_is_refused(what: str, stored: Any) -> None:
    with pytest.raises(CorruptState):
        Association({}).load({**stored, **CORRUPT[what]})


@pytest.mark.parametrize("what", CORRUPT_TABLES)
def test_tables_that_make_no_sense_are_refused(what: str, stored: Any) -> None:
    first, second = stored["features"]
    with pytest.raises(CorruptState):
        Association({}).load({**stored, "features": [{**first, **CORRUPT_TABLES[what]}, second]})


def test_counts_of_a_reference_that_is_no_more_are_forgotten(stored: Any) -> None:
    restored: Any = Association({})
    restored.load(stored)
    assert restored.dump() == stored
    restored.observe(columnise("m", placed(cases(10, {"first": 1.0})), SOURCES), 4_200)
    assert [one["stamp"] for one in restored.dump()["features"]] == [None, None]
    assert restored.dump()["outputs"] == []
