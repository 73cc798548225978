"""A message of the client as a record of ours."""

from collections.abc import Sequence
from typing import cast

from confluent_kafka import Message

from stream_monitor.core.events import Record


def record_of(message: Message, offset: int) -> Record:
    """Time stamp -1 when the message has none (TIMESTAMP_NOT_AVAILABLE is 0)."""
    kind, timestamp = message.timestamp()
    headers = cast("Sequence[tuple[str, bytes | None]]", message.headers() or ())
    return Record(offset, timestamp if kind else -1, message.key(), message.value(), headers)
