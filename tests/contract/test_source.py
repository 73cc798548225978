"""The contract of RecordSource, held by the log in memory and by Kafka."""

from collections.abc import Sequence

import pytest

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Source
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.runtime.ports import Fenced, LostData, OutRecord, TransactionAborted
from stream_monitor.telemetry.view import Loss
from tests.contract.conftest import BOTH_PROTOCOLS
from tests.contract.worlds import Diary, World


def out(world: World, value: bytes = b"row") -> OutRecord:
    return OutRecord(world.state, 0, b"fraud", value)


def test_a_first_start_reads_from_the_first_record_still_there(world: World) -> None:
    topic = world.topic("in")
    world.append(topic, b"0", b"1", b"2")
    world.delete_records(Source(topic, 0), 1)
    member = world.member(topic)
    assert [(record.offset, record.value) for _, record in member.read(2)] == [(1, b"1"), (2, b"2")]


def test_records_carry_key_headers_and_time(world: World) -> None:
    topic = world.topic("in")
    world.append(topic, b"value", key=b"key")
    world.append(topic, None)
    member = world.member(topic)
    (_, first), (_, second) = member.read(2)
    assert (first.key, first.value, list(first.headers)) == (b"key", b"value", [])
    assert (second.key, second.value) == (None, None)
    assert isinstance(first.timestamp, int)


def test_only_committed_records_are_seen_and_nothing_behind_an_open_transaction(world: World) -> None:
    topic = world.topic("in")
    world.foreign(topic, b"aborted").abort()
    world.foreign(topic, b"committed").commit()
    still_open = world.foreign(topic, b"open")
    world.append(topic, b"behind")
    member = world.member(topic)
    assert member.values(1) == [b"committed"]
    assert member.idle() == []
    still_open.commit()
    assert member.values(2) == [b"open", b"behind"]


def test_a_poll_groups_by_partition_in_order_and_keeps_to_its_limit(world: World) -> None:
    topic = world.topic("in", partitions=2)
    for partition in (0, 1):
        world.append(topic, *(b"%d" % i for i in range(10)), partition=partition)
    member = world.member(topic)
    offsets: dict[Source, list[int]] = {Source(topic, 0): [], Source(topic, 1): []}
    while sum(map(len, offsets.values())) < 20:
        batches = member.source.poll(7, 0.1)
        assert sum(len(batch.records) for batch in batches) <= 7
        assert len({batch.source for batch in batches}) == len(batches)
        for batch in batches:
            assert batch.records
            offsets[batch.source] += [record.offset for record in batch.records]
    assert offsets == {Source(topic, 0): list(range(10)), Source(topic, 1): list(range(10))}


def test_the_end_is_told_also_behind_markers_and_aborted_records(world: World) -> None:
    topic = world.topic("in", partitions=2)
    first, empty = Source(topic, 0), Source(topic, 1)
    world.foreign(topic, b"committed").commit()
    world.foreign(topic, b"aborted").abort()
    member = world.member(topic)
    assert member.values(1) == [b"committed"]
    member.at_end(first, empty)
    world.append(topic, b"more")
    assert member.values(1) == [b"more"]
    member.at_end(first, empty)


def test_the_end_of_an_emptied_partition_is_told(world: World) -> None:
    topic = world.topic("in")
    world.append(topic, b"0", b"1")
    world.delete_records(Source(topic, 0), 2)
    member = world.member(topic)
    member.at_end(Source(topic, 0))
    world.append(topic, b"2")
    assert member.values(1) == [b"2"]


def test_a_restart_goes_on_at_the_committed_offset(world: World) -> None:
    topic = world.topic("in")
    world.append(topic, b"0", b"1", b"2")
    first = world.member(topic)
    first.read(3)
    first.commit([out(world)], {Source(topic, 0): 2})
    first.close()
    second = world.member(topic)
    assert [record.offset for _, record in second.read(1)] == [2]


def test_rewind_reads_again_what_was_not_committed(world: World) -> None:
    topic = world.topic("in", partitions=2)
    world.append(topic, b"0", b"1", b"2")
    world.append(topic, b"x", partition=1)
    member = world.member(topic)
    member.read(4)
    member.commit([out(world)], {Source(topic, 0): 1})
    member.source.rewind(Deadline(20))
    again = member.read(3)
    assert sorted((source.partition, record.value) for source, record in again) == [
        (0, b"1"),
        (0, b"2"),
        (1, b"x"),
    ]


