"""What an error of librdkafka means for us, and in words what to check. Pure."""

from typing import Final

from confluent_kafka import KafkaError, KafkaException

# librdkafka's own codes have names with an underscore; this is the only place that spells them so.
ALL_BROKERS_DOWN: Final = KafkaError._ALL_BROKERS_DOWN  # noqa: SLF001
AUTHENTICATION: Final = KafkaError._AUTHENTICATION  # noqa: SLF001
AUTO_OFFSET_RESET: Final = KafkaError._AUTO_OFFSET_RESET  # noqa: SLF001
FATAL: Final = KafkaError._FATAL  # noqa: SLF001
FENCED: Final = KafkaError._FENCED  # noqa: SLF001
MAX_POLL_EXCEEDED: Final = KafkaError._MAX_POLL_EXCEEDED  # noqa: SLF001
PARTITION_EOF: Final = KafkaError._PARTITION_EOF  # noqa: SLF001
PURGED: Final = frozenset({KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT})  # noqa: SLF001
SSL: Final = KafkaError._SSL  # noqa: SLF001
STATE: Final = KafkaError._STATE  # noqa: SLF001
TIMED_OUT: Final = KafkaError._TIMED_OUT  # noqa: SLF001
UNKNOWN_PARTITION: Final = KafkaError._UNKNOWN_PARTITION  # noqa: SLF001
UNKNOWN_TOPIC: Final = KafkaError._UNKNOWN_TOPIC  # noqa: SLF001

# Another producer epoch exists: another process with our id, or the broker ended a transaction that took too long.
EPOCH_GONE: Final = frozenset({FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH})

# Another process joined the group with our instance id (classic: the older is told; KIP-848: the newer).
INSTANCE_TAKEN: Final = frozenset({KafkaError.FENCED_INSTANCE_ID, KafkaError.UNRELEASED_INSTANCE_ID})

_FORBIDDEN: Final = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "grant Read on the input topics, Read, Write and Delete on the monitor's own",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "grant Read on the consumer group",
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: "grant Write and Describe on the transactional id <group>.*",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "grant IdempotentWrite on the cluster (brokers before 2.8)",
    KafkaError.SASL_AUTHENTICATION_FAILED: "check sasl.mechanism, sasl.username and sasl.password",
    AUTHENTICATION: "check security.protocol, sasl.mechanism, sasl.username and sasl.password",
    SSL: "check security.protocol and the ssl.* certificates",
}

_UNWRITABLE: Final = {
    KafkaError.MSG_SIZE_TOO_LARGE: "raise max.message.bytes of the topic (stream-monitor topics create shows the value)",
    KafkaError.RECORD_LIST_TOO_LARGE: "raise segment.bytes of the topic",
    UNKNOWN_TOPIC: "create the topic: stream-monitor topics create",
    KafkaError.UNKNOWN_TOPIC_OR_PART: "create the topic: stream-monitor topics create",
    UNKNOWN_PARTITION: "the topic has fewer partitions than kafka.partitions says; never shrink it",
    KafkaError.INVALID_RECORD: "the topic's settings refuse the record (compacted topics need keys)",
    KafkaError.POLICY_VIOLATION: "a policy of the broker refuses the record",
    KafkaError.UNSUPPORTED_VERSION: "the broker is too old: Kafka 2.5 or newer is needed",
    KafkaError.INVALID_TRANSACTION_TIMEOUT: "raise transaction.max.timeout.ms of the broker above 15 s",
}


def cause_of(error: KafkaException | SystemError) -> KafkaError:
    """The error of the client. Raises any other SystemError again.

    The binding raises a fatal error from whatever call serves callbacks, and when more callbacks follow in that call the
    interpreter complains of them with a SystemError whose cause is the real one.
    """
    real = error if isinstance(error, KafkaException) else error.__cause__
    if not isinstance(real, KafkaException):
        raise error
    found: KafkaError = real.args[0]
    return found


def is_fatal(error: KafkaError) -> bool:
    """Whether the client is dead: it says so once, in the place of a record, and returns nothing ever after."""
    return error.fatal() or error.code() in INSTANCE_TAKEN or error.code() == FATAL


def instance_taken(error: KafkaError) -> bool:
    """Whether another process has our instance id; a fatal error tells its cause only in words."""
    return error.code() in INSTANCE_TAKEN or (error.code() == FATAL and "group.instance.id" in error.str())


def refusal(error: KafkaError) -> str | None:
    """Why the broker will never accept this, and what to do; None when trying again makes sense."""
    code = error.code()
    hint = _FORBIDDEN.get(code) or _UNWRITABLE.get(code)
    return None if hint is None else f"{error.str()}: {hint}"


def forbidden(error: KafkaError) -> str | None:
    """Why we are not let in, and what to do; None when that is not the trouble."""
    hint = _FORBIDDEN.get(error.code())
    return None if hint is None else f"{error.str()}: {hint}"


def unreachable(bootstrap_servers: str, last: KafkaError | None) -> str:
    """The text for a broker that does not answer, with the last thing the client heard."""
    said = f" ({last.str()})" if last is not None else ""
    hint = forbidden(last) if last is not None else None
    check = (
        hint
        if hint is not None
        else "check kafka.bootstrap_servers, that the brokers run and can be reached from here,"
        " and security.protocol"
    )
    return f"cannot work with Kafka at {bootstrap_servers}{said}: {check}"
