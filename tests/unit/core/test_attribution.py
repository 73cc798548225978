from collections.abc import Mapping

import numpy as np
import pytest

from stream_monitor.core.attribution import MOST, Inputs
from stream_monitor.core.columnise import PlacedRow, columnise
from stream_monitor.core.drift_event import Attribution, Direction, DriftEvent, Importance, Status
from stream_monitor.core.events import Role, Row, Source
from stream_monitor.core.model_monitor import ModelMonitor
from stream_monitor.core.parameters import (
    Budget,
    BudgetUnit,
    DetectorChoice,
    ModelParameters,
    SeriesParameters,
)
from stream_monitor.detectors import registry

ROWS, CHANGE = 1_600, 1_024
SOURCE = (Source("in", 0),)


def monitor_of(
    moves: Mapping[str, float], *, prediction: float = 0.0
) -> tuple[ModelMonitor, list[DriftEvent]]:
    """After ROWS rows, in which the means of features move at CHANGE, and that of the prediction."""
    rng = np.random.default_rng(3)
    rows = []
    for at in range(ROWS):
        features: dict[str, object] = {
            name: float(rng.normal(by if at >= CHANGE else 0.0)) for name, by in moves.items()
        }
        if at >= CHANGE and "gone" in features:
            features["gone"] = None
        said = float(rng.normal(prediction if at >= CHANGE else 0.0))
        row = Row("m", "7", None, at, int(Role.FEATURES | Role.PREDICTION), features, {"prediction": said})
        rows.append(PlacedRow(row, 0, at, 0))
    budget = Budget(alarms=1, span=1, unit=BudgetUnit.EVENTS)
    watched = SeriesParameters(warm_up=512, detectors=(DetectorChoice(id="adwin"),))
    parameters = ModelParameters(name="m", budget=budget, default=watched)
    monitor = ModelMonitor(parameters, registry.installed())
    return monitor, list(monitor.observe(columnise("m", rows, SOURCE)).drift_events)


def moved(monitor: ModelMonitor, importance: Mapping[str, float] | None = None) -> Attribution:
    found = Inputs(series=monitor.series, importance=importance or {}).moved(CHANGE, ROWS - 1, {})
    assert found is not None
    return found


def names(attribution: Attribution) -> list[str]:
    return [one.series for one in attribution.ranked]


def test_inputs_are_ranked_by_how_far_they_moved() -> None:
    monitor, _ = monitor_of({"still": 0.0, "down": -0.6, "up": 1.5})
    found = moved(monitor)
    assert names(found) == ["feature:up", "feature:down"]
    assert [one.direction for one in found.ranked] == [Direction.UP, Direction.DOWN]
    assert found.ranked[0].effect == pytest.approx(1.5, abs=0.15)
    assert found.ranked[1].effect == pytest.approx(-0.6, abs=0.15)
    assert [one.score for one in found.ranked] == [abs(one.effect) for one in found.ranked]
    assert (found.importance, found.inputs, found.moved) == (Importance.EQUAL, 6, 2)


def test_importance_decides_between_effects() -> None:
    monitor, _ = monitor_of({"plain": 0.8, "dear": 0.6, "cheap": 1.5})
    found = moved(monitor, {"dear": 5.0, "che*": 1.0})
    assert names(found) == ["feature:dear", "feature:plain", "feature:cheap"]
    assert [one.importance for one in found.ranked] == [5.0, 3.0, 1.0]  # the mean where none is given
    assert all(one.score == abs(one.effect) * one.importance for one in found.ranked)
    assert found.importance is Importance.CONFIGURED


def test_values_that_are_missing_are_a_move_too() -> None:
    monitor, _ = monitor_of({"gone": 0.0, "still": 0.0})
    assert names(moved(monitor)) == ["missing:gone"]


def test_nothing_moved() -> None:
    monitor, _ = monitor_of({"a": 0.0, "b": 0.0})
    found = moved(monitor)
    assert (names(found), found.moved, found.inputs) == ([], 0, 4)
    assert 0.2 <= found.visible < 0.3


def test_what_chance_can_do_is_no_move_on_few_values() -> None:
    monitor, _ = monitor_of({"a": 0.5})
    inputs = Inputs(series=monitor.series, importance={})
    early = inputs.moved(CHANGE, CHANGE + 40, {})
    assert early is not None
    assert (early.ranked, early.visible > 0.5) == ((), True)
    assert names(moved(monitor)) == ["feature:a"]


def test_only_the_first_are_named() -> None:
    monitor, _ = monitor_of({f"f{at}": 0.8 + at / 5 for at in range(MOST + 3)})
    found = moved(monitor)
    assert (len(found.ranked), found.moved) == (MOST, MOST + 3)
    assert names(found)[0] == "feature:f7"


def test_without_inputs_or_blocks_nothing_is_said() -> None:
    monitor, _ = monitor_of({})
    assert Inputs(series=monitor.series, importance={}).moved(CHANGE, ROWS - 1, {}) is None
    monitor, _ = monitor_of({"a": 1.0})
    assert Inputs(series=monitor.series, importance={}).moved(CHANGE, CHANGE + 5, {}) is None


def test_events_of_outputs_carry_it_and_those_of_inputs_do_not() -> None:
    _, events = monitor_of({"amount": 1.5, "still": 0.0}, prediction=1.5)
    opened = {event.series: event for event in events if event.status is Status.OPENED}
    assert opened["feature:amount"].attribution is None
    last = [event for event in events if event.series == "prediction"][-1]
    assert last.attribution is not None
    assert names(last.attribution) == ["feature:amount"]
    assert "; moved with: amount (+1." in last.summary


def test_an_open_alert_of_an_input_is_named() -> None:
    monitor, events = monitor_of({"amount": 1.5})
    alert = [event for event in events if event.series == "feature:amount"][-1]
    found = Inputs(series=monitor.series, importance={}).moved(CHANGE, ROWS - 1, monitor.alerts.open)
    assert found is not None
    assert (found.ranked[0].alert_id, found.ranked[0].since) == (alert.alert_id, alert.change_point)
    assert moved(monitor).ranked[0].alert_id is None


def test_only_blocks_up_to_the_row_count() -> None:
    monitor, _ = monitor_of({"amount": 1.5})
    inputs = Inputs(series=monitor.series, importance={})
    before = inputs.moved(CHANGE, CHANGE + 200, {})
    window = monitor.series[next(key for key in monitor.series if key.name == "feature:amount")].window
    window.views[window.rows[:, 1] > CHANGE + 200] = 1e6
    assert inputs.moved(CHANGE, CHANGE + 200, {}) == before
    assert before is not None
    assert inputs.moved(CHANGE, CHANGE + 300, {}) != before
