"""What every Kafka adapter is told: plain values, no knowledge of the configuration file they come from."""

import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from stream_monitor.runtime.positions import OnLostData


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaOptions:
    """One worker's connection to Kafka.

    instance_id: stable name of this worker (pod name, configured); None: a random one for this run, then nobody resolves
    a transaction that was open at a kill before it times out. properties: passed to librdkafka as they are, for one
    client only with the prefix consumer., producer. or admin. .

    recovery_seconds: how long a new producer is tried for after the outcome of a transaction became unknown.
    patience_seconds: how long a pending transaction may keep a partition from starting; more than transaction timeout
    plus the broker's clean-up interval (10 s). watch_seconds: between two looks at the topics (ids, partition counts).
    """

    bootstrap_servers: str
    group_id: str
    instance_id: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    on_lost_data: OnLostData = "stop"
    recovery_seconds: float = 60.0
    patience_seconds: float = 90.0
    watch_seconds: float = 30.0
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    logger: logging.Logger = field(default_factory=lambda: logging.getLogger("stream_monitor.kafka"))

    @property
    def transactional_id(self) -> str:
        """Fences an earlier run of the same instance (KIP-98); unique in the cluster, so the group is part of it."""
        return f"{self.group_id}.{self.instance_id or self.run_id}"

    @property
    def transaction_timeout_ms(self) -> int:
        """How long readers wait for a dead worker: shorter when nobody will come back with its name."""
        return 15_000 if self.instance_id else 10_000

    def client_properties(self, client: str) -> dict[str, str]:
        """The user's properties of one client, its prefix removed and laid over the common ones."""
        prefixes = ("consumer.", "producer.", "admin.")
        common = {key: value for key, value in self.properties.items() if not key.startswith(prefixes)}
        own = f"{client}."
        return common | {
            key.removeprefix(own): value for key, value in self.properties.items() if key.startswith(own)
        }
