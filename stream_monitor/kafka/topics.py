"""The monitor's own topics: what each must be like, whether it is, how to create it. The plans are data, for the docs too.

Knows nothing of what is written to them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.kafka.clients import MAX_RECORD_BYTES, ClientErrors, make_admin
from stream_monitor.kafka.cluster import REACH_SECONDS, Cluster
from stream_monitor.kafka.failures import forbidden
from stream_monitor.kafka.options import KafkaOptions
from stream_monitor.runtime.deadline import Deadline

_CREATE_SECONDS: Final = 30.0
_DAY_MS: Final = 24 * 60 * 60 * 1000
_LARGE: Final = {"max.message.bytes": str(MAX_RECORD_BYTES)}
# Nothing of the log may vanish by age: only DeleteRecords removes what no snapshot needs any more.
_FOREVER: Final = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
_COMPACT: Final = {"cleanup.policy": "compact"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicNames:
    """Full names of the monitor's topics."""

    columns: str
    state: str
    status: str
    history: str
    operations: str
    alerts: str
    dead_letter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicPlan:
    """One topic as it must be. partitions_fixed: another number would part models from their state; it is refused."""

    name: str
    purpose: str
    partitions: int
    partitions_fixed: bool
    config: Mapping[str, str] = field(default_factory=dict)

    def command(self, bootstrap_servers: str, replication_factor: int | None = None) -> str:
        """The kafka-topics.sh command that creates it."""
        parts = [f"kafka-topics.sh --bootstrap-server {bootstrap_servers} --create --topic {self.name}"]
        parts.append(f"--partitions {self.partitions}")
        if replication_factor is not None:
            parts.append(f"--replication-factor {replication_factor}")
        parts += [f"--config {key}={value}" for key, value in self.config.items()]
        return " ".join(parts)


def plan_topics(names: TopicNames, partitions: int) -> Sequence[TopicPlan]:
    """Plans of all the monitor's topics. partitions: of columns and state; fixed for the life of the installation."""

    def plan(
        name: str, purpose: str, number: int, config: Mapping[str, str], *, fixed: bool = False
    ) -> TopicPlan:
        return TopicPlan(name=name, purpose=purpose, partitions=number, partitions_fixed=fixed, config=config)

    return (
        plan(names.columns, "the monitor's write-ahead log", partitions, {**_FOREVER, **_LARGE}, fixed=True),
        plan(names.state, "snapshots", partitions, {**_COMPACT, **_LARGE}, fixed=True),
        plan(names.status, "current status of models and workers", 1, {**_COMPACT, **_LARGE}),
        plan(
            names.history,
            "counts and scores per minute, for the dashboard",
            1,
            {
                "cleanup.policy": "delete",
                "retention.ms": str(7 * _DAY_MS),
                "compression.type": "zstd",  # by the broker: a fifth is left
                **_LARGE,
            },
        ),
        plan(names.operations, "acknowledge and mute", 1, _COMPACT),
        plan(names.alerts, "drift events", 1, {"cleanup.policy": "delete", **_LARGE}),
        plan(names.dead_letter, "rejected records", 1, {"cleanup.policy": "delete", **_LARGE}),
    )


def verify_topics(
    options: KafkaOptions,
    plans: Sequence[TopicPlan],
    *,
    create: bool,
    replication_factor: int | None = None,
) -> Sequence[str]:
    """Names of the topics that had to be created; all of `plans` exist as they must be when this returns.

    create: whether missing ones may be created. Raises StreamMonitorError: no broker answers within 10 s or it refuses
    us; topics are missing and may not be created (with the exact commands); a fixed partition count is another one.
    """
    cluster = Cluster(options)
    counts = cluster.reach(REACH_SECONDS)
    _refuse_other_partitions(plans, counts)
    missing = [plan for plan in plans if plan.name not in counts]
    if not missing:
        return []
    if not create:
        raise StreamMonitorError(
            _how_to_create(options, missing, replication_factor, "they may not be created")
        )
    why = _create(options, missing, replication_factor)
    if why is not None:
        raise StreamMonitorError(_how_to_create(options, missing, replication_factor, why))
    _wait_until_seen(options, cluster, missing)
    return [plan.name for plan in missing]


def _refuse_other_partitions(plans: Sequence[TopicPlan], counts: Mapping[str, int]) -> None:
    for plan in plans:
        found = counts.get(plan.name, plan.partitions)
        if plan.partitions_fixed and found != plan.partitions:
            raise StreamMonitorError(
                f"{plan.name} has {found} partitions, but kafka.partitions says {plan.partitions}: another number would"
                f" part models from their state; set kafka.partitions to {found}, or start afresh with another"
                " kafka.topic_prefix and kafka.group_id"
            )


def _create(options: KafkaOptions, plans: Sequence[TopicPlan], replication_factor: int | None) -> str | None:
    """Why they could not be created, or None."""
    errors = ClientErrors()
    admin = make_admin(options, errors)
    replicas = -1 if replication_factor is None else replication_factor
    topics = [
        NewTopic(
            plan.name,
            num_partitions=plan.partitions,
            replication_factor=replicas,
            config=dict(plan.config),
        )
        for plan in plans
    ]
    for future in admin.create_topics(topics, operation_timeout=_CREATE_SECONDS).values():
        try:
            future.result(_CREATE_SECONDS)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:  # another worker was faster
                return forbidden(error.args[0]) or str(error.args[0].str())
    return None


def _wait_until_seen(options: KafkaOptions, cluster: Cluster, plans: Sequence[TopicPlan]) -> None:
    deadline = Deadline(_CREATE_SECONDS)
    while True:
        counts = cluster.reach(max(0.1, deadline.left()))
        if all(plan.name in counts for plan in plans):
            return _refuse_other_partitions(plans, counts)
        if deadline.passed:
            names = ", ".join(plan.name for plan in plans if plan.name not in counts)
            raise StreamMonitorError(f"{names} created at {options.bootstrap_servers} but not seen there")


def _how_to_create(
    options: KafkaOptions, missing: Sequence[TopicPlan], replication_factor: int | None, why: str
) -> str:
    commands = "\n".join(
        f"  {plan.command(options.bootstrap_servers, replication_factor)}" for plan in missing
    )
    names = ", ".join(plan.name for plan in missing)
    return (
        f"missing topics: {names} ({why}); create them with `stream-monitor topics create` and the rights to do so, or"
        f" with:\n{commands}"
    )
