"""The contracts of TopicReader and OperationsWriter, held by the log in memory and by Kafka."""

from collections.abc import Mapping

import pytest

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Record, Source
from stream_monitor.formats.encoded import EncodedRecord
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.runtime.ports import Begin, TopicReader
from tests.contract.worlds import PATIENCE, World

HEADERS = (("content-type", b"application/json"),)


def read(reader: TopicReader, n: int = 0, *, at_once: int = 100) -> list[tuple[Source, Record]]:
    """Read until it has caught up and there are n records."""
    seen: list[tuple[Source, Record]] = []
    deadline = Deadline(PATIENCE)
    while not reader.caught_up() or len(seen) < n:
        fetched = reader.read(at_once, 0.1)
        assert sum(len(records) for _, records in fetched) <= at_once
        assert all(records for _, records in fetched)
        seen += [(source, record) for source, records in fetched for record in records]
        assert not deadline.passed, f"only {seen}"
    return seen


def values(reader: TopicReader, n: int = 0) -> list[bytes | None]:
    return [record.value for _, record in read(reader, n)]


def from_start(*topics: str) -> Mapping[str, Begin]:
    return dict.fromkeys(topics, Begin())


def test_an_empty_topic_is_read_to_its_end_at_once(world: World) -> None:
    assert values(world.reader(from_start(world.topic("empty", partitions=2)))) == []


def test_all_partitions_of_all_topics_are_read_in_order_with_keys_and_tombstones(world: World) -> None:
    one, two = world.topic("one"), world.topic("two", partitions=2)
    world.append(one, b"a", None, b"b", key=b"k")
    world.append(two, b"c", b"d", partition=1)
    found = read(world.reader(from_start(one, two)), at_once=2)
    by_source: dict[Source, list[tuple[int, bytes | None, bytes | None]]] = {}
    for source, record in found:
        by_source.setdefault(source, []).append((record.offset, record.key, record.value))
    assert by_source == {
        Source(one, 0): [(0, b"k", b"a"), (1, b"k", None), (2, b"k", b"b")],
        Source(two, 1): [(0, None, b"c"), (1, None, b"d")],
    }


def test_it_goes_on_behind_the_end_and_stays_caught_up(world: World) -> None:
    topic = world.topic("live")
    world.append(topic, b"before")
    reader = world.reader(from_start(topic))
    assert values(reader) == [b"before"]
    world.append(topic, b"after")
    assert reader.caught_up()
    assert values(reader, 1) == [b"after"]


def test_only_what_was_committed_is_read(world: World) -> None:
    topic = world.topic("transactions")
    world.foreign(topic, b"aborted").abort()
    world.foreign(topic, b"committed").commit()
    pending = world.foreign(topic, b"pending")
    reader = world.reader(from_start(topic))
    assert values(reader) == [b"committed"]
    pending.commit()
    assert values(reader, 1) == [b"pending"]


def test_two_readers_know_nothing_of_each_other(world: World) -> None:
    topic = world.topic("shared")
    world.append(topic, b"x")
    assert [values(world.reader(from_start(topic))) for _ in range(2)] == [[b"x"], [b"x"]]


@pytest.mark.parametrize(
    ("begin", "expected"),
    [
        (Begin(time=1_000_200), [b"b", b"c"]),
        (Begin(time=1_000_201), [b"c"]),
        (Begin(time=1_000_301), []),
        (Begin(latest=1), [b"c"]),
        (Begin(latest=100), [b"a", b"b", b"c"]),
        (Begin(time=1_000_000, latest=2), [b"b", b"c"]),
        (Begin(time=1_000_300, latest=2), [b"c"]),
    ],
    ids=str,
)
def test_it_begins_where_it_was_told(world: World, begin: Begin, expected: list[bytes]) -> None:
    topic = world.topic("timed", partitions=2)
    for at, value in enumerate([b"a", b"b", b"c"]):
        world.append_at(topic, value, 1_000_100 + 100 * at, partition=1)
    assert values(world.reader({topic: begin})) == expected


def test_what_retention_removed_is_passed_over(world: World) -> None:
    topic = world.topic("short")
    world.append(topic, b"a", b"b", b"c")
    world.delete_records(Source(topic, 0), 2)
    assert values(world.reader(from_start(topic))) == [b"c"]
    assert values(world.reader({topic: Begin(latest=3)})) == [b"c"]


def test_a_topic_that_is_missing_is_named(world: World) -> None:
    missing = world.name("missing")
    with pytest.raises(StreamMonitorError, match=f"there is no topic {missing}"):
        world.reader(from_start(world.topic("there"), missing))


def test_an_operation_is_there_when_the_writer_returns(world: World) -> None:
    topic = world.topic("operations")
    writer = world.writer(topic)
    for record in (EncodedRecord(b"mute/1", b"{}", HEADERS), EncodedRecord(b"mute/1", None, ())):
        writer.write(record, Deadline(PATIENCE))
    found = [record for _, record in read(world.reader(from_start(topic)))]
    assert [(record.key, record.value, tuple(record.headers)) for record in found] == [
        (b"mute/1", b"{}", HEADERS),
        (b"mute/1", None, ()),
    ]
