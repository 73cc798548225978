"""What an engineer writes in an afternoon: one river ADWIN per feature. No checks, no state, no exactly-once.

`python -m bench.peers.naive` is the same on Kafka, with alarms produced. In memory `NaiveLoop` is the anchor of the core.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator

import orjson
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from river.drift import ADWIN

from bench.peers.consumer import Events
from bench.peers.span import Cost, Span, report, since


class NaiveLoop:
    """orjson.loads + `ADWIN()` per feature, per event, and nothing else."""

    def __init__(self) -> None:
        self._detectors: defaultdict[str, defaultdict[str, ADWIN]] = defaultdict(lambda: defaultdict(ADWIN))
        self.alarms = 0

    def take(self, values: Iterable[bytes]) -> Iterator[tuple[str, str]]:
        """The model and feature of every alarm."""
        for value in values:
            event = orjson.loads(value)
            detectors = self._detectors[event["model"]]
            for name, number in event["features"].items():
                detector = detectors[name]
                detector.update(number)  # type: ignore[no-untyped-call]  # river has no types
                if detector.drift_detected:
                    self.alarms += 1
                    yield event["model"], name


def run(bootstrap: str, topic: str, events: int, _window: int) -> Cost:
    """Alarms go to a topic, as those of the monitor do."""
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 5})
    out, loop, span, read = f"bench-naive-{uuid.uuid4().hex[:8]}", NaiveLoop(), Span(), 0
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(out, 1, 1)])[out].result(30)
    source = Events(bootstrap, topic, events)
    for values in source.batches():
        for model, name in loop.take(values):
            producer.produce(out, orjson.dumps({"model": model, "feature": name}), model)
        producer.poll(0)
        read += len(values)
        span.begin(read)
    producer.flush(30)
    return since(span, read, loop.alarms)


if __name__ == "__main__":
    report(run)
