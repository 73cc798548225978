"""The example subscriber, as a process against a real broker: what it prints of committed, aborted and repeated events."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka import Producer

from examples.subscriber import subscriber
from stream_monitor.core.drift_event import DriftEvent
from stream_monitor.core.status import ModelStatus
from stream_monitor.formats import drift_events, status
from stream_monitor.formats.encoded import EncodedRecord
from tests.committed import read_topic
from tests.kafka_broker import RunningKafka, create_topic
from tests.unit.formats.core_values import OPENED, RESOLVED, STATUS, UPDATED

SCRIPT = Path(subscriber.__file__)
PATIENCE = 60.0
LAST = replace(OPENED, id="ffff", alert_id="last", summary="the last one")
NEXT_LAST = replace(OPENED, id="fffe", alert_id="last", summary="the next last one")


@pytest.fixture
def producer(kafka: RunningKafka, topic_name: Callable[[str], str]) -> Iterator[Producer]:
    made = Producer({"bootstrap.servers": kafka.bootstrap, "transactional.id": topic_name("id")})
    made.init_transactions(30)
    yield made
    made.close()


@pytest.mark.kafka
def test_it_prints_what_is_open_and_then_every_committed_event_once(
    kafka: RunningKafka, topic_name: Callable[[str], str], producer: Producer
) -> None:
    prefix = topic_name("monitor")
    alerts, statuses = _topics(kafka, prefix, partitions=2)
    gone = replace(STATUS, open_alerts=(replace(OPENED, id="0001", summary="open once, not any more"),))
    calm = replace(STATUS, model="calm", open_alerts=())
    never = replace(OPENED, id="0002", summary="never happened")
    with _transaction(producer) as write:
        write(statuses, _status(gone), _status(calm))
        producer.produce(statuses, b"not for you", b"worker/monitor-0")
    with _transaction(producer) as write:
        write(statuses, _status(replace(STATUS, open_alerts=(OPENED,))))
        write(alerts, _event(OPENED))
    with _transaction(producer, abort=True) as write:
        write(statuses, _status(replace(STATUS, open_alerts=(never,))))
        write(alerts, _event(never))
    with _transaction(producer) as write:
        write(alerts, _event(UPDATED), _event(UPDATED), _event(RESOLVED), _event(UPDATED), _event(LAST))

    printed = _printed(kafka.bootstrap, prefix, LAST)

    assert printed == [
        f"open before: {OPENED.summary} [{OPENED.alert_id}]",
        *(_line(event) for event in (UPDATED, RESOLVED, LAST)),
    ]


@pytest.mark.kafka
def test_started_again_it_goes_on_where_it_was(
    kafka: RunningKafka, topic_name: Callable[[str], str], producer: Producer
) -> None:
    prefix = topic_name("monitor")
    alerts, statuses = _topics(kafka, prefix)
    with _transaction(producer) as write:
        write(alerts, _event(OPENED), _event(LAST))
    assert _printed(kafka.bootstrap, prefix, LAST) == [_line(OPENED), _line(LAST)]
    with _transaction(producer) as write:
        write(statuses, _status(replace(STATUS, open_alerts=(OPENED,))))
        write(alerts, _event(UPDATED), _event(NEXT_LAST))
    printed = _printed(kafka.bootstrap, prefix, NEXT_LAST)
    # The offset of an event is committed when the next one is asked for: the last one may be seen once more.
    assert [line for line in printed if line != _line(LAST)] == [
        f"open before: {OPENED.summary} [{OPENED.alert_id}]",
        _line(UPDATED),
        _line(NEXT_LAST),
    ]


def test_its_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriber, "REMEMBERED", 3)
    seen: dict[str, None] = {}
    assert [subscriber.is_new({"id": one}, seen) for one in "abcada"] == [True, True, True, False, True, True]
    assert list(seen) == ["c", "d", "a"]


def test_it_fits_on_one_page() -> None:
    assert len(SCRIPT.read_text(encoding="utf-8").splitlines()) <= 80


class _Write:
    def __init__(self, producer: Producer) -> None:
        self._producer = producer

    def __call__(self, topic: str, *records: EncodedRecord) -> None:
        for record in records:
            self._producer.produce(topic, record.value, record.key, headers=list(record.headers))


@contextmanager
def _transaction(producer: Producer, *, abort: bool = False) -> Iterator[_Write]:
    producer.begin_transaction()
    yield _Write(producer)
    producer.flush(30)
    producer.abort_transaction(30) if abort else producer.commit_transaction(30)


def _topics(kafka: RunningKafka, prefix: str, *, partitions: int = 1) -> tuple[str, str]:
    """Alerts topic and status topic."""
    alerts = create_topic(kafka.bootstrap, f"{prefix}.alerts")
    return alerts, create_topic(kafka.bootstrap, f"{prefix}.status", partitions=partitions)


def _printed(bootstrap: str, prefix: str, last: DriftEvent) -> list[str]:
    """Lines up to that of `last`; then it is told to end. What is open at its start is settled before that."""
    read_topic(bootstrap, f"{prefix}.status")
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), bootstrap, prefix],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    watchdog = threading.Timer(PATIENCE, process.kill)
    watchdog.start()
    lines = []
    assert process.stdout is not None
    for read in process.stdout:
        lines.append(read.rstrip("\n"))
        if lines[-1] == _line(last):
            break
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    watchdog.cancel()
    assert (process.returncode, errors) == (0, "")
    return lines


def _event(event: DriftEvent) -> EncodedRecord:
    return drift_events.encode(event, "stream-monitor")


def _status(of: ModelStatus) -> EncodedRecord:
    return status.encode(of, "stream-monitor")


def _line(event: DriftEvent) -> str:
    time = drift_events.cloud_event(event, "stream-monitor")["time"]
    return f"{time} {event.status} {event.severity} {event.summary} [{event.alert_id}]"
