"""Crashing never changes the answer: any program of crashes, aborts, rebalances and zombies leads to the fold of the log."""

from hypothesis import event, given, settings
from hypothesis import strategies as st

from stream_monitor.core.drift_event import DriftEvent, Status
from stream_monitor.core.retrain_request import RetrainRequest
from stream_monitor.formats import alerts_topic
from tests.property.crash_law import check, check_same_as_undisturbed, undisturbed
from tests.property.produced import records
from tests.property.programs import (
    STEPS,
    Compact,
    Expire,
    Fail,
    Join,
    Kill,
    Leave,
    Operation,
    Produce,
    Replace,
    Step,
    Turns,
    Wait,
    World,
)

who = st.integers(0, 3)
turns = st.integers(1, 5)
operations: st.SearchStrategy[Operation] = st.one_of(
    st.builds(Turns, turns),
    st.builds(Step, who, turns),
    st.builds(Fail, who, st.sampled_from(STEPS), st.sampled_from(["abort", "timeout", "crash", "zombie"])),
    st.builds(Kill, who, st.booleans()),
    st.just(Join()),
    st.builds(Leave, who),
    st.builds(Expire, who),
    st.builds(Replace, who),
    st.builds(Produce, st.integers(1, 400)),
    st.just(Compact()),
    st.builds(Wait, st.sampled_from([0.5, 2.0, 20.0])),
)


@st.composite
def programs(draw: st.DrawFn) -> list[Operation]:
    """Something happens between any two turns; in most programs everything is there from the start."""
    start = Produce(10_000 if draw(st.integers(0, 3)) else draw(st.integers(0, 1_000)))
    program: list[Operation] = [start, Turns(2)]
    for operation in draw(st.lists(operations, min_size=3, max_size=25)):
        program += [operation, Turns(1)]
    return program


@settings(max_examples=30)
@given(program=programs(), seed=st.integers(0, 2))
def test_whatever_happens_the_answer_is_the_fold_of_the_log(program: list[Operation], seed: int) -> None:
    world = World(seed)
    world.play(program)
    check(world.cluster, records(seed))
    event(f"compared with the undisturbed run: {check_same_as_undisturbed(world.cluster, seed)}")


def test_the_models_of_the_law_really_drift() -> None:
    statuses: set[Status] = set()
    for seed in range(3):
        published = [alerts_topic.decode(value) for value in undisturbed(seed).events]
        events = [one for one in published if isinstance(one, DriftEvent)]
        requests = [one for one in published if isinstance(one, RetrainRequest)]
        assert {one.model for one in requests} == {"fraud"}
        assert len(events) >= 10
        assert {one.model for one in events} == {"fraud", "churn"}
        assert "performance:mae" in {one.series for one in events}
        assert any(one.performance is not None for one in events if one.series.startswith("feature:"))
        statuses |= {one.status for one in events}
    assert statuses == set(Status)
