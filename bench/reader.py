"""One run on real Kafka in a process of its own, which prints its costs as JSON: `python -m bench.reader floor|monitor …`.

floor: what nobody can avoid, consume + orjson.loads, with the client settings of the monitor. monitor: the service itself,
both stages exactly once, checkpoints, snapshots, metrics and HTTP on; only its stop condition is the bench's.
"""

import argparse
import json
import os
import time
import uuid
from dataclasses import asdict, dataclass
from typing import Final

import orjson
import river.drift  # noqa: F401  # the monitor imports it with the first detector; start-up is not what is measured
from confluent_kafka import Consumer
from prometheus_client import CollectorRegistry

from stream_monitor.app.composition import Shown, compose, first_view
from stream_monitor.app.dashboard import kafka_reach
from stream_monitor.app.service import (
    SystemClock,
    kafka_adapters,
    kafka_options,
    serving,
    settle,
    topic_plans,
)
from stream_monitor.config import load
from stream_monitor.kafka.clients import member_config
from stream_monitor.kafka.options import KafkaOptions
from stream_monitor.kafka.topics import verify_topics
from stream_monitor.runtime.worker import WorkerOptions
from stream_monitor.telemetry.recorder import Telemetry
from stream_monitor.telemetry.view import ViewHolder

_POLL: Final = WorkerOptions(name="")
_LOOK_SECONDS: Final = 0.1
_PATIENCE_SECONDS: Final = 600.0


@dataclass(slots=True)
class Span:
    """CPU and wall time from the moment when the first records had been read. before: how many those were."""

    before: int = 0
    cpu: float = 0.0
    wall: float = 0.0

    def begin(self, read: int) -> None:
        """Called with every look; the first one with records counts."""
        if not self.before and read:
            self.before, self.cpu, self.wall = read, time.process_time(), time.monotonic()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of `events` events. drift_events: published, so that nobody measures a monitor that sleeps."""

    events: int
    cpu_seconds: float
    wall_seconds: float
    drift_events: int = 0


def floor(bootstrap: str, topic: str, events: int) -> Cost:
    """Consume and parse, nothing else."""
    options = KafkaOptions(bootstrap_servers=bootstrap, group_id=f"bench-floor-{uuid.uuid4().hex[:8]}")
    consumer = Consumer(member_config(options) | {"auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    read, span = 0, Span()
    while read < events:
        for message in consumer.consume(_POLL.poll_records, _POLL.poll_seconds):
            if message.error() is None:
                orjson.loads(message.value() or b"")
                read += 1
        span.begin(read)
    cpu, wall = time.process_time() - span.cpu, time.monotonic() - span.wall
    consumer.close()
    return Cost(events=events - span.before, cpu_seconds=cpu, wall_seconds=wall)


def monitor(bootstrap: str, topic: str, events: int) -> Cost:
    """The service in a group and with topics of its own, until it has observed all events and committed."""
    own = f"bench-monitor-{uuid.uuid4().hex[:8]}"
    wanted = {
        "kafka.bootstrap_servers": bootstrap,
        "kafka.group_id": own,
        "kafka.topic_prefix": own,
        "kafka.replication_factor": 1,
        "discovery.topics": [topic],
        "http.listen": "127.0.0.1:0",
    }
    settings = load(None, {}, wanted)
    clock, options, metrics = SystemClock(), kafka_options(settings), CollectorRegistry()
    telemetry = Telemetry(metrics)
    holder = ViewHolder(first_view(settings, clock, name="bench"))
    verify_topics(options, topic_plans(settings), create=True, replication_factor=1)
    enough = Enough(telemetry, topic, events)
    with serving(settings, holder, metrics, kafka_reach(settings, options, always=False)):
        adapters = kafka_adapters(settings, options, clock, os.environ)
        worker = compose(settings, adapters, Shown(holder=holder, telemetry=telemetry), name="bench")
        settle()
        worker.run(enough)
    return Cost(
        events=events - enough.span.before,
        cpu_seconds=time.process_time() - enough.span.cpu,
        wall_seconds=enough.ended - enough.span.wall,
        drift_events=enough.total("drift_events"),
    )


class Enough:
    """The worker's stop condition: all events observed. Looks ten times a second, as a scraper would."""

    def __init__(self, telemetry: Telemetry, topic: str, events: int) -> None:
        self.span = Span()
        self.ended = 0.0
        self._counters = CollectorRegistry()
        self._counters.register(telemetry)
        self._topic = topic
        self._events = events
        self._next_look = 0.0
        self._last_look = time.monotonic() + _PATIENCE_SECONDS

    def __call__(self) -> bool:
        """Asked before every turn of the worker's loop. Raises TimeoutError when it takes too long."""
        now = time.monotonic()
        if now > self._last_look:
            raise TimeoutError(f"only {self.total('rows_observed')} of {self._events} events were observed")
        if now < self._next_look:
            return False
        if not self.span.before:  # looks at every turn until the first records are there
            self.span.begin(self.total("records_consumed", topic=self._topic))
            return False
        self._next_look, self.ended = now + _LOOK_SECONDS, now
        return self.total("rows_observed") >= self._events

    def total(self, counter: str, **labels: str) -> int:
        """Sum of a counter over what has these labels."""
        wanted, name = set(labels.items()), f"stream_monitor_{counter}_total"
        return int(
            sum(
                sample.value
                for family in self._counters.collect()
                for sample in family.samples
                if sample.name == name and wanted <= set(sample.labels.items())
            )
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("floor", "monitor"))
    parser.add_argument("bootstrap")
    parser.add_argument("topic")
    parser.add_argument("events", type=int)
    asked = parser.parse_args()
    run = {"floor": floor, "monitor": monitor}[asked.what]
    print(json.dumps(asdict(run(asked.bootstrap, asked.topic, asked.events))))


if __name__ == "__main__":
    main()
