"""What every class of broker error leads to, and that the next transaction works all the same."""

import gc
import struct
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, TopicPartition

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Source
from stream_monitor.kafka.options import KafkaOptions
from stream_monitor.kafka.transactor import KafkaCheckpointer
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.runtime.ports import Fenced, OutRecord, Transaction, TransactionAborted
from tests.unit.kafka.mock_cluster import Api, MockCluster

INPUT = Source("in", 0)
TRANSACTION = Transaction(
    records=[OutRecord("columns", 0, b"k", b"batch"), OutRecord("alerts", None, b"m", b"drift")],
    offsets={INPUT: 1},
)


class StubMember:
    """Always a member, unless told otherwise. asked: how often it was."""

    def __init__(self) -> None:
        self.asked = 0
        self.refuse_at: int | None = None
        self.committed_offsets: list[Mapping[Source, int]] = []

    def group_metadata(self, sources: Collection[Source]) -> bytes:
        self.asked += 1
        if self.asked == self.refuse_at:
            raise TransactionAborted(f"no longer the owner of {sources}")
        return b"CGMDv2:" + struct.pack("<i", 1) + b"group\0member\0\1"

    def offsets(self, offsets: Mapping[Source, int]) -> list[TopicPartition]:
        return [TopicPartition(*source, offset, metadata="id") for source, offset in offsets.items()]

    def committed(self, offsets: Mapping[Source, int]) -> None:
        self.committed_offsets.append(offsets)


class Rig:
    """A checkpointer on a mock cluster."""

    def __init__(self, cluster: MockCluster) -> None:
        self.cluster = cluster
        self.member = StubMember()
        self.steps: list[str] = []
        self.at: dict[str, Callable[[], None]] = {}
        self.ahead = 0.0  # of the real clock

    def checkpointer(self, instance_id: str | None = "worker-0") -> KafkaCheckpointer:
        options = KafkaOptions(
            bootstrap_servers=self.cluster.bootstrap, group_id="group", instance_id=instance_id
        )
        return KafkaCheckpointer(
            options,
            self.member,
            columns="columns",
            failpoint=self._step,
            monotonic=lambda: time.monotonic() + self.ahead,
        )

    def _step(self, step: str) -> None:
        self.steps.append(step)
        self.at.get(step, lambda: None)()


@pytest.fixture(scope="module")
def cluster() -> Iterator[MockCluster]:
    made = MockCluster()
    for topic in ("in", "columns", "alerts"):
        made.topic(topic)
    yield made
    made.close()


@pytest.fixture
def rig(cluster: MockCluster) -> Rig:
    return Rig(cluster)


def commit(checkpointer: KafkaCheckpointer, seconds: float = 20.0) -> None:
    checkpointer.commit(TRANSACTION, Deadline(seconds))


def test_a_commit_passes_its_steps_in_order_and_reports_its_offsets(rig: Rig) -> None:
    checkpointer = rig.checkpointer()
    commit(checkpointer)
    commit(checkpointer)
    assert rig.steps == ["begin", "produced", "offsets_sent", "commit_sent", "committed"] * 2
    assert rig.member.committed_offsets == [{INPUT: 1}] * 2
    assert rig.member.asked == 4  # before the first step and with the offsets, each time anew


@pytest.mark.parametrize(
    ("api", "errors"),
    [
        (Api.TXN_OFFSET_COMMIT, [KafkaError.COORDINATOR_LOAD_IN_PROGRESS] * 2),
        (Api.END_TXN, [KafkaError.CONCURRENT_TRANSACTIONS] * 2),
        (Api.END_TXN, [KafkaError.COORDINATOR_NOT_AVAILABLE] * 2),
        (Api.ADD_PARTITIONS_TO_TXN, [KafkaError.CONCURRENT_TRANSACTIONS] * 2),
        (Api.ADD_OFFSETS_TO_TXN, [KafkaError.NOT_COORDINATOR]),
        (Api.PRODUCE, [KafkaError.NOT_LEADER_FOR_PARTITION]),
        (Api.PRODUCE, [KafkaError.REQUEST_TIMED_OUT]),
    ],
)
def test_passing_trouble_is_waited_out(rig: Rig, api: Api, errors: list[int]) -> None:
    checkpointer = rig.checkpointer()
    rig.cluster.fail(api, *errors)
    commit(checkpointer)
    assert rig.member.committed_offsets == [{INPUT: 1}]


