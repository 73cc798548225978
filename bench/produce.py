"""Fills the input topic, as fast as one producer can; not measured."""

from confluent_kafka import Producer

from bench.stream import MODEL, PARTITIONS, values
from tests.kafka_broker import create_topic


def fill(bootstrap: str, topic: str, events: int) -> None:
    """Create `topic` with all events, dealt out over its partitions in turn. The events' times lie in the past."""
    create_topic(bootstrap, topic, partitions=PARTITIONS, config={"retention.ms": "-1"})
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "linger.ms": 50,
            "batch.size": 1_000_000,
            "compression.type": "lz4",
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    for at, (time, value) in enumerate(values(events)):
        while True:
            try:
                producer.produce(topic, value, MODEL, at % PARTITIONS, timestamp=time)
            except BufferError:
                producer.poll(0.1)
            else:
                break
    if left := producer.flush(120):
        raise RuntimeError(f"{left} events were not taken by the broker")
