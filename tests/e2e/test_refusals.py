"""`stream-monitor run` when it must not go on: a clear message, the right exit code, in time, and nothing lost or hidden."""

import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from stream_monitor.config import load
from tests.chaos.verdict import places, read_outcome
from tests.committed import committed_offsets
from tests.e2e.service import Installation, Service, events
from tests.kafka_broker import KafkaCluster, create_topic, free_ports

pytestmark = pytest.mark.kafka

AT_ONCE = 20.0


@pytest.fixture
def nowhere(tmp_path: Path) -> Iterator[Callable[[str], Installation]]:
    """An installation at an address where no Kafka is."""
    made: list[Installation] = []

    def at(bootstrap: str) -> Installation:
        made.append(Installation(bootstrap=bootstrap, name="n", topic="events", directory=tmp_path))
        return made[-1]

    yield at
    for installation in made:
        installation.remove()


@pytest.fixture
def no_kafka() -> Iterator[str]:
    """A port on which somebody listens and answers, but speaks no Kafka."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return  # closed: the test is over
                with client:
                    client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def refused(service: Service, code: int = 1, seconds: float = AT_ONCE) -> str:
    """Its message, a traceback not being one."""
    assert service.ended(seconds=seconds) == code, service.text
    assert "Traceback" not in service.text
    return service.text


# ------------------------------------------------------------------------------ the start


def test_an_unreachable_broker_is_named(nowhere: Callable[[str], Installation]) -> None:
    bootstrap = f"127.0.0.1:{free_ports(1)[0]}"
    said = refused(nowhere(bootstrap).start())
    assert f"cannot work with Kafka at {bootstrap}" in said
    assert "check kafka.bootstrap_servers" in said


def test_a_port_that_speaks_no_kafka_is_named(nowhere: Callable[[str], Installation], no_kafka: str) -> None:
    said = refused(nowhere(no_kafka).start())
    assert f"cannot work with Kafka at {no_kafka}" in said


@pytest.mark.slow
def test_wrong_credentials_are_refused_and_not_shown(
    tmp_path: Path, nowhere: Callable[[str], Installation]
) -> None:
    client, controller, secured = free_ports(3)
    listeners = (
        f"PLAINTEXT://127.0.0.1:{client},CONTROLLER://127.0.0.1:{controller},SASL://127.0.0.1:{secured}"
    )
    module = "org.apache.kafka.common.security.plain.PlainLoginModule"
    properties = {
        "listeners": listeners,
        "advertised.listeners": listeners,
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL:SASL_PLAINTEXT",
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.sasl.plain.sasl.jaas.config": f'{module} required user_alice="right";',
    }
    cluster = KafkaCluster(directory=tmp_path / "kafka", ports=(client, controller), properties=properties)
    installation = nowhere(f"127.0.0.1:{secured}")

    def with_password(password: str) -> dict[str, object]:
        sasl = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN"}
        return {"kafka.properties": {**sasl, "sasl.username": "alice", "sasl.password": password}}

    try:
        cluster.start()
        create_topic(cluster.bootstrap, installation.topic)
        said = refused(installation.start(with_password("hunter2-wrong")))
        right = installation.start(with_password("right"))
        right.wait_until_ready()
        right.terminate()
    finally:
        cluster.remove()
    assert "check security.protocol, sasl.mechanism, sasl.username and sasl.password" in said
    assert "hunter2" not in said


def test_a_missing_input_topic_is_named_with_the_command_that_creates_it(installation: Installation) -> None:
    said = refused(installation.start({"discovery.topics": [installation.topic, "not-there"]}))
    assert "missing on" in said
    assert "--create --topic not-there" in said


def test_a_wrong_configuration_is_named_by_line_with_exit_code_2(installation: Installation) -> None:
    service = installation.start({"kafka.commit_every": "soon"})
    said = refused(service, code=2)
    assert "monitor-0.yaml:" in said
    assert "kafka.commit_every" in said


# ------------------------------------------------------------------------- lost data


def read_something(installation: Installation) -> None:
    """An earlier life: 20 events, read and committed."""
    installation.produce(events(20))
    service = installation.start()
    service.wait_for(lambda: service.metric("stream_monitor_rows_observed_total") == 20, "not observed")
    service.terminate()
    assert committed_offsets(installation.bootstrap, installation.group, installation.topic)[0] == 20


def goes_on(installation: Installation, rows: int) -> Service:
    """With the loss accepted it runs, and says what is lost."""
    service = installation.start({"kafka.on_lost_data": "continue"})
    service.wait_for(lambda: service.metric("stream_monitor_rows_observed_total") >= rows, "not observed")
    service.terminate()
    return service


def test_records_that_expired_before_they_were_read_stop_the_start(installation: Installation) -> None:
    read_something(installation)
    installation.produce(events(20, first=20))
    admin = AdminClient({"bootstrap.servers": installation.bootstrap})
    for future in admin.delete_records([TopicPartition(installation.topic, 0, 30)]).values():
        future.result(30)

    said = refused(installation.start())
    assert (
        f"topic {installation.topic} partition 0: offsets 20 to 29 were removed before they were read" in said
    )
    assert "kafka.on_lost_data" in said

    assert "offsets 20 to 29 were removed" in goes_on(installation, 10).text
    outcome = read_outcome(load(installation.directory / "monitor-0.yaml", {}))
    assert sorted(item.offset for item, _ in places(outcome)) == [*range(20), *range(30, 40)]


def test_group_offsets_that_expired_stop_the_start(installation: Installation) -> None:
    read_something(installation)
    admin = AdminClient({"bootstrap.servers": installation.bootstrap})
    for future in admin.delete_consumer_groups([installation.group]).values():
        future.result(30)

    said = refused(installation.start())
    assert f"group {installation.group} has no committed offset" in said
    assert "kafka.on_lost_data" in said
    goes_on(installation, 20)


def recreate(installation: Installation) -> None:
    admin = AdminClient({"bootstrap.servers": installation.bootstrap})
    for future in admin.delete_topics([installation.topic]).values():
        future.result(30)
    create_topic(installation.bootstrap, installation.topic, partitions=2)


def test_an_input_topic_recreated_while_it_was_stopped_stops_the_start(installation: Installation) -> None:
    read_something(installation)
    recreate(installation)
    installation.produce(events(30))

    said = refused(installation.start())
    assert f"topic {installation.topic} was deleted and created again" in said
    assert "kafka.on_lost_data" in said
    goes_on(installation, 30)


@pytest.mark.slow
def test_an_input_topic_recreated_while_it_runs_stops_it(installation: Installation) -> None:
    installation.produce(events(20))
    service = installation.start()
    service.wait_for(lambda: service.metric("stream_monitor_rows_observed_total") == 20, "not observed")
    recreate(installation)
    installation.produce(events(30))

    said = refused(service, seconds=90)
    assert f"topic {installation.topic} was deleted and created again" in said


# ---------------------------------------------------------------------------- rejects


def test_a_flood_of_rejects_stops_it_where_a_limit_is_set_and_every_one_is_a_dead_letter(
    installation: Installation,
) -> None:
    installation.produce([b"not json"] * 500 + events(5))

    service = installation.start({"ingest.reject_limit": {"max_rejects": 100, "per": "1m"}})
    said = refused(service, seconds=60)
    assert "more than ingest.reject_limit accepts (100)" in said
    read = committed_offsets(
        installation.bootstrap, installation.group, installation.topic, isolation="read_committed"
    )[0]
    assert dead_letters(installation) == Counter(range(min(read, 500)))
    assert read > 100

    without = installation.start()
    without.wait_for(
        lambda: without.metric("stream_monitor_rows_observed_total") >= 5 - max(0, read - 500), "stuck"
    )
    without.terminate()
    assert dead_letters(installation) == Counter(range(500))


def dead_letters(installation: Installation) -> Counter[int]:
    """Offsets of the rejected events."""
    outcome = read_outcome(load(installation.directory / "monitor-0.yaml", {}))
    found = places(outcome)
    return Counter({item.offset: n for (item, why), n in found.items() if why == "not_json"})
