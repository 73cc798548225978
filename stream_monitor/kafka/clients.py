"""How librdkafka's clients are configured, and the only place where they are made.

What exactly-once rests on is laid over the user's properties last; a property of the user that would break it is refused.
Knows nothing of rebalances and transactions.
"""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, libversion
from confluent_kafka.admin import AdminClient

from stream_monitor.config.kafka_settings import CALLBACKS, OWNED
from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.kafka.failures import ALL_BROKERS_DOWN, AUTHENTICATION
from stream_monitor.kafka.options import KafkaOptions

# The largest record written or read: a snapshot of a wide model. Topics are created with the same max.message.bytes.
MAX_RECORD_BYTES: Final = 8 * 1024 * 1024

# A coordinator on the group protocol of KIP-848 sets these itself; librdkafka refuses them there.
_CLASSIC_ONLY: Final = ("session.timeout.ms", "heartbeat.interval.ms", "partition.assignment.strategy")
_REPEAT_SECONDS: Final = 30.0

_Client = TypeVar("_Client")


class ClientErrors:
    """What librdkafka reported outside of any call (`error_cb`); served inside poll, flush and consume."""

    def __init__(self) -> None:
        self.last: KafkaError | None = None
        self.fatal: KafkaError | None = None
        self.authentication: KafkaError | None = None

    def __call__(self, error: KafkaError) -> None:
        """Remember it. Nothing may be raised here: it would be lost inside the C library."""
        if error.code() != ALL_BROKERS_DOWN:  # says less than the error before it
            self.last = error
        if error.fatal():
            self.fatal = error
        if error.code() in {AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED}:
            self.authentication = error


class RepeatFilter(logging.Filter):
    """Lets a line of librdkafka through once in 30 s: a broker that is down is reported 30 times a second."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._seen: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is new; the part that tells durations does not count."""
        now, line = self._monotonic(), record.getMessage().partition(" (after ")[0]
        if len(self._seen) > 1000:
            self._seen.clear()
        if now - self._seen.get(line, -_REPEAT_SECONDS) < _REPEAT_SECONDS:
            return False
        self._seen[line] = now
        return True


def make_consumer(options: KafkaOptions, errors: ClientErrors, *, member: bool) -> Consumer:
    """A consumer; one that is not a member knows the group (to ask for its offsets) but never joins it."""
    config = member_config(options) if member else reader_config(options)
    return _make(Consumer, options, config, errors)


def make_restoring_consumer(options: KafkaOptions, errors: ClientErrors) -> Consumer:
    """Reads one partition after the other to its end. An end is told by an empty fetch, and the one before is waited for, too:
    twelve empty partitions took 5 s with the wait that saves requests where reading goes on.
    """
    return _make(Consumer, options, reader_config(options) | {"fetch.wait.max.ms": 10}, errors)


def make_glancing_consumer(options: KafkaOptions, errors: ClientErrors) -> Consumer:
    """Asks for committed offsets without waiting for pending transactions; reads nothing."""
    return _make(Consumer, options, reader_config(options) | {"isolation.level": "read_uncommitted"}, errors)


def make_feed_consumer(options: KafkaOptions, group: str, errors: ClientErrors) -> Consumer:
    """A member of another group, that reads what the monitor publishes; where it begins it says itself."""
    config = member_config(options) | {
        "group.id": group,
        "auto.offset.reset": "earliest",
        "enable.partition.eof": False,
    }
    config.pop("group.instance.id", None)  # it belongs to the worker
    return _make(Consumer, options, config, errors)


def make_producer(options: KafkaOptions, errors: ClientErrors) -> Producer:
    """A transactional producer, before init_transactions."""
    return _make(Producer, options, producer_config(options), errors)


def make_plain_producer(options: KafkaOptions, errors: ClientErrors) -> Producer:
    """A producer without transactions, for those who only feed a topic."""
    return _make(Producer, options, {"linger.ms": 20, **_base(options, "producer")}, errors)


def make_admin(options: KafkaOptions, errors: ClientErrors) -> AdminClient:
    """An admin client."""
    return _make(AdminClient, options, _base(options, "admin"), errors)


