"""The contract of StateStore, held by the log in memory and by Kafka."""

import itertools
import time
from collections.abc import Callable, Iterator

import pytest

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Record, Source
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.runtime.ports import LostData, OutRecord
from tests.contract.worlds import Crash, MemoryWorld, World, answer


def snapshots(world: World, partition: int = 0, seconds: float = 20.0) -> dict[bytes, bytes]:
    return dict(item for item in world.store().snapshots(partition, Deadline(seconds)) if item is not None)


def log(world: World, first: int, last: int, partition: int = 0) -> list[tuple[int, bytes | None]]:
    records = world.store().log(partition, first, last, Deadline(20))
    return [(record.offset, record.value) for record in records if record is not None]


def test_an_empty_state_partition_has_no_snapshots(world: World) -> None:
    assert snapshots(world) == {}
    assert snapshots(world, partition=1) == {}


def test_the_last_value_of_every_key_counts_and_a_tombstone_removes_one(world: World) -> None:
    world.append(world.state, b"old", key=b"a")
    world.append(world.state, b"gone", key=b"b")
    world.append(world.state, b"new", key=b"a")
    world.append(world.state, None, key=b"b")
    world.append(world.state, b"elsewhere", key=b"c", partition=1)
    assert snapshots(world) == {b"a": b"new"}
    assert snapshots(world, partition=1) == {b"c": b"elsewhere"}


def test_aborted_snapshots_do_not_count(world: World) -> None:
    world.foreign(world.state, b"committed", key=b"a").commit()
    world.foreign(world.state, b"aborted", key=b"a").abort()
    assert snapshots(world) == {b"a": b"committed"}


def test_a_compacted_partition_reads_the_same(world: World) -> None:
    for value in (b"1", b"2", b"3"):
        world.foreign(world.state, value, key=b"a").commit()
        world.append(world.state, value, key=b"b")
    world.compact(world.state)
    world.append(world.state, b"4", key=b"b")
    found = snapshots(world)
    found.pop(b"roll", None)
    assert found == {b"a": b"3", b"b": b"4"}


def test_a_partition_that_was_emptied_ends_at_once(world: World) -> None:
    world.append(world.columns, b"0", b"1")
    world.delete_records(Source(world.columns, 0), 2)
    assert answer(world.store().low_watermark(0, Deadline(20))) == 2
    assert log(world, 2, 2) == []


def test_a_pending_transaction_at_the_end_is_waited_for(world: World) -> None:
    world.foreign(world.state, b"first", key=b"a").commit()
    pending = world.foreign(world.state, b"second", key=b"a")
    found: dict[bytes, bytes] = {}
    waited = 0
    if isinstance(world, MemoryWorld):
        world.log.on_wait = pending.commit
    for item in world.store().snapshots(0, Deadline(20)):
        if item is not None:
            found[item[0]] = item[1]
            continue
        waited += 1
        if waited == 3 and not isinstance(world, MemoryWorld):
            pending.commit()
    # The end is where the open transaction is, and the last stable offset is before it.
    assert waited
    assert found == {b"a": b"second"}


def test_what_is_written_after_the_first_iteration_is_not_waited_for(world: World) -> None:
    world.append(world.state, b"before", key=b"a")
    awaited = world.foreign(world.state, b"awaited", key=b"b")
    if isinstance(world, MemoryWorld):
        world.log.on_wait = lambda: None
    reading = world.store().snapshots(0, Deadline(20))
    for _ in range(5):
        assert next(reading) is None
    later = world.foreign(world.state, b"later", key=b"c")
    awaited.commit()
    assert dict(item for item in reading if item is not None) == {b"a": b"before", b"b": b"awaited"}
    later.abort()


def test_a_transaction_that_hangs_is_said_when_the_deadline_has_passed(world: World) -> None:
    hanging = world.foreign(world.state, b"hanging", key=b"a")
    if isinstance(world, MemoryWorld):
        world.log.on_wait = lambda: None
    with pytest.raises(StreamMonitorError, match="in time"):
        snapshots(world, seconds=3.0)
    hanging.abort()