@pytest.mark.parametrize(
    ("api", "error", "step"),
    [
        (Api.TXN_OFFSET_COMMIT, KafkaError.ILLEGAL_GENERATION, "offsets"),
        (Api.TXN_OFFSET_COMMIT, KafkaError.UNKNOWN_MEMBER_ID, "offsets"),
        (Api.TXN_OFFSET_COMMIT, KafkaError.FENCED_INSTANCE_ID, "offsets"),
        (Api.TXN_OFFSET_COMMIT, KafkaError.REBALANCE_IN_PROGRESS, "offsets"),
        (Api.END_TXN, KafkaError.INVALID_TXN_STATE, "commit"),
        (Api.END_TXN, KafkaError.UNKNOWN, "commit"),
    ],
)
def test_a_failed_transaction_is_aborted_and_the_next_one_works(
    rig: Rig, api: Api, error: int, step: str
) -> None:
    checkpointer = rig.checkpointer()
    rig.cluster.fail(api, error)
    with pytest.raises(TransactionAborted, match=f"{step} failed"):
        commit(checkpointer)
    assert rig.member.committed_offsets == []
    commit(checkpointer)
    assert rig.member.committed_offsets == [{INPUT: 1}]


@pytest.mark.parametrize(
    ("api", "error"),
    [
        (Api.END_TXN, KafkaError.PRODUCER_FENCED),
        (Api.END_TXN, KafkaError.INVALID_PRODUCER_EPOCH),
        (Api.PRODUCE, KafkaError.INVALID_PRODUCER_EPOCH),
        (Api.ADD_PARTITIONS_TO_TXN, KafkaError.PRODUCER_FENCED),
        (Api.TXN_OFFSET_COMMIT, KafkaError.INVALID_PRODUCER_EPOCH),
    ],
)
def test_an_epoch_taken_by_another_process_stops_a_named_instance(rig: Rig, api: Api, error: int) -> None:
    checkpointer = rig.checkpointer("worker-0")
    rig.cluster.fail(api, error)
    with pytest.raises(Fenced, match=r"group\.worker-0"):
        commit(checkpointer)
    assert rig.member.committed_offsets == []


def test_nobody_else_can_have_a_random_id(rig: Rig) -> None:
    checkpointer = rig.checkpointer(None)
    rig.cluster.fail(Api.END_TXN, KafkaError.PRODUCER_FENCED)
    with pytest.raises(TransactionAborted):
        commit(checkpointer)
    commit(checkpointer)
    assert rig.member.committed_offsets == [{INPUT: 1}]


def test_a_transaction_that_took_too_long_was_ended_by_the_broker_and_not_by_another_process(
    rig: Rig,
) -> None:
    checkpointer = rig.checkpointer("worker-0")
    rig.cluster.fail(Api.END_TXN, KafkaError.PRODUCER_FENCED)

    def pause() -> None:
        rig.ahead += 20.0

    rig.at["produced"] = pause
    with pytest.raises(TransactionAborted):
        commit(checkpointer)
    # It has no producer until it has proved to be a member still: its successor, if there is one, is not fenced.
    rig.member.refuse_at = rig.member.asked + 1
    with pytest.raises(TransactionAborted, match="no longer the owner"):
        commit(checkpointer)
    rig.at.clear()
    commit(checkpointer)
    assert rig.member.committed_offsets == [{INPUT: 1}]


