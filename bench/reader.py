"""One run on real Kafka in a process of its own, which prints its costs as JSON: `python -m bench.reader floor|monitor …`.

floor: what nobody can avoid, consume + orjson.loads, with the client settings of the monitor. monitor: the service itself,
both stages exactly once, checkpoints, snapshots, metrics and HTTP on; only its stop condition is the bench's.
"""

import argparse
import json
import time
import uuid
from dataclasses import asdict, replace
from typing import Final

import orjson
from confluent_kafka import Consumer

from bench.peers.span import Cost, Span, since
from bench.service import Counters, own_settings, serve
from stream_monitor.kafka.clients import member_config
from stream_monitor.kafka.options import KafkaOptions
from stream_monitor.runtime.worker import WorkerOptions

_POLL: Final = WorkerOptions(name="")
_LOOK_SECONDS: Final = 0.1
_PATIENCE_SECONDS: Final = 600.0


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
    cost = since(span, read)
    consumer.close()
    return cost


def monitor(bootstrap: str, topic: str, events: int) -> Cost:
    """The service in a group and with topics of its own, until it has observed all events and committed."""
    conditions: list[Enough] = []

    def enough(counters: Counters) -> Enough:
        conditions.append(Enough(counters, topic, events))
        return conditions[0]

    serve(own_settings(bootstrap, topic), enough, "bench")
    (made,) = conditions
    cost = since(made.span, events, int(made.counters.total("drift_events_total")))
    written = int(made.counters.total("snapshot_bytes_total"))
    return replace(cost, wall_seconds=made.ended - made.span.wall, written=written)


class Enough:
    """The worker's stop condition: all events observed. Looks ten times a second, as a scraper would."""

    def __init__(self, counters: Counters, topic: str, events: int) -> None:
        self.counters = counters
        self.span = Span()
        self.ended = 0.0
        self._topic = topic
        self._events = events
        self._next_look = 0.0
        self._last_look = time.monotonic() + _PATIENCE_SECONDS

    def __call__(self) -> bool:
        """Asked before every turn of the worker's loop. Raises TimeoutError when it takes too long."""
        now = time.monotonic()
        if now > self._last_look:
            observed = self.counters.total("rows_observed_total")
            raise TimeoutError(f"only {observed} of {self._events} events were observed")
        if now < self._next_look:
            return False
        if not self.span.before:  # looks at every turn until the first records are there
            self.span.begin(int(self.counters.total("records_consumed_total", topic=self._topic)))
            return False
        self._next_look, self.ended = now + _LOOK_SECONDS, now
        return self.counters.total("rows_observed_total") >= self._events


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
