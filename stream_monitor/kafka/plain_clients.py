"""A producer and a reader outside of any transaction and group: for the demo, which feeds a topic and looks at another.

The engine never uses them: nothing here is exactly once.
"""

from collections.abc import Sequence
from typing import Final

from confluent_kafka import Consumer, KafkaException, TopicPartition

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Record
from stream_monitor.kafka.clients import ClientErrors, make_consumer, make_plain_producer
from stream_monitor.kafka.failures import PARTITION_EOF, refusal, unreachable
from stream_monitor.kafka.options import KafkaOptions
from stream_monitor.kafka.records import record_of

_WAIT_SECONDS: Final = 30.0
_BATCH: Final = 1_000


class PlainProducer:
    """Writes records in the background; their order is kept within a partition."""

    def __init__(self, options: KafkaOptions) -> None:
        self._servers = options.bootstrap_servers
        self._errors = ClientErrors()
        self._producer = make_plain_producer(options, self._errors)

    def write(self, topic: str, key: bytes, value: bytes) -> None:
        """Hand a record over; waits while the queue is full. Raises StreamMonitorError when the broker stays away."""
        try:
            self._producer.produce(topic, value, key)
        except BufferError:
            self.flush()
            self._producer.produce(topic, value, key)
        self.serve()

    def serve(self) -> None:
        """Take what has happened meanwhile. Raises StreamMonitorError when the broker will never accept it."""
        self._producer.poll(0)
        why = refusal(self._errors.last) if self._errors.last is not None else None
        if why is not None:
            raise StreamMonitorError(why)

    def flush(self) -> None:
        """Return when everything is written. Raises StreamMonitorError if that takes longer than 30 s."""
        if self._producer.flush(_WAIT_SECONDS):
            raise StreamMonitorError(unreachable(self._servers, self._errors.last))


class TopicReader:
    """Reads partition 0 of a topic from its start, committed records only."""

    def __init__(self, options: KafkaOptions, topic: str) -> None:
        self._consumer: Consumer = make_consumer(options, ClientErrors(), member=False)
        self._consumer.assign([TopicPartition(topic, 0, 0)])

    def read(self) -> Sequence[Record]:
        """What has come since the last call; does not wait. Raises StreamMonitorError."""
        found = []
        for message in self._consumer.consume(_BATCH, 0.0):
            error = message.error()
            if error is None:
                found.append(record_of(message))
            elif error.code() != PARTITION_EOF and not error.retriable():
                raise StreamMonitorError(refusal(error) or KafkaException(error).args[0].str())
        return found

    def close(self) -> None:
        """Let go of the consumer."""
        self._consumer.close()
