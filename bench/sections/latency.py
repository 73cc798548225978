"""From the append of the record that raises an alarm to the drift event that a read_committed consumer gets, on real Kafka.

Many models with one feature each send at a steady pace, in event time as in wall time, and shift at moments drawn at random.
When the broker appended a record it says itself (LogAppendTime); producer, broker, worker and reader share one machine's clock.
"""

import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

import numpy as np
import orjson
from confluent_kafka import Consumer, Producer, TopicPartition

from bench.asked import Asked
from bench.figures import table
from bench.kafka import Kafka
from bench.member import Member
from bench.produce import producer
from bench.service import own_settings, settings_of
from bench.stream import Shape
from stream_monitor.config import Settings
from stream_monitor.core.drift_event import Status
from stream_monitor.formats import drift_events
from tests.kafka_broker import create_topic

_PACE_MS: Final = 40  # between two events of a model
_LEARNED: Final = 200
_HISTORY: Final = 400  # events of every model that are there before the clock starts
_SHIFT_FROM_SECONDS: Final = 6.0
_AFTER_SECONDS: Final = 8.0  # for the last drifts to be found
_SLACK_SECONDS: Final = 0.5
_PATIENCE_SECONDS: Final = 90.0


@dataclass(slots=True)
class Appended:
    """When the broker appended the record of a model with an event time, both ms UTC."""

    at: dict[tuple[str, int], int] = field(default_factory=dict)

    def note(self, error: object, message: Any) -> None:
        """A delivery report."""
        if error is not None:
            raise RuntimeError(f"an event was not taken by the broker: {error}")
        self.at[message.key().decode(), orjson.loads(message.value())["time"]] = message.timestamp()[1]


class Alarms:
    """A subscriber of the alerts topic, in a thread of its own. opened: model, event time of the alarm, when it was read."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self.opened: list[tuple[str, int, float]] = []
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": f"bench-{topic}",
                "isolation.level": "read_committed",
            }
        )
        partitions = self._consumer.list_topics(topic, 30).topics[topic].partitions
        self._consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._consumer.close()

    def _read(self) -> None:
        while not self._stop.is_set():
            message = self._consumer.poll(0.05)
            if message is None or message.error() is not None:
                continue
            now = time.time() * 1e3
            event = drift_events.decode(message.value() or b"")
            if event.status is Status.OPENED:
                self.opened.append((event.model, event.time, now))


def latency(asked: Asked) -> str:
    """p50 and p99, beside the bound that the configuration promises."""
    shape, seconds = Shape(models=asked.sized(200, 50), features=1), asked.sized(40, 8)
    wanted = _settings(asked.kafka, shape)
    settings = settings_of(wanted)
    appended = Appended()
    with Member(wanted) as member:
        member.until(lambda told: told["assigned"] > 0)
        with Alarms(asked.kafka.bootstrap, settings.topics.alerts) as alarms:
            _send(asked.kafka.bootstrap, _topic(wanted), shape, appended, seconds)
            _wait(alarms, shape.models)
        told = member.look()
        member.end()
    took = sorted(now - appended.at[model, at] for model, at, now in alarms.opened)
    if len(took) < shape.models:
        raise RuntimeError(f"only {len(took)} of {shape.models} drifts were found")
    duration = seconds + _SHIFT_FROM_SECONDS + _AFTER_SECONDS
    return _told(settings, np.array(took) / 1e3, told["produced_bytes"] / duration)


def _wait(alarms: Alarms, wanted: int) -> None:
    """Until so many have come: a machine that is too busy to keep up is slow, not blind."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while len(alarms.opened) < wanted and time.monotonic() < deadline:
        time.sleep(0.1)


def _told(settings: Settings, took: Any, written: float) -> str:
    rows = [
        ["alarms", f"{len(took)}"],
        *([f"p{p}, s", f"{np.percentile(took, p):.2f}"] for p in (50, 90, 99)),
        ["longest, s", f"{took.max():.2f}"],
        ["bound, s", f"{_bound(settings):.2f}"],
        ["committed, kB a second", f"{written / 1e3:.1f}"],
    ]
    return (
        f"The bound is 2 × {settings.kafka.commit_every.total_seconds():g} s (`kafka.commit_every`) +"
        f" {settings.ingest.lateness.total_seconds():g} s (`ingest.lateness`) + {_SLACK_SECONDS:g} s.\n\n"
        + table(["from append to readable", "measured"], rows)
    )


def _bound(settings: Settings) -> float:
    return (
        2 * settings.kafka.commit_every.total_seconds()
        + settings.ingest.lateness.total_seconds()
        + _SLACK_SECONDS
    )


def _settings(kafka: Kafka, shape: Shape) -> dict[str, Any]:
    topic = f"bench-latency-{uuid.uuid4().hex[:8]}"
    create_topic(kafka.bootstrap, topic, partitions=2, config={"message.timestamp.type": "LogAppendTime"})
    models = [{"name": name, "sources": [topic], "reference": {"events": _LEARNED}} for name in shape.names()]
    return own_settings(kafka.bootstrap, topic, {"models": models})


def _topic(wanted: Mapping[str, Any]) -> str:
    topic: str = wanted["models"][0]["sources"][0]
    return topic


def _send(bootstrap: str, topic: str, shape: Shape, appended: Appended, seconds: int) -> None:
    """History at once, then every model an event every 40 ms; each shifts by ten standard deviations at a moment of its own."""
    random, names = np.random.default_rng(1), shape.names()
    shifts = random.uniform(_SHIFT_FROM_SECONDS, _SHIFT_FROM_SECONDS + seconds, len(names)) * 1e3
    to = producer(bootstrap, {"linger.ms": 5, "acks": 1})
    begin = time.time_ns() // 1_000_000
    for at in range(-_HISTORY, 0):
        _send_one_each(to, topic, names, begin + at * _PACE_MS, random.normal(50, 10, len(names)), appended)
    steps = int((_SHIFT_FROM_SECONDS + seconds + _AFTER_SECONDS) * 1e3 / _PACE_MS)
    for at in range(steps):
        due = at * _PACE_MS
        _poll_until(to, (begin + due) / 1e3)
        numbers = random.normal(50, 10, len(names)) + 100.0 * (due >= shifts)
        _send_one_each(to, topic, names, begin + due, numbers, appended)
    to.flush(60)


def _poll_until(to: Producer, moment: float) -> None:
    """Serve delivery reports until then: one poll comes back with the first of them."""
    while (left := moment - time.time()) > 0:
        to.poll(left)
    to.poll(0)


def _send_one_each(
    to: Producer, topic: str, names: list[str], event_time: int, numbers: Any, appended: Appended
) -> None:
    for at, (name, number) in enumerate(zip(names, numbers.tolist(), strict=True)):
        event = {"model": name, "version": "7", "time": event_time, "features": {"f00": number}}
        to.produce(topic, orjson.dumps(event), name, at % 2, on_delivery=appended.note)