def member_config(options: KafkaOptions) -> dict[str, Any]:
    """Of the consumer that is a member of the group.

    Static membership (KIP-345) goes with a stable instance id: a restart gets its partitions back without a rebalance,
    and of two processes with one id the older is fenced, as its producer is. Under KIP-848 a static id is not given: there
    a restart after a kill is refused (UNRELEASED_INSTANCE_ID) until the session of its predecessor has expired.
    """
    config: dict[str, Any] = {
        # A dead worker is noticed after 15 s, about when its transaction times out; a rebalance within a second.
        "session.timeout.ms": 15_000,
        "heartbeat.interval.ms": 1_000,
        "topic.metadata.refresh.interval.ms": 30_000,
        "queued.min.messages": 10_000,  # more would stand in the queue before the columns of what was read
        "queued.max.messages.kbytes": 65_536,
        **_reading(options),
        "partition.assignment.strategy": "cooperative-sticky",
    }
    if config.get("group.protocol", "classic").lower() == "consumer":
        for key in _CLASSIC_ONLY:
            config.pop(key, None)
    elif options.instance_id is not None:
        config["group.instance.id"] = options.instance_id
    return config


def reader_config(options: KafkaOptions) -> dict[str, Any]:
    """Of the consumer that restores: `assign` only, records checked against their CRC unless the user says otherwise."""
    config = {"check.crcs": True, "queued.max.messages.kbytes": 65_536, **_reading(options)}
    for key in ("group.protocol", "session.timeout.ms", "heartbeat.interval.ms", "max.poll.interval.ms"):
        config.pop(key, None)
    return config


def producer_config(options: KafkaOptions) -> dict[str, Any]:
    """Of the transactional producer."""
    timeout = options.transaction_timeout_ms
    return {
        "linger.ms": 20,
        "batch.size": 1024 * 1024,
        "compression.type": "none",  # columns and snapshots come compressed
        "queue.buffering.max.messages": 1_000_000,
        "queue.buffering.max.kbytes": 262_144,
        # How long an unknown topic is hoped for: topics are verified at the start.
        "topic.metadata.propagation.max.ms": 5_000,
        "partitioner": "murmur2_random",  # as Java clients do
        "message.max.bytes": MAX_RECORD_BYTES,
        **_base(options, "producer"),
        "transactional.id": options.transactional_id,
        "transaction.timeout.ms": timeout,
        "message.timeout.ms": timeout,
        "enable.idempotence": True,
    }


def _reading(options: KafkaOptions) -> dict[str, Any]:
    return {
        # The end of a partition is told by an empty fetch: it comes after this wait.
        "fetch.wait.max.ms": 100,
        "fetch.queue.backoff.ms": 20,
        "fetch.message.max.bytes": 4 * 1024 * 1024,
        "fetch.max.bytes": 52_428_800,
        "receive.message.max.bytes": 104_857_600,
        **_base(options, "consumer"),
        "group.id": options.group_id,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
    }


def _base(options: KafkaOptions, client: str) -> dict[str, Any]:
    properties = options.client_properties(client)
    refused = sorted(key for key in properties if key in OWNED or key.endswith(CALLBACKS))
    if refused:
        raise StreamMonitorError(f"kafka.properties: {', '.join(refused)} belongs to the engine; remove it")
    return {
        "client.id": f"stream-monitor-{options.instance_id or options.run_id}",
        "socket.keepalive.enable": True,
        "reconnect.backoff.max.ms": 2_000,
        "log.connection.close": False,
        **properties,
        "bootstrap.servers": options.bootstrap_servers,
    }


def _make(
    client: Callable[..., _Client], options: KafkaOptions, config: Mapping[str, Any], errors: ClientErrors
) -> _Client:
    logger = options.logger.getChild("librdkafka")
    if not any(isinstance(present, RepeatFilter) for present in logger.filters):
        logger.addFilter(RepeatFilter())
    try:
        return client({**config, "error_cb": errors}, logger=logger)
    except KafkaException as error:
        raise StreamMonitorError(f"kafka.properties: {error.args[0].str()}") from error


def client_version() -> str:
    """Version of librdkafka."""
    return libversion()[0]
