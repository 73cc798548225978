"""The monitor's own topics on a real broker, and brokers that cannot be worked with."""

import time
from collections.abc import Callable

import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ConfigResource,
    ResourceType,
)

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.kafka.options import KafkaOptions
from stream_monitor.kafka.state_store import KafkaStateStore
from stream_monitor.kafka.topics import TopicNames, plan_topics, verify_topics
from stream_monitor.runtime.deadline import Deadline
from tests.conftest import TopicFactory
from tests.contract.worlds import answer
from tests.kafka_broker import RunningKafka, free_ports

pytestmark = pytest.mark.kafka


def names(prefix: str) -> TopicNames:
    return TopicNames(
        columns=f"{prefix}.columns",
        state=f"{prefix}.state",
        status=f"{prefix}.status",
        history=f"{prefix}.history",
        operations=f"{prefix}.operations",
        alerts=f"{prefix}.alerts",
        dead_letter=f"{prefix}.dead-letter",
    )


def options(bootstrap: str, **properties: str) -> KafkaOptions:
    return KafkaOptions(
        bootstrap_servers=bootstrap,
        group_id="group",
        properties={key.replace("_", "."): value for key, value in properties.items()},
    )


def test_missing_topics_are_created_as_planned_and_then_left_alone(
    kafka: RunningKafka, topic_name: Callable[[str], str]
) -> None:
    plans = plan_topics(names(topic_name("p")), partitions=3)
    created = verify_topics(options(kafka.bootstrap), plans, create=True)
    assert list(created) == [plan.name for plan in plans]
    assert verify_topics(options(kafka.bootstrap), plans, create=True) == []
    assert verify_topics(options(kafka.bootstrap), plans, create=False) == []
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    counts = {name: len(topic.partitions) for name, topic in admin.list_topics(timeout=10).topics.items()}
    resources = [ConfigResource(ResourceType.TOPIC, plan.name) for plan in plans]
    for resource, described in admin.describe_configs(resources).items():
        plan = next(plan for plan in plans if plan.name == resource.name)
        assert counts[plan.name] == plan.partitions
        found = {key: entry.value for key, entry in described.result(10).items()}
        assert {key: found[key] for key in plan.config} == dict(plan.config)


def test_missing_topics_that_may_not_be_created_are_named_with_their_commands(
    kafka: RunningKafka, topic_name: Callable[[str], str]
) -> None:
    plans = plan_topics(names(topic_name("p")), partitions=12)
    with pytest.raises(StreamMonitorError) as raised:
        verify_topics(options(kafka.bootstrap), plans, create=False, replication_factor=3)
    for plan in plans:
        assert plan.command(kafka.bootstrap, 3) in str(raised.value)
    assert "--partitions 12 --replication-factor 3 --config cleanup.policy=compact" in str(raised.value)


def test_what_the_broker_refuses_to_create_is_told_with_its_reason(
    kafka: RunningKafka, topic_name: Callable[[str], str]
) -> None:
    plans = plan_topics(names(topic_name("p")), partitions=1)
    with pytest.raises(StreamMonitorError, match=r"(?s)[Rr]eplication factor.*kafka-topics\.sh"):
        verify_topics(options(kafka.bootstrap), plans, create=True, replication_factor=7)


@pytest.mark.parametrize("role", ["columns", "state"])
def test_another_number_of_partitions_is_refused(
    kafka: RunningKafka, new_topic: TopicFactory, topic_name: Callable[[str], str], role: str
) -> None:
    existing = new_topic(role, partitions=5)
    planned = plan_topics(names(topic_name("p")), partitions=12)
    chosen = [plan for plan in planned if plan.name.endswith(f".{role}")]
    (plan,) = chosen
    changed = type(plan)(
        name=existing, purpose=plan.purpose, partitions=12, partitions_fixed=True, config=plan.config
    )
    with pytest.raises(StreamMonitorError, match=r"has 5 partitions, but kafka\.partitions says 12"):
        verify_topics(options(kafka.bootstrap), [changed], create=True)


def test_an_unreachable_broker_is_named_within_ten_seconds() -> None:
    (port,) = free_ports(1)
    began = time.monotonic()
    with pytest.raises(
        StreamMonitorError, match=rf"127\.0\.0\.1:{port}.*refused.*check kafka\.bootstrap_servers"
    ):
        verify_topics(options(f"127.0.0.1:{port}"), [], create=False)
    assert time.monotonic() - began < 13


def test_credentials_that_the_broker_does_not_take_are_said_at_once(kafka: RunningKafka) -> None:
    wrong = options(
        kafka.bootstrap,
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="PLAIN",
        sasl_username="nobody",
        sasl_password="secret-value",
    )
    began = time.monotonic()
    with pytest.raises(StreamMonitorError, match=r"SASL.*check .*sasl\.password") as raised:
        verify_topics(wrong, [], create=False)
    assert time.monotonic() - began < 8
    assert "secret-value" not in str(raised.value)


def test_restoring_from_a_broker_that_is_gone_ends_with_the_deadline() -> None:
    (port,) = free_ports(1)
    store = KafkaStateStore(options(f"127.0.0.1:{port}"), columns="columns", state="state")
    began = time.monotonic()
    with pytest.raises(StreamMonitorError, match="could not be read in time"):
        answer(store.committed(0, Deadline(1.5)))
    with pytest.raises(StreamMonitorError, match="cannot work with Kafka"):
        list(store.snapshots(0, Deadline(1.5)))
    assert time.monotonic() - began < 8
    store.close()
