from stream_monitor.core.events import Source
from stream_monitor.runtime.assignment import Assignment

SOURCE = Source("a", 0)


def at_its_end() -> Assignment:
    assignment = Assignment()
    assignment.add([SOURCE])
    assignment.start(SOURCE, 5)
    assignment.reached_end(SOURCE, 5)
    return assignment


def test_a_partition_is_at_its_end_until_something_is_returned() -> None:
    assignment = at_its_end()
    assert assignment.at_end(SOURCE)
    assignment.returned(SOURCE, 5)
    assert not assignment.at_end(SOURCE)


def test_a_paused_partition_is_not_at_its_end_because_nobody_looks() -> None:
    assignment = at_its_end()
    assignment[SOURCE].paused = True
    assert not assignment.at_end(SOURCE)  # else rows that came meanwhile would be late
    assignment[SOURCE].paused = False
    assert assignment.at_end(SOURCE)
