"""The whole configuration, validated: what the program is composed from. Reads no file, knows no adapter."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field

from stream_monitor.config.derived_settings import DerivedSettings
from stream_monitor.config.fields import (
    LONGEST_RECORD,
    Duration,
    FormatVersion,
    Name,
    RecordSize,
    Section,
    TopicName,
    TopicPattern,
    Whole,
    duration_between,
)
from stream_monitor.config.http_settings import HttpSettings
from stream_monitor.config.kafka_settings import KafkaSettings
from stream_monitor.config.model_settings import Alerting, ModelSettings
from stream_monitor.config.outcome_settings import LabelChoice, LabelSettings, PerformanceSettings
from stream_monitor.config.secrets import mask
from stream_monitor.config.sink_settings import NotifySettings, SinkSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Topics:
    """Names of the monitor's own topics."""

    columns: str
    state: str
    alerts: str
    dead_letter: str
    status: str
    history: str
    operations: str


class DiscoverySettings(Section):
    """Models and features found in the topics, within caps; ends where `models` is given."""

    topics: list[TopicPattern] = Field(
        default_factory=list,
        description="Topics to read: exact names, or regular expressions that begin with ^.",
    )
    max_models: Whole = Field(
        100, ge=1, description="Models taken up; events of further ones are rejected and counted."
    )
    max_features_per_model: Whole = Field(
        500, ge=1, description="Features watched per model; further ones are counted."
    )


class StateSettings(Section):
    """Snapshots, and the topic that holds them."""

    topic: TopicName | None = Field(
        None, description="Topic of the snapshots; `<kafka.topic_prefix>.state` if absent."
    )
    checkpoint_every: Annotated[Duration, duration_between("100ms", "1h")] = Field(
        timedelta(seconds=30), description="Longest time between snapshots of a model that has changed."
    )
    checkpoint_rows: Whole = Field(500_000, ge=1_000, description="Most rows between snapshots of a model.")
    purge_columns: bool = Field(
        default=True,
        description="Delete records of the columns topic once every snapshot is beyond them; else it grows for ever.",
    )


class RejectLimit(Section):
    """A flood of bad records that stops the program."""

    max_rejects: Whole = Field(ge=1, description="Rejected events that are still accepted within `per`.")
    per: Annotated[Duration, duration_between("1s", "1d")] = Field(
        description="Time in which they are counted."
    )


class IngestSettings(Section):
    """How records are read, and what is refused."""

    lateness: Annotated[Duration, duration_between("0s", "1h")] = Field(
        timedelta(seconds=1),
        description="How far event times of one partition may be out of order before an event counts as late.",
    )
    max_clock_skew: Annotated[Duration, duration_between("1s", "7d")] = Field(
        timedelta(minutes=5), description="How far an event time may lie after its record's own timestamp."
    )
    max_record_bytes: RecordSize = Field(
        LONGEST_RECORD,
        description="Longer records are rejected: a number of bytes, or for example 64 KiB; at most 512 KiB.",
    )
    reject_limit: RejectLimit | None = Field(
        None, description="Stops the program when too much is rejected; off if absent."
    )
    dead_letter_payload: bool = Field(
        default=False,
        description="Copy the original record into the dead-letter record. Off: only its position and the reason.",
    )


class LoggingSettings(Section):
    """What is logged, and in which form."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least level that is logged."
    )
    format: Literal["console", "json"] = Field(
        "console", description="For people, or one JSON object a line."
    )


class Settings(Section):
    """Configuration of stream-monitor."""

    version: FormatVersion = Field(1, description="Version of this format: 1. Needed in a file.")
    instance_id: Name | None = Field(
        None,
        description="Stable name of this process (a pod's name), unique in the group: faster take-over after a crash.",
    )
    kafka: KafkaSettings = Field(default_factory=KafkaSettings, description="Where Kafka is.")
    discovery: DiscoverySettings = Field(
        default_factory=DiscoverySettings,
        description="Which topics to discover models in; not together with models.",
    )
    models: list[ModelSettings] | None = Field(
        None,
        min_length=1,
        description="The monitored models; events of others are then rejected and counted.",
    )
    alerting: Alerting = Field(
        default_factory=Alerting, description="For every model that says nothing else."
    )
    labels: LabelChoice = Field(
        default_factory=LabelSettings,
        description="Whether labels come, and how long predictions wait for them: for every model that says nothing else.",
    )
    performance: PerformanceSettings = Field(
        default_factory=PerformanceSettings,
        description="What figures of performance are made of, and which drop is none: for every model that says nothing else.",
    )
    derived: DerivedSettings = Field(
        default_factory=DerivedSettings,
        description="Series computed from events, for every model that says nothing else.",
    )
    sinks: list[SinkSettings] = Field(default_factory=list, description="Where drift events go.")
    notify: NotifySettings = Field(
        default_factory=NotifySettings, description="Who sends to Alertmanager and webhooks."
    )
    http: HttpSettings = Field(
        default_factory=HttpSettings, description="Metrics, health, API and dashboard over HTTP."
    )
    state: StateSettings = Field(default_factory=StateSettings, description="Snapshots.")
    ingest: IngestSettings = Field(default_factory=IngestSettings, description="How records are read.")
    logging: LoggingSettings = Field(default_factory=LoggingSettings, description="Logs.")

    @property
    def topics(self) -> Topics:
        """Names of the monitor's own topics, configured or from the prefix."""
        prefix = self.kafka.topic_prefix
        sink = next((one.kafka.topic for one in self.sinks if one.kafka is not None), None)
        return Topics(
            columns=f"{prefix}.columns",
            state=self.state.topic or f"{prefix}.state",
            alerts=sink or f"{prefix}.alerts",
            dead_letter=f"{prefix}.dead-letter",
            status=f"{prefix}.status",
            history=f"{prefix}.history",
            operations=f"{prefix}.operations",
        )

    def redacted(self) -> dict[str, Any]:
        """Everything as plain values for logs and people: no secret, nothing that came from a reference."""
        masked = mask(self.model_dump(mode="json"))
        assert isinstance(masked, dict)
        return masked
