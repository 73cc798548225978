"""Where a time is in the partitions of a topic."""

from collections.abc import Mapping
from typing import Final

from confluent_kafka import Consumer, KafkaException, TopicPartition

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Source
from stream_monitor.kafka.cluster import Bounds
from stream_monitor.kafka.failures import forbidden, unreachable

_ASK_SECONDS: Final = 10.0


def offsets_at_times(
    consumer: Consumer, servers: str, times: Mapping[Source, int], bounds: Mapping[Source, Bounds]
) -> dict[Source, int]:
    """Offset of the first record of every partition that is not older than its time (ms UTC); its end where there is none.

    Raises StreamMonitorError when no broker answers within 10 s, or it refuses us.
    """
    if not times:
        return {}
    asked = [TopicPartition(*source, time) for source, time in times.items()]
    try:
        answers = consumer.offsets_for_times(asked, _ASK_SECONDS)
    except KafkaException as error:
        raise StreamMonitorError(forbidden(error.args[0]) or unreachable(servers, error.args[0])) from error
    found = {}
    for answer in answers:
        if answer.error is not None:
            raise StreamMonitorError(forbidden(answer.error) or unreachable(servers, answer.error))
        source = Source(answer.topic, answer.partition)
        there = bounds[source]
        found[source] = there.high if answer.offset < 0 else max(there.low, answer.offset)
    return found
