"""Writes what people do to the operations topic: outside of any transaction, one record at a time."""

from threading import Lock
from typing import Final

from confluent_kafka import KafkaError, Message

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.formats.encoded import EncodedRecord
from stream_monitor.kafka.clients import ClientErrors, make_plain_producer
from stream_monitor.kafka.failures import refusal, unreachable
from stream_monitor.kafka.options import KafkaOptions
from stream_monitor.runtime.deadline import Deadline

_TURN_SECONDS: Final = 0.1
_CLOSE_SECONDS: Final = 1.0


class KafkaOperationsWriter:
    """Implements `runtime.ports.OperationsWriter`. Connects when it is first written to."""

    def __init__(self, options: KafkaOptions, topic: str) -> None:
        self._servers = options.bootstrap_servers
        self._topic = topic
        self._errors = ClientErrors()
        self._producer = make_plain_producer(options, self._errors)
        self._lock = Lock()

    def write(self, record: EncodedRecord, deadline: Deadline) -> None:
        """See the port."""
        outcome: list[KafkaError | None] = []

        def delivered(error: KafkaError | None, _: Message) -> None:
            outcome.append(error)

        with self._lock:
            self._producer.produce(
                self._topic, record.value, record.key, headers=list(record.headers), on_delivery=delivered
            )
            while not outcome and not deadline.passed:
                self._producer.poll(min(_TURN_SECONDS, deadline.left()))
            if not outcome:  # it shall not be written long after we have said that it was not
                self._producer.purge()
                self._producer.poll(0)
        error = outcome[0] if outcome else self._errors.last
        if not outcome or error is not None:
            why = refusal(error) if error is not None else None
            raise StreamMonitorError(why or unreachable(self._servers, self._errors.last or error))

    def close(self) -> None:
        """See the port."""
        self._producer.flush(_CLOSE_SECONDS)