@pytest.mark.parametrize(
    ("api", "error", "hint"),
    [
        (Api.END_TXN, KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, "transactional id <group>"),
        (Api.TXN_OFFSET_COMMIT, KafkaError.GROUP_AUTHORIZATION_FAILED, "Read on the consumer group"),
        (Api.PRODUCE, KafkaError.TOPIC_AUTHORIZATION_FAILED, "grant Read"),
        (Api.PRODUCE, KafkaError.MSG_SIZE_TOO_LARGE, "max.message.bytes"),
        (Api.PRODUCE, KafkaError.INVALID_RECORD, "need keys"),
    ],
)
def test_what_will_never_be_accepted_stops_with_what_to_do(rig: Rig, api: Api, error: int, hint: str) -> None:
    checkpointer = rig.checkpointer()
    rig.cluster.fail(api, error)
    with pytest.raises(StreamMonitorError, match=hint) as raised:
        commit(checkpointer)
    assert not isinstance(raised.value, TransactionAborted | Fenced)
    assert rig.member.committed_offsets == []


def test_a_record_larger_than_any_topic_takes_is_refused_before_it_is_sent(rig: Rig) -> None:
    checkpointer = rig.checkpointer()
    huge = Transaction(records=[OutRecord("columns", 0, b"k", bytes(9_000_000))], offsets={INPUT: 1})
    with pytest.raises(StreamMonitorError, match=r"max\.message\.bytes"):
        checkpointer.commit(huge, Deadline(20))
    commit(checkpointer)


def test_a_membership_lost_while_writing_aborts(rig: Rig) -> None:
    checkpointer = rig.checkpointer()
    rig.member.refuse_at = 2
    with pytest.raises(TransactionAborted, match="no longer the owner"):
        commit(checkpointer)
    assert rig.steps == ["begin", "produced"]
    commit(checkpointer)
    assert rig.member.committed_offsets == [{INPUT: 1}]


def test_an_answer_that_does_not_come_is_an_unknown_outcome_and_a_new_producer(rig: Rig) -> None:
    checkpointer = rig.checkpointer()

    def slow() -> None:
        rig.cluster.delay(2_500)
        threading.Timer(1.2, rig.cluster.delay, [0]).start()

    rig.at["commit_sent"] = slow
    with pytest.raises(TransactionAborted, match="commit failed"):
        commit(checkpointer, seconds=0.5)
    rig.at.clear()
    commit(checkpointer)
    assert rig.member.committed_offsets == [{INPUT: 1}]


def test_a_call_that_does_not_keep_its_time_out_is_given_up(rig: Rig) -> None:
    checkpointer = rig.checkpointer()

    def slow() -> None:
        rig.cluster.delay(8_000)
        threading.Timer(2.0, rig.cluster.delay, [0]).start()

    rig.at["produced"] = slow
    began = time.monotonic()
    with pytest.raises(TransactionAborted, match="offsets failed"):
        commit(checkpointer, seconds=0.5)
    assert time.monotonic() - began < 6
    rig.at.clear()
    commit(checkpointer)
    assert rig.member.committed_offsets == [{INPUT: 1}]


def test_a_transaction_without_offsets_is_refused(rig: Rig) -> None:
    checkpointer = rig.checkpointer()
    with pytest.raises(ValueError, match="without offsets"):
        checkpointer.commit(Transaction(records=[], offsets={}), Deadline(5))
    assert rig.steps == []


@pytest.mark.parametrize(
    ("api", "error"),
    [(Api.END_TXN, KafkaError.PRODUCER_FENCED), (Api.TXN_OFFSET_COMMIT, KafkaError.INVALID_PRODUCER_EPOCH)],
)
def test_a_producer_that_was_replaced_is_gone_without_the_collector(rig: Rig, api: Api, error: int) -> None:
    """A worker lets the collector run rarely; every broker restart would leave a client with its threads behind."""
    checkpointer = rig.checkpointer(None)
    commit(checkpointer)
    before = _clients()
    gc.disable()
    try:
        for _ in range(3):
            rig.cluster.fail(api, error)
            with pytest.raises(TransactionAborted):
                commit(checkpointer)
            commit(checkpointer)
        assert _clients() == before
    finally:
        gc.enable()


def _clients() -> int:
    """Clients of librdkafka in this process: each has one thread of this name."""
    names = [name.read_text().strip() for name in Path("/proc/self/task").glob("*/comm")]
    return names.count("rdk:main")
