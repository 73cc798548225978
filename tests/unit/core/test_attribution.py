from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from stream_monitor.core.attribution import MOST, Inputs
from stream_monitor.core.columnise import PlacedRow, columnise
from stream_monitor.core.drift_event import Attribution, Direction, DriftEvent, Importance, Status
from stream_monitor.core.events import Role, Row, Source
from stream_monitor.core.importance.association import Association
from stream_monitor.core.model_monitor import ModelMonitor
from stream_monitor.core.parameters import (
    Budget,
    BudgetUnit,
    DetectorChoice,
    ModelParameters,
    SeriesParameters,
)
from stream_monitor.detectors import registry
from tests.unit.core.importance.predicted import Form, cases, observe, placed

ROWS, CHANGE = 1_600, 1_024
SOURCE = (Source("in", 0),)
GENEROUS = Budget(alarms=1, span=1, unit=BudgetUnit.EVENTS)


class Learned(Association):
    """Knows what it is told."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        super().__init__({})
        self._given = weights

    def weights(self) -> Mapping[str, float]:
        return self._given


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
    watched = SeriesParameters(warm_up=512, detectors=(DetectorChoice(id="adwin"),))
    parameters = ModelParameters(name="m", budget=GENEROUS, default=watched)
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


def test_what_is_configured_counts_before_what_is_estimated() -> None:
    monitor, _ = monitor_of({"a": 0.8, "b": 0.6, "c": 1.5, "gone": 0.0})
    association = Learned({"a": 0.25, "b": 1.0, "gone": 0.5})
    inputs = Inputs(series=monitor.series, importance={}, association=association)
    found = inputs.moved(CHANGE, ROWS - 1, {})
    assert found is not None
    assert found.importance is Importance.ESTIMATED
    assert {one.series: one.importance for one in found.ranked} == {
        "feature:b": 1.0,
        "feature:c": pytest.approx(1.75 / 3),  # nothing is known of it
        "feature:a": 0.25,
        "missing:gone": 0.5,
    }
    configured = replace(inputs, importance={"a": 3.0}).moved(CHANGE, ROWS - 1, {})
    assert configured is not None
    assert (configured.importance, configured.ranked[0].importance) == (Importance.CONFIGURED, 3.0)
    nothing = replace(inputs, association=Learned({})).moved(CHANGE, ROWS - 1, {})
    assert nothing is not None
    assert (nothing.importance, {one.importance for one in nothing.ranked}) == (Importance.EQUAL, {1.0})


@pytest.mark.parametrize("form", [Form.TOGETHER, Form.FEATURES_FIRST])
def test_of_ten_features_those_rank_first_that_the_prediction_hangs_on(form: Form) -> None:
    """Seven move, five of them further than the two that matter; nothing was configured."""
    weights = {f"f{at}": {6: 1.0, 8: 0.7}.get(at, 0.0) for at in range(10)}
    before, after = 14_000, 1_000
    rows = cases(before + after, weights)
    for row in rows[before:]:
        shifts = {"f6": 1.0, "f8": 1.0} | {f"f{at}": 1.8 for at in range(5)}
        assert isinstance(row.features, dict)
        assert isinstance(row.outputs, dict)
        for name, shift in shifts.items():
            row.features[name] += shift
        row.outputs["prediction"] += 1.7
    default = SeriesParameters(warm_up=500, detectors=(DetectorChoice(id="adwin"),))
    monitor = ModelMonitor(ModelParameters(name="m", default=default, budget=GENEROUS), registry.installed())
    events = observe(monitor, placed(rows, form))
    told = [event.attribution for event in events if event.series == "prediction"]
    assert told
    for attribution in told:
        assert attribution is not None
        assert attribution.importance is Importance.ESTIMATED
        assert names(attribution)[:2] == ["feature:f6", "feature:f8"]
        assert attribution.moved == 7
    equal = Inputs(series=monitor.series, importance={}).moved(
        events[-1].change_point_row, events[-1].row, {}
    )
    assert equal is not None
    assert not {"feature:f6", "feature:f8"} & {*names(equal)[:3]}


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