def test_what_is_paused_waits_and_goes_on_where_it_was(world: World) -> None:
    topic = world.topic("in", partitions=2)
    held, free = Source(topic, 0), Source(topic, 1)
    world.append(topic, b"0", partition=0)
    member = world.member(topic)
    member.read(1)
    member.source.pause([held])
    world.append(topic, b"1", b"2", partition=0)
    world.append(topic, b"free", partition=1)
    assert member.values(1) == [b"free"]
    assert member.idle() == []
    member.source.resume([held])
    assert member.values(2) == [b"1", b"2"]
    member.source.pause([held])
    member.source.rewind(Deadline(20))
    assert {source for source, _ in member.read(1) + member.idle()} == {free}
    member.source.resume([held])
    assert member.values(3) == [b"0", b"1", b"2"]


def test_a_partition_paused_when_assigned_starts_where_seek_says(world: World) -> None:
    topic = world.topic("in")
    world.append(world.columns, *(b"%d" % i for i in range(6)))
    diary = Diary()
    member = world.member(topic, diary=diary, on_lost_data="continue")
    columns = Source(world.columns, 0)
    diary.on_assigned = lambda sources: member.source.pause([s for s in sources if s == columns])
    member.until(lambda: columns in diary.owned())
    assert member.idle() == []
    member.source.seek(columns, 4)
    assert member.source.position(columns) in {None, 4}
    assert member.idle() == []
    member.source.resume([columns])
    assert member.values(2) == [b"4", b"5"]
    member.source.seek(columns, 5)
    assert member.values(1) == [b"5"]


def test_seek_in_the_callback_wins_over_the_committed_offset(world: World) -> None:
    topic = world.topic("in")
    world.append(topic, b"0", b"1", b"2")
    diary = Diary()
    member = world.member(topic, diary=diary)
    source = Source(topic, 0)

    def jump(sources: Sequence[Source]) -> None:
        if source in sources:
            member.source.seek(source, 2)

    diary.on_assigned = jump
    assert member.values(1) == [b"2"]


def test_lag_counts_records_behind_the_committed_offset_but_no_markers(world: World) -> None:
    topic = world.topic("in")
    source = Source(topic, 0)
    world.foreign(topic, b"0", b"1", b"2").commit()
    member = world.member(topic)
    member.read(3)
    member.at_end(source)
    assert (
        member.source.lag()[source] == 4
    )  # nothing is committed; a marker within cannot be told from a record
    member.commit([out(world)], {source: 3})
    assert member.source.lag()[source] == 0
    world.append(topic, b"3", b"4")
    member.read(2)
    assert member.source.lag()[source] in {2, 3}


@BOTH_PROTOCOLS
def test_a_second_member_takes_over_its_share_after_the_first_has_let_go(world: World) -> None:
    topic = world.topic("in", partitions=4)
    diary = Diary()
    first = world.member(topic, diary=diary)
    everything = {Source(topic, i) for i in range(4)} | {Source(world.columns, i) for i in range(2)}
    first.until(lambda: diary.owned() == everything)
    kept = Source(topic, 0)
    for partition in range(4):
        world.append(topic, b"a", b"b", partition=partition)
    first.read(8)

    def commit(sources: Sequence[Source]) -> None:
        inputs = [source for source in sources if source.topic == topic]
        if inputs:
            first.commit([out(world)], dict.fromkeys(inputs, 1))

    diary.on_revoked = commit
    second = world.member(topic)

    def settled() -> bool:
        first.poll()
        return second.diary.owned() | diary.owned() == everything and len(second.diary.owned()) == 3

    reread = second.until(settled)
    assert second.diary.owned().isdisjoint(diary.owned())
    given = {source for source in diary.told("revoked") if source.topic == topic}
    reread += second.read(len(given) - len(reread))
    # what the first committed while letting go is where the second goes on
    assert sorted(source for source, _ in reread) == sorted(given)
    assert {record.value for _, record in reread} == {b"b"}
    assert not diary.told("lost")
    assert kept in diary.owned() | second.diary.owned()


@BOTH_PROTOCOLS
def test_an_expired_member_is_told_lost_and_cannot_commit_before_or_after(world: World) -> None:
    topic = world.topic("in")
    world.append(topic, b"0", b"1")
    source = Source(topic, 0)
    zombie = world.member(topic)
    zombie.read(2)
    other = world.member(topic)
    world.expire(zombie, [other])
    with pytest.raises(TransactionAborted):
        zombie.commit([out(world, b"zombie")], {source: 2})
    refused: list[str] = []

    def commit_anyway(_: Sequence[Source]) -> None:
        try:
            zombie.commit([out(world, b"zombie")], {source: 2})
        except TransactionAborted as error:
            refused.append(str(error))

    # A rebalance that began before it expired may still tell it revoked: it is a zombie all the same.
    zombie.diary.on_lost = zombie.diary.on_revoked = commit_anyway
    zombie.until(lambda: source in zombie.diary.told("lost") | zombie.diary.told("revoked"))
    assert refused
    assert [record.value for _, record in world.visible(world.state)] == []
    other.until(lambda: source in other.diary.owned() | zombie.diary.owned())


