import pytest

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.kafka.failpoints import (
    EXIT_CODE,
    STEPS,
    VARIABLE,
    Failpoint,
    failpoint_from,
    no_failpoint,
)


def test_without_the_variable_every_step_passes() -> None:
    assert failpoint_from({}) is no_failpoint
    assert failpoint_from({VARIABLE: ""}) is no_failpoint
    for step in STEPS:
        no_failpoint(step)


def test_the_process_ends_at_the_nth_pass_of_its_step() -> None:
    ended: list[int] = []
    failpoint = Failpoint("produced", 3, end=ended.append)
    for expected in ([], [], [EXIT_CODE]):
        failpoint("begin")
        failpoint("produced")
        failpoint("committed")
        assert ended == expected


@pytest.mark.parametrize("text", ["nowhere:1", "begin:0", "begin:x", ":1", "begin:-1"])
def test_a_step_that_does_not_exist_is_said(text: str) -> None:
    with pytest.raises(StreamMonitorError, match="write one of begin, produced"):
        failpoint_from({VARIABLE: text})


def test_a_step_without_a_number_means_the_first_time() -> None:
    assert isinstance(failpoint_from({VARIABLE: "begin"}), Failpoint)
