"""The `kafka` section: what is passed through to librdkafka, what the engine owns, and secrets that are never shown.

Why some properties are refused: exactly-once rests on them, and a silent override would lose or double events.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, PlainValidator, ValidationInfo, WithJsonSchema, field_serializer

from stream_monitor.config.fields import (
    Duration,
    Name,
    Replicas,
    Section,
    TopicName,
    Whole,
    duration_between,
    kind,
    refuse,
    shown,
)
from stream_monitor.config.secrets import MASK, interpolated, is_secret_key, surroundings

_ENGINE: Final = "remove it: the engine sets it"
_OUTLIVES: Final = ("no message may outlive its transaction", _ENGINE)
_ACKS: Final = ("a commit must hold on every in-sync replica", _ENGINE)
# Property → why it is the engine's, and what to write instead. The one list: kafka/clients.py refuses the same.
OWNED: Final = {
    "enable.auto.commit": ("offsets are committed in the transaction that publishes their results", _ENGINE),
    "enable.auto.offset.store": (
        "offsets are committed in the transaction that publishes their results",
        _ENGINE,
    ),
    "enable.partition.eof": ("restoring ends at the end of a partition", _ENGINE),
    "isolation.level": ("only committed records may be read", _ENGINE),
    "enable.idempotence": ("transactions need it on", _ENGINE),
    "acks": _ACKS,
    "request.required.acks": _ACKS,
    "partition.assignment.strategy": ("partitions move without stopping those that stay", _ENGINE),
    "transactional.id": ("it fences an earlier run of the same instance", "set instance_id instead"),
    "transaction.timeout.ms": ("it bounds how long readers wait after a crash", _ENGINE),
    "message.timeout.ms": _OUTLIVES,
    "delivery.timeout.ms": _OUTLIVES,
    "auto.offset.reset": ("a silent reset would lose events", "set kafka.on_lost_data instead"),
    "group.id": ("there is a key for it", "set kafka.group_id instead"),
    "group.instance.id": ("it must differ between instances", "set instance_id instead"),
    "bootstrap.servers": ("there is a key for it", "set kafka.bootstrap_servers instead"),
    "metadata.broker.list": ("there is a key for it", "set kafka.bootstrap_servers instead"),
    "plugin.library.paths": ("a configuration must not load code", "remove it"),
}
CALLBACKS: Final = ("_cb", ".cb")  # how the names of callbacks end
_CLIENTS: Final = ("consumer", "producer", "admin")


@dataclass(frozen=True, slots=True)
class Property:
    """One value for librdkafka. `from_reference`: part of it came from the environment or a file: never shown."""

    value: str
    from_reference: bool = False

    def __repr__(self) -> str:
        """Without the value: any of them may be a secret."""
        return f"Property({MASK})"


def _property(value: object, info: ValidationInfo) -> Property:
    if isinstance(value, Property):
        return value
    if isinstance(value, bool):
        return Property("true" if value else "false")
    if isinstance(value, int | float):
        return Property(str(value))
    if not isinstance(value, str):
        raise refuse(f"must be one value, not {kind(value)}", "write text, a number, true or false")
    around = surroundings(info)
    text, from_reference = interpolated(value, around)
    return Property(text, from_reference)


def _property_name(key: str) -> str:
    name = next((key.removeprefix(f"{client}.") for client in _CLIENTS if key.startswith(f"{client}.")), key)
    if name.endswith(CALLBACKS):
        raise refuse("callbacks are the engine's", "remove it")
    if name in OWNED:
        why, write = OWNED[name]
        raise refuse(f"this property belongs to the engine: {why}", write)
    if not name or name != name.strip():
        raise refuse("not a property of librdkafka", "write a name such as security.protocol")
    return key


def _brokers(value: str) -> str:
    brokers = [broker.strip() for broker in value.split(",")]
    if not all(brokers) or any(" " in broker for broker in brokers):
        raise refuse(f"{shown(value)} is not a list of brokers", "write HOST:PORT, several joined by commas")
    return ",".join(brokers)


Brokers = Annotated[str, AfterValidator(_brokers)]
PropertyName = Annotated[str, AfterValidator(_property_name)]
PropertyValue = Annotated[
    Property,
    PlainValidator(_property, json_schema_input_type=str),
    WithJsonSchema({"type": ["string", "number", "boolean"]}),
]


class KafkaSettings(Section):
    """Where Kafka is and how the monitor uses it."""

    bootstrap_servers: Brokers | None = Field(
        None, description="Brokers to start from: HOST:PORT, joined by commas."
    )
    group_id: Name = Field(
        "stream-monitor", description="Consumer group; also the name under which alerts are counted."
    )
    properties: dict[PropertyName, PropertyValue] = Field(
        default_factory=dict,
        description="Properties passed to librdkafka as they are; for one client only with the prefix consumer.,"
        " producer. or admin.; values may hold ${ENV:NAME} and ${FILE:/path}.",
    )
    commit_every: Annotated[Duration, duration_between("10ms", "60s")] = Field(
        timedelta(seconds=1), description="Time between transactions; drift events become readable with one."
    )
    topic_prefix: TopicName = Field(
        "stream-monitor", description="First part of the names of the monitor's own topics."
    )
    partitions: Whole = Field(
        12, ge=1, le=10_000, description="Partitions of the columns and state topics; fixed once created."
    )
    replication_factor: Replicas | None = Field(
        None,
        description="Replicas of the topics the monitor creates; the broker's default if absent.",
    )
    create_topics: bool = Field(
        default=True, description="Create the monitor's own topics when they are missing."
    )
    on_lost_data: Literal["stop", "continue"] = Field(
        "stop",
        description="What to do when records or state are gone that were still needed: stop, or continue and say so.",
    )

    @field_serializer("properties")
    def _masked(self, properties: dict[str, Property]) -> dict[str, str]:
        return {
            key: MASK if prop.from_reference or is_secret_key(key) else prop.value
            for key, prop in properties.items()
        }