def test_pauses_survive_a_rebalance_of_other_partitions(world: World) -> None:
    topic = world.topic("in", partitions=2)
    first = world.member(topic)
    first.until(lambda: len(first.diary.owned()) == 4)
    inputs = [Source(topic, 0), Source(topic, 1)]
    first.source.pause(inputs)
    second = world.member(topic)

    def settled() -> bool:
        second.poll()
        return len(second.diary.owned()) == 2 and len(first.diary.owned()) == 2

    first.until(settled)
    for partition in (0, 1):
        world.append(topic, b"held", partition=partition)
    kept = [source for source in inputs if source in first.diary.owned()]
    assert [source for source, _ in first.idle()] == []
    first.source.resume(kept)
    assert sorted(source for source, _ in first.read(len(kept))) == sorted(kept)


def test_what_a_listener_raises_comes_out_of_poll_and_costs_no_record(world: World) -> None:
    topic = world.topic("in", partitions=2)
    for partition in (0, 1):
        world.append(topic, *(b"%d" % i for i in range(5)), partition=partition)
    first = world.member(topic)
    seen = first.read(10)
    first.commit([out(world)], {Source(topic, 0): 5, Source(topic, 1): 5})

    def fail(_: Sequence[Source]) -> None:
        raise RuntimeError("in the callback")

    first.diary.on_revoked = fail
    second = world.member(topic)
    with pytest.raises(RuntimeError, match="in the callback"):  # noqa: PT012 - the second must poll too
        for _ in range(1000):
            second.poll()
            first.poll()
    first.diary.on_revoked = lambda _: None
    for partition in (0, 1):
        world.append(topic, b"5", partition=partition)
    first.diary.entries.clear()
    later: list[tuple[Source, bytes | None]] = []
    while len(later) < 2:
        later += [(source, record.value) for source, record in [*first.poll(), *second.poll()]]
    assert len(seen) == 10
    assert sorted(later) == [(Source(topic, 0), b"5"), (Source(topic, 1), b"5")]


def test_a_grown_topic_is_picked_up_from_its_first_record(world: World) -> None:
    topic = world.topic("in")
    member = world.member(topic)
    member.until(lambda: Source(topic, 0) in member.diary.owned())
    assert member.source.partition_counts() == {topic: 1}
    world.grow(topic, 2)
    member.until(lambda: Source(topic, 1) in member.diary.owned())
    world.append(topic, b"new", partition=1)
    assert [(source.partition, record.offset) for source, record in member.read(1)] == [(1, 0)]
    member.until(lambda: member.source.partition_counts() == {topic: 2})


def test_topics_of_a_pattern_are_found_when_they_come(world: World) -> None:
    early, late = world.topic("wanted-early"), world.name("wanted-late")
    member = world.member(f"^{early.removesuffix('wanted-early')}wanted-.*")
    member.until(lambda: Source(early, 0) in member.diary.owned())
    world.create(late)
    world.append(late, b"late")
    assert member.values(1) == [b"late"]
    member.until(lambda: member.source.partition_counts() == {early: 1, late: 1})


def test_a_missing_topic_is_named_before_anything_starts(world: World) -> None:
    missing = world.name("missing")
    with pytest.raises(StreamMonitorError, match=missing):
        world.member(missing)


def test_records_removed_before_they_were_read_stop_the_start(world: World) -> None:
    topic = world.topic("in")
    world.append(topic, b"0", b"1", b"2")
    first = world.member(topic)
    first.read(3)
    first.commit([out(world)], {Source(topic, 0): 1})
    first.close()
    world.delete_records(Source(topic, 0), 2)
    stopped = world.member(topic)
    with pytest.raises(LostData, match=r"offsets 1 to 1 were removed.*on_lost_data"):
        stopped.until(lambda: False)
    stopped.close()
    going_on = world.member(topic, on_lost_data="continue")
    assert going_on.values(1) == [b"2"]
    assert going_on.source.losses() == {Source(topic, 0): Loss(times=1, records=1)}
    going_on.source.rewind(Deadline(20))
    assert going_on.values(1) == [b"2"]
    assert going_on.source.losses() == {Source(topic, 0): Loss(times=1, records=1)}, (
        "the same one is met again"
    )


