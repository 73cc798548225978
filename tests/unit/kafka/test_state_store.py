"""A client that waits for a coordinator it has lost for good must not keep a partition from starting."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Source
from stream_monitor.kafka import cluster, state_store
from stream_monitor.kafka.cluster import Cluster
from stream_monitor.kafka.failures import TIMED_OUT
from stream_monitor.kafka.options import KafkaOptions
from stream_monitor.kafka.state_store import KafkaStateStore
from stream_monitor.runtime.deadline import Deadline
from tests.contract.worlds import answer

OPTIONS = KafkaOptions(bootstrap_servers="broker:9092", group_id="group")


class Coordinator:
    """Clients of a group: those made before `healthy` never get an answer."""

    def __init__(self, *, healthy: int) -> None:
        self.made = 0
        self.healthy = healthy

    def client(self, *_: object, **__: object) -> "StubConsumer":
        self.made += 1
        return StubConsumer(answers=self.made >= self.healthy)


class StubConsumer:
    def __init__(self, *, answers: bool) -> None:
        self.answers = answers

    def committed(self, asked: list[TopicPartition], _: float) -> list[TopicPartition]:
        if not self.answers:
            raise KafkaException(KafkaError(TIMED_OUT))
        return [TopicPartition(one.topic, one.partition, 7) for one in asked]


@pytest.fixture
def store_with(monkeypatch: pytest.MonkeyPatch) -> Callable[[Coordinator], KafkaStateStore]:
    def make(coordinator: Coordinator) -> KafkaStateStore:
        monkeypatch.setattr(state_store, "make_restoring_consumer", coordinator.client)
        return KafkaStateStore(OPTIONS, columns="columns", state="state")

    return make


def test_a_client_that_gets_no_answer_is_replaced(
    store_with: Callable[[Coordinator], KafkaStateStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_store, "_RENEW_SECONDS", 0.0)
    coordinator = Coordinator(healthy=3)
    asked = store_with(coordinator).committed(0, Deadline(30))
    assert answer(asked) == 7
    assert coordinator.made == 3


def test_a_client_is_given_time_first(store_with: Callable[[Coordinator], KafkaStateStore]) -> None:
    coordinator = Coordinator(healthy=2)
    asked = store_with(coordinator).committed(0, Deadline(30))
    for _ in range(5):
        next(asked)
    assert coordinator.made == 1


@pytest.mark.parametrize(
    ("glance", "cause"), [({}, "a transaction of another worker hangs"), (None, "cannot work with Kafka")]
)
def test_in_the_end_it_says_whether_a_transaction_or_the_broker_is_in_the_way(
    store_with: Callable[[Coordinator], KafkaStateStore],
    glance: object,
    cause: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(state_store, "group_offsets", lambda *_: glance)
    with pytest.raises(StreamMonitorError, match=cause):
        answer(store_with(Coordinator(healthy=9)).committed(0, Deadline(0.0)))


class Offset(NamedTuple):
    offset: int


@pytest.mark.parametrize(("low", "high"), [(-1001, -1001), (0, -1001), (-1, 5)])
def test_offsets_that_are_none_are_no_answer(low: int, high: int, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: Sequence[object] = [
        {TopicPartition("columns", 0): Offset(low)},
        {TopicPartition("columns", 0): Offset(high)},
    ]
    pending = iter(answers)
    monkeypatch.setattr(cluster, "_results", lambda *_: next(pending))
    monkeypatch.setattr(Cluster, "partition_counts", lambda *_: None)
    assert Cluster(OPTIONS).bounds([Source("columns", 0)], 0.01) is None
