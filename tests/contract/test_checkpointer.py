"""The contract of Checkpointer, held by the log in memory and by Kafka."""

import pytest

from stream_monitor.core.events import Source
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.runtime.ports import Fenced, OutRecord, TransactionAborted
from tests.contract.worlds import Crash, Member, World, answer

BEFORE_COMMIT = ["begin", "produced", "offsets_sent"]


class CrashAt:
    """A failpoint: the process dies when it passes `step`."""

    def __init__(self, step: str) -> None:
        self.step: str | None = step

    def __call__(self, step: str) -> None:
        if step == self.step:
            raise Crash


def some(world: World) -> list[OutRecord]:
    return [
        OutRecord(world.columns, 1, b"fraud", b"batch", [("kind", b"columns")]),
        OutRecord(world.state, 1, b"series/1", b"snapshot"),
    ]


def seen(world: World) -> list[tuple[int, bytes | None, bytes | None]]:
    both = [*world.visible(world.columns), *world.visible(world.state)]
    return [(partition, record.key, record.value) for partition, record in both]


ALL = [(1, b"fraud", b"batch"), (1, b"series/1", b"snapshot")]


def reading(world: World, topic: str, **options: object) -> Member:
    member = world.member(topic, **options)  # type: ignore[arg-type]
    member.read(3)
    return member


@pytest.fixture
def topic(world: World) -> str:
    name = world.topic("in")
    world.append(name, b"0", b"1", b"2")
    return name


def test_records_and_offsets_become_true_together(world: World, topic: str) -> None:
    member = reading(world, topic)
    member.commit(some(world), {Source(topic, 0): 3, Source(world.columns, 1): 0})
    assert seen(world) == ALL
    assert answer(member.store.committed(1, Deadline(20))) == 0
    member.close()
    world.append(topic, b"3")
    assert world.member(topic).values(1, of=topic)[0] == b"3"


def test_records_are_written_in_order_and_without_a_partition_by_key(world: World, topic: str) -> None:
    member = reading(world, topic)
    elsewhere = world.topic("alerts", partitions=4)
    records = [OutRecord(elsewhere, None, b"fraud", b"%d" % i) for i in range(50)]
    member.commit(records, {Source(topic, 0): 3})
    written = world.visible(elsewhere)
    assert len({partition for partition, _ in written}) == 1
    assert [record.value for _, record in written] == [b"%d" % i for i in range(50)]


def test_many_commits_follow_each_other(world: World, topic: str) -> None:
    member = reading(world, topic)
    for offset in (1, 2, 3):
        member.commit([OutRecord(world.columns, 0, b"k", b"%d" % offset)], {Source(topic, 0): offset})
    assert [record.value for _, record in world.visible(world.columns)] == [b"1", b"2", b"3"]


def test_a_transaction_without_offsets_is_refused(world: World, topic: str) -> None:
    member = reading(world, topic)
    with pytest.raises(ValueError, match="without offsets"):
        member.commit(some(world), {})
    assert seen(world) == []


def test_partitions_of_somebody_else_are_refused(world: World, topic: str) -> None:
    member = reading(world, topic)
    other = world.topic("other")
    with pytest.raises(TransactionAborted, match="owner"):
        member.commit(some(world), {Source(topic, 0): 3, Source(other, 0): 1})
    assert seen(world) == []
    member.commit(some(world), {Source(topic, 0): 3})
    assert seen(world) == ALL


@pytest.mark.parametrize("step", BEFORE_COMMIT)
def test_a_crash_before_the_commit_leaves_nothing_once_the_same_instance_is_back(
    world: World, topic: str, step: str
) -> None:
    crashing = reading(world, topic, instance_id="worker-0", failpoint=CrashAt(step))
    with pytest.raises(Crash):
        crashing.commit(some(world), {Source(topic, 0): 3})
    back = world.member(topic, instance_id="worker-0")
    assert back.values(3, of=topic) == [b"0", b"1", b"2"]
    assert seen(world) == []
    back.commit(some(world), {Source(topic, 0): 3})
    assert seen(world) == ALL


def test_a_crash_after_the_commit_has_lost_nothing(world: World, topic: str) -> None:
    crashing = reading(world, topic, instance_id="worker-0", failpoint=CrashAt("committed"))
    with pytest.raises(Crash):
        crashing.commit(some(world), {Source(topic, 0): 3})
    back = world.member(topic, instance_id="worker-0")
    world.append(topic, b"3")
    assert back.values(1, of=topic) == [b"3"]
    assert seen(world) == ALL


def test_a_crash_of_a_nameless_instance_holds_its_partitions_back_until_the_transaction_ends(
    world: World, topic: str
) -> None:
    crashing = reading(world, topic, failpoint=CrashAt("offsets_sent"))
    with pytest.raises(Crash):
        crashing.commit(some(world), {Source(topic, 0): 3})
    other = world.member(topic)
    world.expire(crashing, [other])
    assert other.values(3, of=topic) == [b"0", b"1", b"2"]
    assert seen(world) == []


def test_the_newer_producer_of_an_instance_fences_the_older(world: World, topic: str) -> None:
    older = reading(world, topic, instance_id="worker-0")
    newer = world.member(topic, instance_id="worker-0")
    with pytest.raises((Fenced, TransactionAborted)) as raised:
        older.commit(some(world), {Source(topic, 0): 3})
    assert raised.type is Fenced or "member" in str(raised.value)
    assert newer.values(3, of=topic) == [b"0", b"1", b"2"]
    newer.commit(some(world), {Source(topic, 0): 3})
    assert seen(world) == ALL


def test_after_an_abort_rewind_and_the_same_commit_again_nothing_is_doubled(world: World, topic: str) -> None:
    member = reading(world, topic)
    gone = Source(world.topic("other"), 0)
    with pytest.raises(TransactionAborted):
        member.commit(some(world), {Source(topic, 0): 3, gone: 1})
    member.source.rewind(Deadline(20))
    assert member.values(3, of=topic) == [b"0", b"1", b"2"]
    member.commit(some(world), {Source(topic, 0): 3})
    assert seen(world) == ALL


def test_purge_shortens_the_log_without_being_waited_for(world: World, topic: str) -> None:
    member = reading(world, topic)
    for offset in (1, 2, 3):
        member.commit([OutRecord(world.columns, 0, b"k", b"%d" % offset)], {Source(topic, 0): offset})
    assert member.values(3, of=world.columns) == [b"1", b"2", b"3"]
    second = world.visible(world.columns)[1][1].offset
    member.checkpointer.purge(0, second)
    member.until(lambda: world.low(Source(world.columns, 0)) == second)
    assert answer(member.store.low_watermark(0, Deadline(20))) == second
    assert [record.value for _, record in world.visible(world.columns)] == [b"2", b"3"]