def test_an_offset_behind_the_end_of_the_log_stops_the_start(world: World) -> None:
    topic = world.topic("in")
    world.append(topic, b"0", b"1")
    first = world.member(topic)
    first.read(2)
    first.commit([out(world)], {Source(topic, 0): 2})
    first.close()
    world.set_offset(Source(topic, 0), 1000)
    second = world.member(topic)
    with pytest.raises(LostData, match="committed up to 1000, but the log ends at 2"):
        second.until(lambda: False)


def test_records_that_vanish_while_reading_are_noticed(world: World) -> None:
    topic = world.topic("in")
    source = Source(topic, 0)
    member = world.member(topic)
    member.until(lambda: member.source.position(source) == 0)
    member.source.pause([source])
    world.append(topic, b"0", b"1", b"2")
    world.delete_records(source, 2)
    member.source.resume([source])
    with pytest.raises(LostData, match="no longer on the broker"):
        member.until(lambda: False)


def test_records_that_vanish_while_reading_are_passed_over_when_told_to_continue(world: World) -> None:
    topic = world.topic("in")
    source = Source(topic, 0)
    member = world.member(topic, on_lost_data="continue")
    world.append(topic, b"0")
    assert member.values(1) == [b"0"]
    member.commit([out(world)], {source: 1})
    member.source.pause([source])
    world.append(topic, b"1", b"2", b"3")
    world.delete_records(source, 3)
    member.source.resume([source])
    assert member.values(1) == [b"3"]
    assert member.source.losses() == {source: Loss(times=1, records=2)}


def test_a_topic_recreated_while_stopped_is_recognised(world: World) -> None:
    topic = world.topic("in")
    world.append(topic, b"0", b"1")
    world.append(world.columns, b"entry")
    first = world.member(topic, on_lost_data="continue")
    first.read(3)
    first.commit([out(world)], {Source(topic, 0): 2, Source(world.columns, 0): 1})
    first.close()
    world.delete(topic)
    world.create(topic)
    world.append(topic, b"new")
    second = world.member(topic)
    with pytest.raises(LostData, match="deleted and created again"):
        second.until(lambda: False)
    second.close()
    third = world.member(topic, on_lost_data="continue")
    assert third.values(1) == [b"new"]
    assert third.source.losses() == {Source(topic, 0): Loss(times=1, records=0)}  # nobody knows how many


def test_a_topic_recreated_while_running_is_recognised(world: World) -> None:
    topic = world.topic("in")
    world.append(topic, b"0", b"1")
    member = world.member(topic)
    member.read(2)
    world.delete(topic)
    world.create(topic)
    world.append(topic, *(b"new%d" % i for i in range(5)))
    with pytest.raises(LostData, match="deleted and created again"):
        member.until(lambda: False)


def test_a_topic_that_disappears_stops_the_worker(world: World) -> None:
    topic = world.topic("in")
    member = world.member(topic)
    member.until(lambda: Source(topic, 0) in member.diary.owned())
    world.delete(topic)
    with pytest.raises(StreamMonitorError, match="missing"):
        member.until(lambda: False)


def test_offsets_that_expired_are_no_first_start(world: World) -> None:
    topic = world.topic("in")
    world.append(topic, b"0")
    first = world.member(topic)
    first.read(1)
    first.commit([OutRecord(world.columns, 0, b"fraud", b"row")], {Source(topic, 0): 1})
    first.close()
    world.forget_offsets()
    with pytest.raises(LostData, match="has no committed offset, but"):
        world.member(topic)
    again = world.member(topic, on_lost_data="continue")
    assert sorted(value or b"" for value in again.values(2)) == [b"0", b"row"]


def test_a_log_of_aborted_records_only_is_a_first_start(world: World) -> None:
    topic = world.topic("in")
    world.append(topic, b"0")
    world.foreign(world.columns, b"aborted").abort()
    assert world.member(topic).values(1) == [b"0"]


def test_of_two_processes_with_one_instance_id_the_older_is_fenced(world: World) -> None:
    topic = world.topic("in")
    older = world.member(topic, instance_id="worker-0")
    older.until(lambda: len(older.diary.owned()) == 3)
    newer = world.member(topic, instance_id="worker-0")
    newer.until(lambda: len(newer.diary.owned()) == 3)
    with pytest.raises(Fenced, match="worker-0"):
        older.until(lambda: False)
    world.append(topic, b"0")
    assert newer.values(1) == [b"0"]


def test_leaving_tells_revoked_once(world: World) -> None:
    topic = world.topic("in")
    member = world.member(topic)
    member.until(lambda: len(member.diary.owned()) == 3)
    member.close()
    assert [what for what, sources in member.diary.entries if what == "revoked" and sources] == ["revoked"]
    assert member.diary.owned() == set()
