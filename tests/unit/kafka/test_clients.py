"""What is laid over the user's properties, and what is refused."""

import logging

import pytest

from stream_monitor.config.kafka_settings import OWNED
from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.kafka.clients import (
    ClientErrors,
    RepeatFilter,
    make_consumer,
    member_config,
    producer_config,
    reader_config,
)
from stream_monitor.kafka.options import KafkaOptions


def options(instance_id: str | None = "worker-0", **properties: str) -> KafkaOptions:
    return KafkaOptions(
        bootstrap_servers="127.0.0.1:1",
        group_id="group",
        instance_id=instance_id,
        properties={key.replace("_", "."): value for key, value in properties.items()},
    )


def test_what_exactly_once_rests_on_is_always_set() -> None:
    for config in (member_config(options()), reader_config(options())):
        assert config["isolation.level"] == "read_committed"
        assert config["enable.auto.commit"] is False
        assert config["enable.auto.offset.store"] is False
        assert config["auto.offset.reset"] == "error"
        assert config["enable.partition.eof"] is True
    producer = producer_config(options())
    assert producer["transactional.id"] == "group.worker-0"
    assert producer["enable.idempotence"] is True
    assert producer["message.timeout.ms"] <= producer["transaction.timeout.ms"] == 15_000


def test_no_property_of_the_user_is_overruled_in_silence() -> None:
    """What the engine lays over it is refused, here and by the configuration, which has the one list."""
    for make, client in (
        (member_config, "consumer"),
        (reader_config, "consumer"),
        (producer_config, "producer"),
    ):
        free = [key for key in make(options()) if key not in OWNED]
        properties = {f"{client}.{key}": "the user's" for key in free}
        user = KafkaOptions(bootstrap_servers="127.0.0.1:1", group_id="group", properties=properties)
        found = make(user)
        assert [key for key in free if found.get(key) != "the user's"] == []


@pytest.mark.parametrize("key", [*OWNED, "error_cb"])
@pytest.mark.parametrize("prefix", ["", "consumer.", "producer."])
def test_a_property_that_would_break_it_is_refused(key: str, prefix: str) -> None:
    refused = KafkaOptions(
        bootstrap_servers="127.0.0.1:1", group_id="group", properties={f"{prefix}{key}": "x"}
    )
    config = producer_config if prefix == "producer." else member_config
    with pytest.raises(StreamMonitorError, match=f"{key} belongs to the engine"):
        config(refused)


def test_a_stable_instance_is_a_static_member_and_a_random_one_is_not() -> None:
    assert member_config(options("worker-0"))["group.instance.id"] == "worker-0"
    assert "group.instance.id" not in member_config(options(None))
    assert "group.instance.id" not in reader_config(options("worker-0"))
    random_ids = {options(None).transactional_id for _ in range(5)}
    assert len(random_ids) == 5
    nameless = options(None)
    assert nameless.transactional_id == nameless.transactional_id
    assert producer_config(nameless)["transaction.timeout.ms"] == 10_000


def test_the_group_protocol_of_kip_848_takes_no_classic_keys_and_no_static_id() -> None:
    config = member_config(options(group_protocol="consumer", session_timeout_ms="6000"))
    assert config["group.protocol"] == "consumer"
    assert config.keys().isdisjoint(
        {
            "session.timeout.ms",
            "heartbeat.interval.ms",
            "partition.assignment.strategy",
            "group.instance.id",
        }
    )
    make_consumer(options(group_protocol="consumer"), ClientErrors(), member=True).close()


def test_properties_of_one_client_win_over_common_ones_and_reach_no_other() -> None:
    given = options(socket_timeout_ms="1", consumer_socket_timeout_ms="2", producer_linger_ms="7")
    assert member_config(given)["socket.timeout.ms"] == "2"
    assert producer_config(given)["socket.timeout.ms"] == "1"
    assert producer_config(given)["linger.ms"] == "7"
    assert "linger.ms" not in member_config(given)
    assert not any(key.startswith(("consumer.", "producer.", "admin.")) for key in member_config(given))


def test_an_unknown_property_is_named() -> None:
    with pytest.raises(
        StreamMonitorError, match=r"kafka\.properties: No such configuration property.*nonsense"
    ):
        make_consumer(options(nonsense="1"), ClientErrors(), member=True)


def test_a_line_of_the_client_is_logged_once_in_a_while() -> None:
    now = 0.0
    quiet = RepeatFilter(monotonic=lambda: now)

    def line(text: str) -> bool:
        return quiet.filter(logging.LogRecord("k", logging.ERROR, "f", 1, text, (), None))

    assert line("broker: connection refused (after 0ms in state CONNECT)")
    assert not line("broker: connection refused (after 3ms in state CONNECT)")
    assert line("broker: something else (after 0ms in state CONNECT)")
    now = 31.0
    assert line("broker: connection refused (after 0ms in state CONNECT)")
