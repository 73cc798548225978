"""Statuses of many models must not stop the loop: in turns, and for a share of the time."""

from dataclasses import dataclass, field

import pytest

from stream_monitor.core.partition_monitor import ModelTask
from stream_monitor.core.report import status_of
from stream_monitor.core.status import ModelStatus
from stream_monitor.runtime.status_round import SLICE_SECONDS, StatusRound
from tests.driver import Cluster, SimulatedClock

COST = 1 / 64  # of which four are more than a slice


@dataclass
class Making:
    """A round over models whose statuses take `COST` seconds each to make."""

    clock: SimulatedClock
    round: StatusRound
    tasks: dict[str, ModelTask] = field(default_factory=dict)

    def take(self) -> list[str]:
        return [status.model for status in self.round.take_due(self.tasks.get)]


@pytest.fixture
def making(monkeypatch: pytest.MonkeyPatch) -> Making:
    clock = SimulatedClock(100.0)

    def slow(task: ModelTask) -> ModelStatus:
        clock.seconds += COST
        return status_of(task)

    monkeypatch.setattr("stream_monitor.runtime.status_round.status_of", slow)
    assert 3 * COST < SLICE_SECONDS < 4 * COST
    made = Making(clock, StatusRound(every=5.0, share=0.5, clock=clock))
    monitor = Cluster({"in": 1}).new_monitor()
    for name in "abcdef":
        made.tasks[name] = monitor._task(name)
        made.round.changed(name)
    return made


def test_one_slice_of_time_is_spent_at_once_then_it_rests_for_the_other_share(making: Making) -> None:
    assert making.take() == ["a", "b", "c", "d"]
    assert making.take() == []
    making.clock.seconds += 4 * COST
    assert making.take() == ["e", "f"]


def test_a_model_waits_from_its_last_status_on_and_the_longest_waiting_comes_first(making: Making) -> None:
    assert making.take() == ["a", "b", "c", "d"]
    for name in "ad":
        making.round.changed(name)
    making.clock.seconds += 1.0
    assert making.take() == ["e", "f"]
    making.clock.seconds = 105.0 + COST
    assert making.take() == ["a"]
    making.clock.seconds = 105.0 + 4 * COST
    assert making.take() == ["d"]


def test_nothing_is_made_of_what_has_not_changed_or_is_elsewhere(making: Making) -> None:
    del making.tasks["b"]
    making.round.made("c")
    assert making.take() == ["a", "d", "e", "f"]
    making.clock.seconds += 100.0
    assert making.take() == []
