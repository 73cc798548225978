"""Tells a first start from a group whose offsets have expired: only the latter has left records in the columns topic."""

from collections.abc import Mapping, Sequence

from confluent_kafka import Consumer, KafkaException, TopicPartition

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Source
from stream_monitor.kafka.clients import ClientErrors, make_consumer
from stream_monitor.kafka.cluster import Cluster
from stream_monitor.kafka.failures import PARTITION_EOF, unreachable
from stream_monitor.kafka.group_offsets import group_offsets
from stream_monitor.kafka.options import KafkaOptions
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.runtime.positions import expired_group

_SECONDS = 60.0


def refuse_expired_group(
    options: KafkaOptions, cluster: Cluster, columns: Sequence[Source], inputs: Sequence[Source]
) -> None:
    """Raise LostData when the group has no offset in any of these partitions, but `columns` hold a committed record.

    Costs one question when the group has offsets, which is always but at the first start. What is visible in columns was
    written in one transaction with offsets, so these are asked for after it was seen, in the way that waits for them.
    """
    both = [*columns, *inputs]
    offsets = group_offsets(options, both, _SECONDS)
    bounds = {} if offsets else cluster.bounds(columns, _SECONDS)
    if offsets is None or bounds is None:
        raise StreamMonitorError(
            f"the offsets of group {options.group_id} could not be read in {_SECONDS:g} s; are all brokers up?"
        )
    filled = {source: found.low for source, found in bounds.items() if found.high > found.low}
    if offsets or not filled:
        return
    errors = ClientErrors()
    consumer = make_consumer(options, errors, member=False)
    try:
        seen = _any_visible(consumer, filled)
        if seen is None:
            raise StreamMonitorError(unreachable(options.bootstrap_servers, errors.last))
        # Somebody may have started since: then the offsets are there, at the latest when stable.
        if seen and not _any_committed(consumer, both):
            raise expired_group(options.group_id, columns[0].topic)
    except KafkaException as error:
        raise StreamMonitorError(unreachable(options.bootstrap_servers, error.args[0])) from error
    finally:
        consumer.close()


def _any_visible(consumer: Consumer, starts: Mapping[Source, int]) -> bool | None:
    """Whether a committed record is in the partitions; None when that could not be found out in time."""
    consumer.assign([TopicPartition(*source, start) for source, start in starts.items()])
    waiting, deadline = set(starts), Deadline(_SECONDS)
    while waiting:
        if deadline.passed:
            return None
        for message in consumer.consume(100, 0.2):
            error = message.error()
            if error is None:
                return True
            if error.code() == PARTITION_EOF:
                waiting.discard(Source(message.topic() or "", message.partition() or 0))
    return False


def _any_committed(consumer: Consumer, sources: Sequence[Source]) -> bool:
    committed = consumer.committed([TopicPartition(*source) for source in sources], _SECONDS)
    return any(tp.offset >= 0 for tp in committed)