def test_a_range_of_the_log_has_no_aborted_records_and_ends_before_its_last(world: World) -> None:
    world.foreign(world.columns, b"0", b"1").commit()  # marker at 2
    world.foreign(world.columns, b"aborted", b"aborted").abort()  # 3, 4, marker at 5
    world.foreign(world.columns, b"6").commit()  # marker at 7
    world.append(world.columns, b"8")
    assert log(world, 0, 9) == [(0, b"0"), (1, b"1"), (6, b"6"), (8, b"8")]
    assert log(world, 1, 8) == [(1, b"1"), (6, b"6")]
    assert log(world, 2, 6) == []
    assert log(world, 3, 7) == [(6, b"6")]
    assert log(world, 5, 5) == []
    assert log(world, 4, 2) == []


def test_a_range_may_end_at_a_marker_or_an_aborted_record_at_the_very_end(world: World) -> None:
    world.foreign(world.columns, b"0").commit()
    assert log(world, 0, 2) == [(0, b"0")]
    world.foreign(world.columns, b"aborted").abort()
    assert log(world, 0, 4) == [(0, b"0")]
    assert log(world, 1, 4) == []


def test_a_range_that_is_gone_or_not_there_yet_is_lost_data(world: World) -> None:
    world.append(world.columns, b"0", b"1", b"2")
    world.delete_records(Source(world.columns, 0), 1)
    with pytest.raises(LostData, match="offsets 0 to 2 are needed"):
        log(world, 0, 3)
    with pytest.raises(LostData, match="offsets 1 to 6 are needed"):
        log(world, 1, 7)
    assert log(world, 1, 3) == [(1, b"1"), (2, b"2")]


def test_long_ranges_and_two_at_a_time(world: World) -> None:
    for partition in (0, 1):
        world.append(world.columns, *(b"%d-%d" % (partition, i) for i in range(1500)), partition=partition)
    store = world.store()

    def values(records: Iterator[Record | None]) -> Iterator[bytes | None]:
        return (record.value for record in records if record is not None)

    both = zip(
        values(store.log(0, 0, 1500, Deadline(60))), values(store.log(1, 5, 1500, Deadline(60))), strict=False
    )
    interleaved = list(itertools.islice(both, 20))
    assert interleaved == [(b"0-%d" % i, b"1-%d" % (i + 5)) for i in range(20)]
    assert list(values(store.log(1, 0, 1500, Deadline(60)))) == [b"1-%d" % i for i in range(1500)]


def test_no_committed_offset_is_none(world: World) -> None:
    assert answer(world.store().committed(0, Deadline(20))) is None


def test_the_committed_offset_waits_for_a_pending_transaction(world: World) -> None:
    topic = world.topic("in")
    world.append(topic, b"0")
    world.append(world.columns, b"a", b"b", b"c")
    crash = Failing("offsets_sent")
    member = world.member(topic, instance_id="worker-0", failpoint=crash, on_lost_data="continue")
    member.read(4)
    columns = Source(world.columns, 0)
    member.commit([OutRecord(world.state, 0, b"k", b"1")], {columns: 1})
    assert answer(member.store.committed(0, Deadline(20))) == 1
    crash.armed = True
    with pytest.raises(Crash):
        member.commit([OutRecord(world.state, 0, b"k", b"2")], {columns: 3})
    if isinstance(world, MemoryWorld):
        world.log.on_wait = lambda: None
    asked = world.store().committed(0, Deadline(3.0))
    began = time.monotonic()
    assert next(asked) is None  # so that the group is served and a stop is heard meanwhile
    assert time.monotonic() - began < 2.0
    with pytest.raises(StreamMonitorError, match="in time"):
        answer(asked)
    world.member(topic, instance_id="worker-0")
    assert answer(world.store().committed(0, Deadline(20))) == 1
    assert snapshots(world) == {b"k": b"1"}


class Failing:
    """A failpoint that dies at a step once armed."""

    def __init__(self, step: str) -> None:
        self.step = step
        self.armed = False

    def __call__(self, step: str) -> None:
        if self.armed and step == self.step:
            raise Crash


_: Callable[[str], None] = Failing("begin")
