"""What a group has committed, at a glance: without joining it and without waiting for pending transactions.

By a consumer of its own: the admin client's ListConsumerGroupOffsets keeps failing once the coordinator was restarted
(librdkafka 2.16, measured).
"""

import time
from collections.abc import Collection
from typing import Final, NamedTuple

from confluent_kafka import KafkaException, TopicPartition

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Source
from stream_monitor.kafka.clients import ClientErrors, make_glancing_consumer
from stream_monitor.kafka.failures import forbidden
from stream_monitor.kafka.options import KafkaOptions
from stream_monitor.runtime.deadline import Deadline

_ATTEMPT_SECONDS: Final = 6.0
_PAUSE_SECONDS: Final = 0.1


class Noted(NamedTuple):
    """A committed offset and the note committed with it."""

    offset: int
    note: str


def group_offsets(
    options: KafkaOptions, sources: Collection[Source], seconds: float
) -> dict[Source, Noted] | None:
    """Committed offsets of those of `sources` that have one; None when not answered in time.

    Asked anew every few seconds by a client of its own: on a broker that has just started one question may never be
    answered, while the next one is.
    """
    deadline = Deadline(seconds)
    while sources and not deadline.passed:
        offsets = _ask(options, sources, min(_ATTEMPT_SECONDS, deadline.left()))
        if offsets is not None:
            return offsets
        time.sleep(_PAUSE_SECONDS)
    return None if sources else {}


def _ask(options: KafkaOptions, sources: Collection[Source], seconds: float) -> dict[Source, Noted] | None:
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
