"""Fills the input topic, as fast as one producer can; not measured."""

from typing import Final

from confluent_kafka import Producer

from bench.stream import ONE_MODEL, Shape, values
from tests.kafka_broker import create_topic

_SETTINGS: Final[dict[str, object]] = {
    "linger.ms": 50,
    "batch.size": 1_000_000,
    "compression.type": "lz4",
    "queue.buffering.max.messages": 1_000_000,
    "queue.buffering.max.kbytes": 1_000_000,
}


def fill(bootstrap: str, topic: str, events: int, shape: Shape = ONE_MODEL) -> None:
    """Create `topic` with all events, dealt out over its partitions in turn. The events' times lie in the past."""
    create_topic(bootstrap, topic, partitions=shape.partitions, config={"retention.ms": "-1"})
    send(producer(bootstrap), topic, events, shape)


def producer(bootstrap: str, settings: dict[str, object] | None = None) -> Producer:
    """One that sends large batches."""
    return Producer(_SETTINGS | {"bootstrap.servers": bootstrap} | (settings or {}))


def send(to: Producer, topic: str, events: int, shape: Shape, *, first: int = 0) -> None:
    """That many events from the `first` one on, and wait until the broker has them."""
    for at, (time, model, value) in enumerate(values(events, shape, first=first)):
        while True:
            try:
                to.produce(topic, value, model, at % shape.partitions, timestamp=time)
            except BufferError:
                to.poll(0.1)
            else:
                break
    if left := to.flush(120):
        raise RuntimeError(f"{left} events were not taken by the broker")
