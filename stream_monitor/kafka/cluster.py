"""What the brokers know of topics: partition counts, ids, first and last offsets. Questions only, and DeleteRecords.

Every question has a time limit and answers with a value or StreamMonitorError; None means: not answered in time.
"""

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import Future
from typing import Any, Final, NamedTuple

from confluent_kafka import (
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Source
from stream_monitor.kafka.clients import ClientErrors, make_admin
from stream_monitor.kafka.failures import UNKNOWN_PARTITION, UNKNOWN_TOPIC, forbidden, unreachable
from stream_monitor.kafka.options import KafkaOptions
from stream_monitor.runtime.deadline import Deadline

REACH_SECONDS: Final = 10.0
_SLACK_SECONDS: Final = 0.2  # the client's own time-out says more than ours
_EARLIEST: Final = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
_LATEST: Final = OffsetSpec.latest()  # type: ignore[no-untyped-call]
_MISSING: Final = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, UNKNOWN_TOPIC, UNKNOWN_PARTITION})


class Bounds(NamedTuple):
    """First offset present and one behind the last, as READ_UNCOMMITTED sees it."""

    low: int
    high: int


class Cluster:
    """An admin client and what we ask of it. Made lazily connected: `reach` proves that the brokers answer."""

    def __init__(self, options: KafkaOptions) -> None:
        self._options = options
        self._errors = ClientErrors()
        self._admin = make_admin(options, self._errors)
        self._purges: dict[int, Future[Any]] = {}

    def reach(self, seconds: float = REACH_SECONDS) -> Mapping[str, int]:
        """Partition counts of all topics, as soon as a broker answers.

        Raises StreamMonitorError that names the hosts and what to check: after `seconds`, or at once when the brokers
        refuse the credentials.
        """
        deadline = Deadline(seconds)
        while not deadline.passed:
            counts = self.partition_counts(min(1.0, deadline.left()))
            if counts is not None:
                return counts
            if self._errors.authentication is not None:
                break
        raise StreamMonitorError(unreachable(self._options.bootstrap_servers, self._errors.last))

    def partition_counts(self, seconds: float) -> Mapping[str, int] | None:
        """Partition count of every topic we may see."""
        try:
            metadata = self._admin.list_topics(timeout=seconds)
        except KafkaException as error:
            self._check(error.args[0])
            return None
        finally:
            self._admin.poll(0)  # serves error_cb, which tells why
        return {name: len(topic.partitions) for name, topic in metadata.topics.items() if topic.error is None}

    def topic_ids(self, topics: Collection[str], seconds: float) -> dict[str, str] | None:
        """Id of every one of `topics` that exists (KIP-516), as kafka-topics.sh writes it."""
        if not topics:
            return {}
        futures = self._admin.describe_topics(TopicCollection(sorted(topics)), request_timeout=seconds)
        ids = {}
        for topic, described in _results(futures, Deadline(seconds + _SLACK_SECONDS)).items():
            if isinstance(described, KafkaError):
                if described.code() not in _MISSING:
                    self._check(described)
                    return None
            elif described is None:
                return None
            else:
                ids[topic] = str(described.topic_id).replace("/", "_").replace("+", "-").rstrip("=")
        return ids

    def bounds(self, sources: Collection[Source], seconds: float) -> dict[Source, Bounds] | None:
        """First and last offsets; a partition that does not exist is left out."""
        partitions = {source: TopicPartition(*source) for source in sources}
        answers = [
            self._admin.list_offsets(
                dict.fromkeys(partitions.values(), spec),
                isolation_level=IsolationLevel.READ_UNCOMMITTED,
                request_timeout=seconds,
            )
            for spec in (_EARLIEST, _LATEST)
        ]
        end = Deadline(seconds + _SLACK_SECONDS)  # of both: they were asked at once
        low, high = (
            {Source(tp.topic, tp.partition): v for tp, v in _results(a, end).items()} for a in answers
        )
        found = {}
        for source in sources:
            ends = (low[source], high[source])
            if any(
                end is None for end in ends
            ):  # never `None in`: comparing a KafkaError with None breaks it
                return None
            errors = [end for end in ends if isinstance(end, KafkaError)]
            if not errors and min(end.offset for end in ends) >= 0:
                found[source] = Bounds(low[source].offset, high[source].offset)
            elif not errors or errors[0].code() not in _MISSING:
                for (
                    error
                ) in errors:  # none where both are OFFSET_INVALID, as shortly after a restart. Measured.
                    self._check(error)
                # Of leaders this client knows what it was told once: after a restart of a broker it would get
                # FENCED_LEADER_EPOCH for 15 minutes (metadata.max.age.ms); a look at all topics renews it. Measured.
                self.partition_counts(seconds)
                return None
        return found

    def delete_records(self, source: Source, before: int) -> None:
        """Ask that records below `before` be removed; does not wait. What went wrong is logged at the next call."""
        previous = self._purges.pop(source.partition, None)
        if previous is not None and previous.done() and previous.exception() is not None:
            self._options.logger.warning(
                "cannot remove old records of %s partition %d: %s",
                source.topic,
                source.partition,
                previous.exception(),
            )
        futures = self._admin.delete_records([TopicPartition(source.topic, source.partition, before)])
        (self._purges[source.partition],) = futures.values()

    def _check(self, error: KafkaError) -> None:
        why = forbidden(error)
        if why is not None:
            raise StreamMonitorError(why)


def _results(futures: Mapping[Any, "Future[Any]"], end: Deadline) -> dict[Any, Any]:
    """Answer or KafkaError of every future; None for those not answered before the end."""
    answers: dict[Any, Any] = {}
    for key, future in futures.items():
        try:
            answers[key] = future.result(end.left())
        except KafkaException as error:
            answers[key] = error.args[0]
        except TimeoutError:
            answers[key] = None
    return answers


def all_partitions(counts: Mapping[str, int], topics: Iterable[str]) -> list[Source]:
    """Every partition of the given topics that exist."""
    return [Source(topic, number) for topic in topics for number in range(counts.get(topic, 0))]
