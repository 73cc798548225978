"""What a group has committed, at a glance: without joining it and without waiting for pending transactions.

By a consumer of its own: the admin client's ListConsumerGroupOffsets keeps failing once the coordinator was restarted
(librdkafka 2.16, measured).
"""

from collections.abc import Collection
from typing import NamedTuple

from confluent_kafka import KafkaException, TopicPartition

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Source
from stream_monitor.kafka.clients import ClientErrors, make_glancing_consumer
from stream_monitor.kafka.failures import forbidden
from stream_monitor.kafka.options import KafkaOptions


class Noted(NamedTuple):
    """A committed offset and the note committed with it."""

    offset: int
    note: str


def group_offsets(
    options: KafkaOptions, sources: Collection[Source], seconds: float
) -> dict[Source, Noted] | None:
    """Committed offsets of those of `sources` that have one; None when not answered in time."""
    if not sources:
        return {}
    consumer = make_glancing_consumer(options, ClientErrors())
    try:
        answer = consumer.committed([TopicPartition(*source) for source in sources], seconds)
    except KafkaException as error:
        why = forbidden(error.args[0])
        if why is not None:
            raise StreamMonitorError(why) from error
        return None
    finally:
        consumer.close()
    if any(tp.error is not None for tp in answer):
        return None
    return {
        Source(tp.topic, tp.partition): Noted(tp.offset, tp.metadata or "") for tp in answer if tp.offset >= 0
    }
