"""Settings + adapters → a worker. Everything that needs both the configuration and the parts is here and nowhere else."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from stream_monitor.app.references import load_references
from stream_monitor.config import Settings, TopicSource, model_parameters, topic_sources
from stream_monitor.core.columnise import Arrived, Gathered
from stream_monitor.core.events import Record, Role, Source
from stream_monitor.core.parameters import Caps, ModelParameters
from stream_monitor.core.partition_monitor import PartitionMonitor
from stream_monitor.core.profile import ModelReferences
from stream_monitor.detectors import registry
from stream_monitor.formats.mapping import Mapping as FieldMapping
from stream_monitor.formats.native_json import Rules
from stream_monitor.formats.shaped import ShapedReader
from stream_monitor.runtime.ingest import Ingest
from stream_monitor.runtime.outbox import Outbox, TopicNames
from stream_monitor.runtime.own_status import OwnStatus
from stream_monitor.runtime.partitions import ColumnsLog, Partitions
from stream_monitor.runtime.ports import Checkpointer, Clock, RecordSource, StateStore
from stream_monitor.runtime.publisher import Publisher
from stream_monitor.runtime.reject_limit import RejectLimit
from stream_monitor.runtime.schedule import Schedule
from stream_monitor.runtime.snapshot_schedule import SnapshotSchedule
from stream_monitor.runtime.worker import Parts, Worker, WorkerOptions
from stream_monitor.telemetry.recorder import Telemetry
from stream_monitor.telemetry.view import View, ViewHolder

_ROLES = {"features": Role.FEATURES, "prediction": Role.PREDICTION, "label": Role.LABEL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapters:
    """The outside world, as the ports."""

    source: RecordSource
    checkpointer: Checkpointer
    store: StateStore
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Where the worker tells what it does."""

    holder: ViewHolder
    telemetry: Telemetry


def compose(settings: Settings, adapters: Adapters, shown: Shown, *, name: str) -> Worker:
    """A worker called `name`. Reads reference files; raises StreamMonitorError if one cannot be read."""
    parameters_of = parameters_by_name(settings, load_references(settings))
    log = ColumnsLog(
        topic=settings.topics.columns,
        count=settings.kafka.partitions,
        on_lost_data=settings.kafka.on_lost_data,
        purge=settings.state.purge_columns,
    )
    partitions = Partitions(
        log,
        store=adapters.store,
        new_monitor=lambda first: PartitionMonitor(parameters_of, registry.installed(), first=first),
        snapshots=SnapshotSchedule(
            every=settings.state.checkpoint_every.total_seconds(),
            rows=settings.state.checkpoint_rows,
            count=settings.kafka.partitions,
        ),
        clock=adapters.clock,
        telemetry=shown.telemetry,
    )
    parts = Parts(
        source=adapters.source,
        checkpointer=adapters.checkpointer,
        clock=adapters.clock,
        ingest=_ingest(settings),
        partitions=partitions,
        outbox=_outbox(settings),
        own=OwnStatus(holder=shown.holder, clock=adapters.clock),
        schedule=_schedule(settings),
        publisher=Publisher(
            holder=shown.holder, source=adapters.source, telemetry=shown.telemetry, clock=adapters.clock
        ),
        telemetry=shown.telemetry,
        reject_limit=_reject_limit(settings),
    )
    return Worker(WorkerOptions(name=name), parts)


def first_view(settings: Settings, clock: Clock, *, name: str) -> View:
    """What is shown before the worker's first turn."""
    return View(
        worker=name,
        group=settings.kafka.group_id,
        columns_topic=settings.topics.columns,
        started=clock.wall(),
        beat=clock.monotonic(),
    )


def input_topics(settings: Settings) -> Sequence[str]:
    """Topics to read: exact names, or patterns that begin with ^."""
    if settings.models is None:
        return list(settings.discovery.topics)
    return list(topic_sources(settings))


def rules_by_topic(settings: Settings) -> Callable[[str], Rules]:
    """How the records of a topic are read."""
    sources = topic_sources(settings)
    common = Rules(
        max_bytes=settings.ingest.max_record_bytes,
        max_clock_skew_ms=round(settings.ingest.max_clock_skew.total_seconds() * 1000),
    )

    @cache
    def rules_of(topic: str) -> Rules:
        source = sources.get(topic)
        return common if source is None else _rules(source, common)

    return rules_of


def _rules(source: TopicSource, common: Rules) -> Rules:
    mapped = source.paths is not None or source.features is not None
    return Rules(
        models=frozenset(source.models),
        default_model=source.owner,
        role=_ROLES[source.role] if source.role else None,
        mapping=FieldMapping(features=source.features, **(source.paths or {})) if mapped else None,
        max_bytes=common.max_bytes,
        max_clock_skew_ms=common.max_clock_skew_ms,
    )


def parameters_by_name(
    settings: Settings, references: Mapping[str, ModelReferences]
) -> Callable[[str], ModelParameters]:
    """Parameters of any model. One that the configuration no longer knows keeps its state under the global settings."""
    configured = {model.name for model in settings.models or []}
    discovering = settings.model_copy(update={"models": None})

    @cache
    def parameters_of(model: str) -> ModelParameters:
        known = settings if settings.models is None or model in configured else discovering
        return model_parameters(known, model, references)

    return parameters_of


def _ingest(settings: Settings) -> Ingest:
    rules_of = rules_by_topic(settings)
    reader = ShapedReader()

    def read_by_rules(source: Source, records: Sequence[Record], gathered: Gathered) -> Arrived:
        return reader.read(source, records, rules_of(source.topic), gathered)

    return Ingest(
        read_by_rules,
        max_models=settings.discovery.max_models if settings.models is None else len(settings.models),
        far_ahead_rows=Caps().held_rows // 2,
    )


def _outbox(settings: Settings) -> Outbox:
    topics = settings.topics
    names = TopicNames(
        columns=topics.columns,
        state=topics.state,
        alerts=topics.alerts,
        dead_letter=topics.dead_letter,
        status=topics.status,
        history=topics.history,
    )
    return Outbox(topics=names, group=settings.kafka.group_id, payload=settings.ingest.dead_letter_payload)


def _schedule(settings: Settings) -> Schedule:
    return Schedule(
        commit_every=settings.kafka.commit_every.total_seconds(),
        lateness=settings.ingest.lateness.total_seconds(),
    )


def _reject_limit(settings: Settings) -> RejectLimit:
    limit = settings.ingest.reject_limit
    if limit is None:
        return RejectLimit(None, 0.0)
    return RejectLimit(limit.max_rejects, limit.per.total_seconds())
