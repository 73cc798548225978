"""`stream-monitor run` while all is well: a clean end under load, two workers, metrics, topics that are empty or grow."""

import json
import signal
from collections import Counter

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions

from stream_monitor.config import load
from stream_monitor.core.reference_status import ReferenceStatus
from stream_monitor.formats.status_topic import decode
from tests.chaos.verdict import fold, history_told, places, read_outcome, unlike
from tests.chaos.workload import Item
from tests.committed import committed_offsets, end_offsets, read_topic
from tests.e2e.service import Installation, Service, events

pytestmark = pytest.mark.kafka

STOP_SECONDS = 10.0


def wait_until_read(installation: Installation, service: Service) -> None:
    def at_end() -> bool:
        found = committed_offsets(installation.bootstrap, installation.group, installation.topic)
        ends = end_offsets(installation.bootstrap, installation.topic)
        return all(found.get(partition, 0) == end for partition, end in ends.items())

    service.wait_for(at_end, "the input is not read to its end")


def wait_until_observed(service: Service, rows: int) -> None:
    service.wait_for(
        lambda: service.metric("stream_monitor_rows_observed_total") >= rows, f"{rows} rows not observed"
    )


def rows_of(service: Service) -> int:
    """Of all models, in the states that were restored too."""
    return sum(model["rows"] for model in json.loads(service.get("/api/v1/status"))["models"])


def every_event(installation: Installation, records: int, model: str = "m") -> Counter[tuple[Item, str]]:
    """Records of one event each, spread over both partitions in halves."""
    return Counter(
        {
            (Item(installation.topic, partition, offset, 0), model): 1
            for partition in range(2)
            for offset in range(records)
        }
    )


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_under_load_ends_it_cleanly_and_nothing_is_lost_or_done_again(
    installation: Installation, number: signal.Signals
) -> None:
    each = 60_000
    for partition in range(2):
        installation.produce(events(each), partition=partition)

    first = installation.start()
    first.wait_for(
        lambda: committed_offsets(installation.bootstrap, installation.group, installation.topic),
        "nothing is read",
    )
    assert first.terminate(number) < STOP_SECONDS
    stopped_at = committed_offsets(installation.bootstrap, installation.group, installation.topic)
    assert 0 < sum(stopped_at.values()) < 2 * each, "it was not under load"

    second = installation.start()
    wait_until_read(installation, second)
    second.wait_for(lambda: rows_of(second) == 2 * each, "not all is observed")
    assert second.terminate() < STOP_SECONDS

    outcome = read_outcome(load(installation.directory / "monitor-1.yaml", {}))
    assert places(outcome) == every_event(installation, each)
    folded = fold(outcome)
    assert folded.states == outcome.states
    assert sorted(folded.alerts) == sorted(read.value or b"" for read in outcome.alerts)
    assert not unlike(history_told(outcome), folded.history)
    check_status_topic(installation)


def check_status_topic(installation: Installation) -> None:
    """Both workers have taken their word back; who reads the topic finds the model, and what is normal of it."""
    latest = {read.key: read.value for read in read_topic(installation.bootstrap, installation.own("status"))}
    workers = [value for key, value in latest.items() if (key or b"").startswith(b"worker/")]
    assert workers == [None, None]
    references = decode(b"reference/m", latest[b"reference/m"] or b"")
    assert isinstance(references, ReferenceStatus)
    assert [one.series for one in references.series][:2] == ["feature:x", "missing:x"]


def test_a_second_worker_takes_the_next_free_port_and_a_share_of_the_work(
    installation: Installation,
) -> None:
    first = installation.start()
    first.wait_until_ready()
    port = int(first.url().rpartition(":")[2])

    second = installation.start({"http.listen": f"127.0.0.1:{port}"})
    second.wait_until_ready()

    assert "http port taken, using the next free one" in second.text
    assert port < int(second.url().rpartition(":")[2]) <= port + 20
    for service in (first, second):
        wait_for_a_share(service)


def wait_for_a_share(service: Service) -> None:
    """Half of two input and two columns partitions."""
    service.wait_for(lambda: service.metric("stream_monitor_partition_assigned") == 2, "not its share")


def test_metrics_tell_lag_of_input_and_columns_and_the_state_of_detectors(
    installation: Installation,
) -> None:
    installation.produce(events(2_500))
    service = installation.start()
    wait_until_observed(service, 2_500)

    metrics = service.metrics()
    for topic in (installation.topic, installation.own("columns")):
        for partition in ("0", "1"):
            labels = f'consumergroup="{installation.group}",partition="{partition}",topic="{topic}"'
            assert metrics[f"stream_monitor_consumer_lag{{{labels}}}"] >= 0
    state = [name for name in metrics if name.startswith("stream_monitor_series_detector_state")]
    assert any('detector="adwin"' in name and 'gauge="width"' in name for name in state)
    assert service.metric("stream_monitor_series_status", series="feature:x") == 2
    assert service.metric("stream_monitor_records_consumed_total", topic=installation.topic) == 2_500
    assert service.metric("process_resident_memory_bytes") > 0
    assert service.get("/readyz") == "ok\n"
    service.terminate()


def test_an_empty_topic_is_waited_on_and_a_huge_record_does_not_stop_the_others(
    installation: Installation,
) -> None:
    service = installation.start()
    service.wait_until_ready()
    assert service.metric("stream_monitor_rows_observed_total") == 0

    huge = b'{"model":"m","features":{"blob":"' + b"x" * 900_000 + b'"}}'
    installation.produce([*events(5), huge, None, b"", *events(5, first=5)])
    wait_until_observed(service, 10)
    service.terminate()

    rejected = [
        reason for (_, reason) in places(read_outcome(load(installation.directory / "monitor-0.yaml", {})))
    ]
    assert Counter(rejected) == {"m": 10, "too_large": 1, "null_value": 1, "empty": 1}


def test_a_topic_that_grows_is_read_in_its_new_partitions(installation: Installation) -> None:
    refresh = {"consumer.topic.metadata.refresh.interval.ms": "1000"}
    service = installation.start({"kafka.properties": refresh})
    service.wait_until_ready()
    installation.produce(events(10))
    wait_until_observed(service, 10)

    admin = AdminClient({"bootstrap.servers": installation.bootstrap})
    admin.create_partitions([NewPartitions(installation.topic, 3)])[installation.topic].result(30)
    service.wait_for(
        lambda: len(admin.list_topics(timeout=10).topics[installation.topic].partitions) == 3, "not grown"
    )
    installation.produce(events(10, first=10), partition=2)

    wait_until_observed(service, 20)
    assert service.metric("stream_monitor_rows_late_total") == 0
    service.terminate()
