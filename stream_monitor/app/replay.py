"""Replay of files: the same core as the service over rows in file order, without log, worker and Kafka."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeAlias

from stream_monitor.app.composition import parameters_by_name, rules_by_topic
from stream_monitor.app.references import load_references
from stream_monitor.config import Settings, topic_sources
from stream_monitor.core.batch import ColumnBatch
from stream_monitor.core.columnise import Gathered
from stream_monitor.core.drift_event import DriftEvent
from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Reason, Rejected, Source
from stream_monitor.core.model_monitor import ModelMonitor
from stream_monitor.core.parameters import PER_100K_EVENTS, PER_WEEK, BudgetUnit, ModelParameters
from stream_monitor.core.profile import ModelReferences
from stream_monitor.core.retrain_request import RetrainRequest
from stream_monitor.core.sentence import summary_of
from stream_monitor.detectors import registry
from stream_monitor.files.columns import FileColumns
from stream_monitor.files.opening import stem_of
from stream_monitor.files.rows import FileRows, read
from stream_monitor.formats.native_json import Rules

AT_ONCE: Final = 20_000  # rows that are observed together; how many makes no difference to what is found
References: TypeAlias = Mapping[str, ModelReferences]
"""What is normal, by model."""


class UnclearModel(StreamMonitorError):
    """Nothing says whose the rows of a file are; `models` are those to choose from."""

    def __init__(self, path: Path, guessed: str, models: Sequence[str]) -> None:
        self.models = tuple(models)
        super().__init__(
            f"{path}: the configuration has no model {guessed!r}; choose one with --model: {', '.join(models)}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is replayed. files: by the path the user named. timed: rows carry event time."""

    files: Mapping[Path, FileRows]
    parameters_of: Callable[[str], ModelParameters]
    max_models: int
    timed: bool


@dataclass(slots=True, kw_only=True)
class Tally:
    """What has been read so far. first_rejected: the file and what was wrong. monitors: by model.
    retrain_requests: in the order of the rows.
    """

    rows: int = 0
    monitors: dict[str, ModelMonitor] = field(default_factory=dict)
    rejected: Counter[Reason] = field(default_factory=Counter)
    first_rejected: tuple[Path, Rejected] | None = None
    retrain_requests: list[RetrainRequest] = field(default_factory=list)


def plan(
    paths: Iterable[Path], columns: FileColumns, settings: Settings, references: References | None = None
) -> Plan:
    """Open the files, and load references if they are not given. `columns.model`, else the configuration, else a file's
    name says whose its flat rows are. Without event time in all files a budget that counts time becomes the default for
    events.

    Raises StreamMonitorError as `files.rows.read` does and for a reference that cannot be read, UnclearModel where the
    configuration does not say which model is meant.
    """
    return plan_rows({path: _open(path, columns, settings) for path in paths}, settings, references)


def plan_rows(
    files: Mapping[Path, FileRows], settings: Settings, references: References | None = None
) -> Plan:
    """The same for rows that are open already, or that no file holds. references: by model; loaded here if None.

    Raises StreamMonitorError for a reference that cannot be read.
    """
    timed = all(rows.timed for rows in files.values())
    if references is None:
        names = {rows.model for rows in files.values()}
        wanted = [model for model in settings.models or [] if None in names or model.name in names]
        references = load_references(settings.model_copy(update={"models": wanted}))
    base = parameters_by_name(settings, references)

    def parameters_of(model: str) -> ModelParameters:
        parameters = base(model)
        budget = parameters.budget or PER_WEEK
        if budget.unit is BudgetUnit.MILLISECONDS and not timed:
            budget = PER_100K_EVENTS
        derived = parameters.derived if timed else replace(parameters.derived, traffic_ms=None)
        return replace(parameters, budget=budget, derived=derived)

    return Plan(
        files=files, parameters_of=parameters_of, max_models=settings.discovery.max_models, timed=timed
    )


def replay(planned: Plan, tally: Tally) -> Iterator[Sequence[DriftEvent]]:
    """The drift events of the files, read one after the other as one stream per model: a list for every so many rows,
    so that progress can be shown; `tally` is kept meanwhile.

    Positions name a file as the user did. Raises StreamMonitorError where a file ends early or is damaged.
    """
    for path, rows in planned.files.items():
        for batches in _batches(path, rows, tally):
            yield [
                event if planned.timed else _by_row(event)
                for batch in batches
                for event in _observe(batch, planned, tally)
            ]


def _batches(path: Path, rows: FileRows, tally: Tally) -> Iterator[Sequence[ColumnBatch]]:
    """A batch a model of every so many rows; where the file is damaged of those before that, too."""
    source, gathered = Source(str(path), 0), Gathered()
    try:
        for arrived in rows.gather(source, gathered):
            if arrived.rejected and tally.first_rejected is None:
                tally.first_rejected = path, arrived.rejected[0]
            tally.rejected.update(bad.reason for bad in arrived.rejected)
            if gathered.rows >= AT_ONCE:
                yield gathered.drain()
    except StreamMonitorError:
        yield gathered.drain()
        raise
    if gathered.rows:
        yield gathered.drain()


def _observe(batch: ColumnBatch, planned: Plan, tally: Tally) -> Sequence[DriftEvent]:
    model = batch.model
    if model not in tally.monitors:
        if len(tally.monitors) == planned.max_models:
            tally.rejected[Reason.TOO_MANY_MODELS] += len(batch)
            return ()
        tally.monitors[model] = ModelMonitor(planned.parameters_of(model), registry.installed())
    tally.rows += len(batch)
    outcome = tally.monitors[model].observe(batch)
    tally.retrain_requests += outcome.retrain_requests
    return outcome.drift_events


def _by_row(event: DriftEvent) -> DriftEvent:
    """Rows without a time have been given their number: the sentence says so."""
    return replace(event, summary=summary_of(event, timed=False))


def _open(path: Path, columns: FileColumns, settings: Settings) -> FileRows:
    configured = [model.name for model in settings.models or []]
    stem = stem_of(path)
    model = columns.model or (configured[0] if len(configured) == 1 and stem not in configured else stem)
    rows = read(path, replace(columns, model=model), rules=_rules(stem, columns.model, settings))
    if rows.model is not None and configured and model not in configured:
        raise UnclearModel(path, model, configured)
    return rows


def _rules(topic: str, model: str | None, settings: Settings) -> Rules:
    """How JSON is read: as that topic's where the file is named after one, else as all sources are if they agree."""
    configured = frozenset(one.name for one in settings.models or [])
    allowed = frozenset({model}) if model else configured or None
    sources = topic_sources(settings)
    if topic in sources:
        return replace(rules_by_topic(settings)(topic), models=allowed)
    rules_of = rules_by_topic(settings)
    ways = [
        rules_of(name) for name, source in sources.items() if allowed is None or allowed & set(source.models)
    ]
    agreed = ways and all(
        (way.mapping, way.default_model) == (ways[0].mapping, ways[0].default_model) for way in ways
    )
    return replace(ways[0], models=allowed, role=None) if agreed else Rules(models=allowed)
