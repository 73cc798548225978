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


def test_only_records_that_are_waited_for_are_taken_each_once() -> None:
    assignment = at_its_end()
    progress = assignment[SOURCE]
    assert progress.take([3, 4]) == [False, False]  # fetched before a seek
    assert assignment.at_end(SOURCE)
    assert progress.take([4, 5, 7, 6, 7, 8]) == [False, True, True, False, False, True]
    assert (progress.next, assignment.at_end(SOURCE)) == (9, False)


def test_nothing_is_taken_while_paused_or_before_the_start_is_known() -> None:
    assignment = at_its_end()
    progress = assignment[SOURCE]
    progress.paused = True
    assert progress.take([5, 6]) == [False, False]
    progress.paused = False
    assignment.forget_position([SOURCE])
    assert progress.take([5, 6]) == [False, False]
    assignment.start(SOURCE, 5)
    assert progress.take([5, 6]) == [True, True]
