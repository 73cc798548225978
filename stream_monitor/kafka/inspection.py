"""Questions about brokers, topics, rights and the group, for whoever looks for what is wrong. Changes nothing.

One exception: `why_no_transactions` opens a transactional id of its own, in which no transaction is ever begun; the broker
forgets it after a week (transactional.id.expiration.ms).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import ConfigResource, ResourceType  # type: ignore[attr-defined]  # re-exported, says its documentation

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.kafka.clients import ClientErrors, make_admin, make_producer
from stream_monitor.kafka.failures import forbidden, unreachable
from stream_monitor.kafka.options import KafkaOptions

_ASK_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFacts:
    """The brokers that answer, as host:port."""

    cluster_id: str
    brokers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicFacts:
    """A topic as it is. replicas: of the partition that has fewest; in_sync: of the one with fewest of these.

    permitted: what we may do, such as read, write, delete; None where the broker does not tell.
    """

    partitions: int
    replicas: int
    in_sync: int
    permitted: frozenset[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFacts:
    """A consumer group as it is. state: such as stable, empty, dead (never seen, or forgotten)."""

    state: str
    members: int
    permitted: frozenset[str] | None


class Inspection:
    """Asks; every question takes ten seconds at most and raises StreamMonitorError where the answer is no."""

    def __init__(self, options: KafkaOptions) -> None:
        self._options = options
        self._errors = ClientErrors()
        self._admin = make_admin(options, self._errors)

    def cluster(self) -> ClusterFacts:
        """Which brokers there are."""
        found = self._answer(self._admin.describe_cluster(request_timeout=_ASK_SECONDS))
        brokers = tuple(sorted(f"{node.host}:{node.port}" for node in found.nodes))
        return ClusterFacts(cluster_id=found.cluster_id or "", brokers=brokers)

    def topics(self, names: Collection[str]) -> Mapping[str, TopicFacts]:
        """Those that exist and may be described."""
        if not names:
            return {}
        futures = self._admin.describe_topics(
            TopicCollection(sorted(names)), include_authorized_operations=True, request_timeout=_ASK_SECONDS
        )
        found = {}
        for name, future in futures.items():
            described = self._answer(future, missing=_UNKNOWN)
            if described is not None:
                found[name] = TopicFacts(
                    partitions=len(described.partitions),
                    replicas=min((len(one.replicas) for one in described.partitions), default=0),
                    in_sync=min((len(one.isr) for one in described.partitions), default=0),
                    permitted=_names(described.authorized_operations),
                )
        return found

    def configs(self, names: Iterable[str]) -> Mapping[str, Mapping[str, str]]:
        """Configuration of topics by name. Raises StreamMonitorError where one may not be looked at."""
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in sorted(names)]
        if not resources:
            return {}
        futures = self._admin.describe_configs(resources, request_timeout=_ASK_SECONDS)
        return {
            resource.name: {key: entry.value for key, entry in self._answer(future).items()}
            for resource, future in futures.items()
        }

    def group(self) -> GroupFacts:
        """The consumer group of the monitor."""
        futures = self._admin.describe_consumer_groups(
            [self._options.group_id], include_authorized_operations=True, request_timeout=_ASK_SECONDS
        )
        found = self._answer(
            futures[self._options.group_id], missing=frozenset({KafkaError.GROUP_ID_NOT_FOUND})
        )
        if found is None:
            return GroupFacts(state="dead", members=0, permitted=None)
        return GroupFacts(
            state=found.state.name.lower(),
            members=len(found.members),
            permitted=_names(found.authorized_operations),
        )

    def why_no_transactions(self) -> str | None:
        """Why the monitor could not write in transactions, or None."""
        errors = ClientErrors()
        try:
            producer = make_producer(self._options, errors)
            producer.init_transactions(_ASK_SECONDS)
        except KafkaException as error:
            return forbidden(error.args[0]) or str(error.args[0].str())
        except StreamMonitorError as error:
            return str(error)
        return None

    def _answer(self, future: Any, *, missing: Collection[int] = ()) -> Any:
        """What a future brings; None for an error among `missing`."""
        try:
            return future.result(_ASK_SECONDS + 1)
        except KafkaException as error:
            found = error.args[0]
            if found.code() in missing:
                return None
            raise StreamMonitorError(forbidden(found) or str(found.str())) from error
        except TimeoutError as error:
            raise StreamMonitorError(
                unreachable(self._options.bootstrap_servers, self._errors.last)
            ) from error


_UNKNOWN: Final = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART})


def _names(operations: Any) -> frozenset[str] | None:
    return None if operations is None else frozenset(one.name.lower() for one in operations)
