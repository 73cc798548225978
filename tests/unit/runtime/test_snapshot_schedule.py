from collections import Counter
from itertools import pairwise

from stream_monitor.runtime.snapshot_schedule import SnapshotSchedule

COUNT = 12


def schedule(*partitions: int, rows: int = 1_000, now: float = 100.0) -> SnapshotSchedule:
    made = SnapshotSchedule(every=30.0, rows=rows, count=COUNT)
    for partition in partitions:
        made.begin(partition, 0, now)
    return made


def test_every_partition_has_its_turn_once_in_the_interval_and_never_two_at_once() -> None:
    due = schedule(*range(COUNT))
    turns = [due.take_due(100.0 + at) for at in range(1, 121)]

    assert {len(turn) for turn in turns} == {0, 1}
    assert Counter(partition for turn in turns for partition in turn) == dict.fromkeys(range(COUNT), 4)
    moments = [[at for at, turn in enumerate(turns) if partition in turn] for partition in range(COUNT)]
    assert all(later - earlier == 30 for of in moments for earlier, later in pairwise(of))


def test_one_that_comes_late_to_its_turn_does_not_put_the_next_one_off() -> None:
    due = schedule(3)
    assert due.take_due(127.4) == []
    assert due.take_due(140.0) == [3]  # its moments are 127.5, 157.5, ...
    assert due.take_due(157.4) == []
    assert due.take_due(157.5) == [3]


def test_partitions_that_come_and_go_leave_the_moments_of_the_others_alone() -> None:
    due = schedule(0, 3)
    due.begin(7, 0, 110.0)
    due.end(0)
    assert due.take_due(127.5) == [3]
    assert due.take_due(137.5) == [7]


def test_rows_make_the_fullest_partitions_due_until_there_are_few_enough() -> None:
    due = schedule(1, 2, 3)
    for partition, rows in ((1, 300), (2, 450), (3, 249)):
        due.observed(partition, rows)
    assert due.take_due(101.0) == []
    due.observed(3, 1)
    assert due.take_due(101.0) == [2]  # 550 are left
    due.observed(1, 700)
    assert due.take_due(101.0) == [1]
    due.observed(3, 750)
    due.observed(1, 1_000)
    assert due.take_due(101.0) == [1, 3]


def test_partitions_that_fill_at_the_same_pace_do_not_come_at_the_same_moment() -> None:
    due = schedule(*range(COUNT), rows=1_200)
    turns = []
    for at in range(400):
        for partition in range(COUNT):
            due.observed(partition, 10)
        turns.append(due.take_due(100.0 + at / 1_000))

    assert max(map(len, turns[100:])) <= 1
    assert max(sum(partition in turn for turn in turns) for partition in range(COUNT)) < 45


def test_rows_that_a_restore_had_to_observe_again_count() -> None:
    due = schedule()
    due.begin(5, 1_000, 100.0)
    assert due.take_due(100.0) == [5]
    assert due.take_due(100.0) == []


def test_all_of_them_are_due_when_a_worker_leaves() -> None:
    due = schedule(5, 2)
    assert due.take_all(101.0) == [2, 5]
    assert due.take_due(113.0) == [5]  # at 112.5, as ever
