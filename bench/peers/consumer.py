"""A plain consumer of the events, with the client settings of the monitor: what everyone's afternoon begins with."""

import uuid
from collections.abc import Iterator
from typing import Final

from confluent_kafka import Consumer

POLL_RECORDS: Final = 2_000
POLL_SECONDS: Final = 0.2
SETTINGS: Final = {
    "auto.offset.reset": "earliest",
    "isolation.level": "read_committed",
    "queued.min.messages": 10_000,
    "queued.max.messages.kbytes": 65_536,
    "fetch.wait.max.ms": 100,
    "fetch.queue.backoff.ms": 20,
    "fetch.message.max.bytes": 4 * 1024 * 1024,
}


class Events:
    """The values of a topic, for a group of its own that commits now and then. Leaving the group is nobody's cost."""

    def __init__(self, bootstrap: str, topic: str, events: int) -> None:
        group = f"bench-peer-{uuid.uuid4().hex[:8]}"
        self._consumer = Consumer(SETTINGS | {"bootstrap.servers": bootstrap, "group.id": group})
        self._consumer.subscribe([topic])
        self._events = events

    def batches(self) -> Iterator[list[bytes]]:
        """As they are polled, until all have been read."""
        read = 0
        while read < self._events:
            polled = self._consumer.consume(POLL_RECORDS, POLL_SECONDS)
            values = [message.value() or b"" for message in polled if message.error() is None]
            read += len(values)
            if values:
                yield values

    def windows(self, size: int) -> Iterator[list[bytes]]:
        """In windows of `size` records; what is left at the end is no window."""
        waiting: list[bytes] = []
        for values in self.batches():
            waiting += values
            while len(waiting) >= size:
                yield waiting[:size]
                del waiting[:size]
