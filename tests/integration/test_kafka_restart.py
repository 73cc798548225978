"""A broker that dies and comes back under a working member."""

import contextlib
import time
from collections.abc import Callable

import pytest

from stream_monitor.core.events import Source
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.runtime.ports import OutRecord, TransactionAborted
from tests.conftest import ClusterFactory
from tests.contract.worlds import KafkaWorld, Member

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

PATIENCE = 120.0


def commit_again_until_it_works(member: Member, record: OutRecord, source: Source, offset: int) -> int:
    """What a worker does: read, commit; when aborted, rewind and begin anew. Number of aborts."""
    aborts, deadline = 0, Deadline(PATIENCE)
    while not deadline.passed:
        seen = {record.offset for found, record in member.poll() if found == source}
        if offset - 1 not in seen and member.source.position(source) != offset:
            continue
        try:
            member.commit([record], {source: offset}, seconds=10)
        except TransactionAborted:
            aborts += 1
            member.source.rewind(Deadline(30))
        else:
            return aborts
    raise AssertionError(f"never committed, {aborts} aborts")


def test_a_killed_and_restarted_broker_costs_time_but_no_record(
    kafka_cluster: ClusterFactory, topic_name: Callable[[str], str]
) -> None:
    cluster = kafka_cluster()
    world = KafkaWorld(cluster.bootstrap, topic_name)
    topic = world.topic("in")
    source = Source(topic, 0)
    world.append(topic, b"0")
    member = world.member(topic, instance_id="worker-0")
    member.read(1)
    # The log on disk may lack what was acknowledged just before a kill -9 of its only replica: give it time.
    member.commit([OutRecord(world.state, 0, b"first", b"1")], {source: 1})
    time.sleep(1)
    cluster.kill()
    with contextlib.suppress(TransactionAborted):
        member.commit([OutRecord(world.state, 0, b"lost", b"?")], {source: 1}, seconds=2)
    cluster.restart()
    member.source.rewind(Deadline(60))
    world.append(topic, b"1")
    # The group's coordinator was gone for a moment: the first tries may hang in the client and are given up.
    commit_again_until_it_works(member, OutRecord(world.state, 0, b"second", b"2"), source, 2)
    assert [record.value for _, record in world.visible(world.state) if record.key != b"lost"] == [b"1", b"2"]
    world.append(topic, b"2")
    assert member.values(1, of=topic) == [b"2"]
    cluster.kill()
    began = time.monotonic()
    member.close()
    assert time.monotonic() - began < 10
