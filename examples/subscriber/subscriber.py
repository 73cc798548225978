"""Prints drift events as they should be read: committed ones only, each once, and what is open already at the start.

    python subscriber.py localhost:9092 [topic prefix]

This process can die between acting on an event and committing its offset, and then sees it again: key by `id` what you do.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

Json = dict[str, Any]
DRIFT = "io.stream-monitor.drift."
REMEMBERED = 100_000  # ids; the oldest is forgotten first
LINE = "{time} {data[status]} {data[severity]} {data[summary]} [{data[alert_id]}]"


def is_new(event: Json, seen: Json) -> bool:
    """Whether the id is none of the latest ones; memory stays bounded."""
    new = event["id"] not in seen
    seen[event["id"]] = None
    if len(seen) > REMEMBERED:
        del seen[next(iter(seen))]
    return new


def open_alerts(config: Json, topic: str) -> list[Json]:
    """The latest event of every open alert: reads the compacted status topic to its end."""
    consumer = Consumer(config | {"enable.partition.eof": True})
    unfinished = set(consumer.list_topics(topic, timeout=30).topics[topic].partitions)
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in unfinished])
    by_model: dict[bytes, list[Json]] = {}
    while unfinished:
        for message in consumer.consume(500, 1.0):
            key, value, error = message.key() or b"", message.value(), message.error()
            if error is None and key.startswith(b"model/"):
                by_model[key] = json.loads(value)["open_alerts"] if value else []
            elif error is not None and error.name() != "_PARTITION_EOF":
                raise KafkaException(error)
            elif error is not None:
                unfinished.discard(message.partition() or 0)
    consumer.close()
    return [event for events in by_model.values() for event in events]


def drift_events(config: Json, topic: str, seen: Json) -> Iterator[Json]:
    """New drift events, for ever. The offset is committed when the next event is asked for: after you have acted."""
    consumer = Consumer(config)
    consumer.subscribe([topic])
    try:
        while True:
            for message in consumer.consume(1, 1.0):
                if (error := message.error()) is not None:
                    raise KafkaException(error)
                event = json.loads(message.value() or b"")
                if event["type"].startswith(DRIFT) and is_new(event, seen):  # not a request to train anew
                    yield event
                consumer.commit(message=message)
    finally:
        consumer.close()


def main(bootstrap: str, prefix: str = "stream-monitor") -> None:
    """Print what is open, then follow."""
    config: Json = {"bootstrap.servers": bootstrap, "group.id": "drift-printer", "enable.auto.commit": False}
    config |= {"isolation.level": "read_committed", "auto.offset.reset": "earliest"}
    seen: Json = {}
    for event in filter(lambda one: is_new(one, seen), open_alerts(config, f"{prefix}.status")):
        print("open before:", event["data"]["summary"], f"[{event['data']['alert_id']}]", flush=True)
    for event in drift_events(config, f"{prefix}.alerts", seen):
        print(LINE.format(**event), flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main(*sys.argv[1:])
