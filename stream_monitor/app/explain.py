"""Where an explanation takes its knowledge from: the status topic of a running monitor, files, or the configuration alone."""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Final

from stream_monitor.app.composition import parameters_by_name
from stream_monitor.app.explanation import Explanation, Known, ModelKnowledge, explain
from stream_monitor.app.references import load_references
from stream_monitor.app.replay import Plan, Tally, replay
from stream_monitor.app.service import kafka_options
from stream_monitor.config import Settings
from stream_monitor.core.batch import FEATURE
from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Record
from stream_monitor.core.model_monitor import ModelMonitor
from stream_monitor.core.order import Order
from stream_monitor.core.parameters import ModelParameters
from stream_monitor.core.partition_monitor import ModelTask
from stream_monitor.core.report import status_of
from stream_monitor.core.series import MISSING, SeriesKey
from stream_monitor.core.series_monitor import SeriesMonitor
from stream_monitor.core.status import ModelStatus, SeriesStatus
from stream_monitor.core.window import BLOCK
from stream_monitor.detectors import registry
from stream_monitor.formats import status as status_format
from stream_monitor.formats.timestamps import format_rfc3339
from stream_monitor.kafka.topic_range import TopicRange

_SHOWN: Final = 10
_GLOB: Final = frozenset("*?[")
_OUTPUTS: Final = ("prediction", "probability", "error", "label", "latency")


class NotKnown(StreamMonitorError):
    """There is no such model or series; the text says which there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is to be explained. series: None for all series of the model."""

    model: str
    series: str | None


def target_of(text: str, models: Sequence[str]) -> Target:
    """MODEL or MODEL.SERIES among these models; names of models may have dots. Without models the name of the series says
    where it begins. Raises NotKnown.
    """
    if text in models:
        return Target(model=text, series=None)
    beginning = [model for model in models if text.startswith(model + ".")]
    if beginning:
        model = max(beginning, key=len)
        return Target(model=model, series=text.removeprefix(model + "."))
    if models:
        raise NotKnown(f"there is no model {text!r}; {_there(text, models)}")
    for prefix in (FEATURE, MISSING):
        model, dot, name = text.partition(f".{prefix}")
        if dot and model:
            return Target(model=model, series=prefix + name)
    model, dot, name = text.rpartition(".")
    if dot and name.partition(":")[0] in _OUTPUTS:
        return Target(model=model, series=name)
    return Target(model=text, series=None)


def explained_series(target: Target, model: ModelKnowledge) -> Sequence[Explanation]:
    """The series that are meant, by name: of `prediction` and its like one for every version. Raises NotKnown."""
    found = [known for key, known in model.series.items() if target.series in {None, key.name}]
    if not found:
        names = list(dict.fromkeys(key.name for key in model.series))
        if target.series is None:
            raise NotKnown(
                f"{model.source} names no series of {target.model}: write {target.model}.feature:NAME,"
                " or let it read --replay FILE"
            )
        raise NotKnown(f"{target.model} has no series {target.series!r}; {_there(target.series, names)}")
    catalogue = registry.installed()
    return [explain(known, model, catalogue) for known in found]


def at_rate(known: ModelKnowledge, events_per_second: float) -> ModelKnowledge:
    """With a value in each of so many events for every series whose rate is not known."""
    rate = events_per_second / 1000
    series = {key: replace(one, values_per_ms=one.values_per_ms or rate) for key, one in known.series.items()}
    return replace(known, series=series)


def from_configuration(settings: Settings, target: Target, series_count: int) -> ModelKnowledge:
    """What is known before there is any event.

    Raises StreamMonitorError: a reference cannot be read, or the configuration leaves the series out.
    """
    parameters = _parameters(settings, target.model)
    if target.series is not None:
        names = [target.series]
    else:
        configured = [name for name in parameters.overrides if not _GLOB & set(name)]
        names = [FEATURE + name for name in dict.fromkeys([*parameters.references, *configured])]
    series = _known(settings, parameters, {SeriesKey(name, None): None for name in names})
    if target.series is not None and not series:
        raise NotKnown(f"the configuration leaves {target.series} of {target.model} out: it is not watched")
    return ModelKnowledge(
        parameters=parameters,
        series=series,
        series_count=series_count,
        source="the configuration",
    )


def from_files(settings: Settings, planned: Plan, target: Target) -> ModelKnowledge:
    """What a monitor would know that had read these files. Raises StreamMonitorError as `replay` does."""
    tally = Tally()
    for _ in replay(planned, tally):
        pass
    monitor = tally.monitors.get(target.model)
    if monitor is None:
        raise NotKnown(
            f"the files hold no rows of the model {target.model!r}; {_there(target.model, list(tally.monitors))}"
        )
    parameters = monitor.parameters
    order = Order(lateness_ms=0, cap_rows=0, topics=None)
    status = status_of(ModelTask(order=order, monitor=monitor))
    known = _known(
        settings, parameters, {SeriesKey(one.series, one.version, one.segment): one for one in status.series}
    )
    for key, one in known.items():
        watched = monitor.series[key]
        known[key] = replace(
            one,
            reference=None if watched.lens is None else watched.lens.reference,
            values_per_ms=_recent_rate(watched) if planned.timed else None,
        )
    return ModelKnowledge(
        parameters=parameters,
        series=known,
        series_count=len(known),
        source=f"{tally.rows:,} rows of {', '.join(str(path) for path in planned.files)}",
    )


def read_statuses(settings: Settings) -> "Statuses":
    """Those on the status topic of a running monitor. Joins no group and commits nothing. Cost: reads the topic once.

    Raises StreamMonitorError: no broker answers, there is no such topic, or no status on it.
    """
    with closing(TopicRange(kafka_options(settings), settings.topics.status, None, None)) as reader:
        return Statuses(settings, (record for span in reader.spans for record in reader.records(span)))


class Statuses:
    """The first and the last status of every model among the records of the status topic."""

    def __init__(self, settings: Settings, records: Iterable[Record]) -> None:
        """Raises StreamMonitorError where there is none."""
        self._settings = settings
        self._topic = settings.topics.status
        self._values: dict[str, tuple[bytes, bytes]] = {}
        for record in records:
            name = (record.key or b"").decode(errors="replace")
            if record.value is not None and name.startswith(status_format.KEY_PREFIX):
                model = name.removeprefix(status_format.KEY_PREFIX)
                first, _ = self._values.get(model, (record.value, b""))
                self._values[model] = first, record.value
        if not self._values:
            raise StreamMonitorError(
                f"no model has a status on {self._topic} yet: is stream-monitor run running, and are there events?"
                " To explain without it, add --replay FILE or --series NUMBER"
            )

    @property
    def models(self) -> Sequence[str]:
        """Their names."""
        return sorted(self._values)

    def last(self, model: str) -> ModelStatus:
        """The last status of `model`. Raises StreamMonitorError: not a status of this release, or none."""
        if model not in self._values:
            raise NotKnown(
                f"{self._topic} holds no status of the model {model!r}; {_there(model, self.models)}"
            )
        return status_format.decode(self._values[model][1])

    def knowledge(self, model: str) -> ModelKnowledge:
        """What the last status of `model` says. Raises StreamMonitorError: not a status of this release, or none."""
        if model not in self._values:
            raise NotKnown(
                f"{self._topic} holds no status of the model {model!r}; {_there(model, self.models)}"
            )
        first, last = (status_format.decode(value) for value in self._values[model])
        omitted = json.loads(self._values[model][1])["omitted"]["series"]
        parameters = _parameters(self._settings, model)
        statuses = {SeriesKey(one.series, one.version, one.segment): one for one in last.series}
        rates = _rates(first, last)
        known = _known(self._settings, parameters, statuses)
        return ModelKnowledge(
            parameters=parameters,
            series={key: replace(one, values_per_ms=rates.get(key)) for key, one in known.items()},
            series_count=len(last.series) + omitted,
            source=f"the status of {format_rfc3339(last.time)} on {self._topic}",
        )


def _parameters(settings: Settings, model: str) -> ModelParameters:
    """With the references of this model alone."""
    wanted = [one for one in settings.models or [] if one.name == model]
    references = load_references(settings.model_copy(update={"models": wanted})) if wanted else {}
    return parameters_by_name(settings, references)(model)


def _known(
    settings: Settings, parameters: ModelParameters, statuses: Mapping[SeriesKey, SeriesStatus | None]
) -> dict[SeriesKey, Known]:
    """What configuration and status say of these series, but for those that are not watched."""
    monitor = ModelMonitor(parameters, registry.installed())
    named = next((one.reference for one in settings.models or [] if one.name == parameters.name), None)
    found = {}
    for key, status in statuses.items():
        if not monitor.watches(key):
            continue
        chosen = monitor.new_series(key, 0).parameters
        file = None
        if named is not None and chosen.reference is not None:
            file = (named.versions or {}).get(key.version or "", named.file)
        found[key] = Known(
            key=key, parameters=chosen, status=status, file=None if file is None else str(file)
        )
    return found


def _rates(first: ModelStatus, last: ModelStatus) -> Mapping[SeriesKey, float]:
    """Values of each series per ms of event time between two statuses; none where that was less than a second."""
    span = last.time - first.time
    before = {SeriesKey(one.series, one.version, one.segment): one.values for one in first.series}
    if span < 1000:
        return {}
    now = {SeriesKey(one.series, one.version, one.segment): one.values for one in last.series}
    gained = {key: values - before[key] for key, values in now.items() if key in before}
    return {key: values / span for key, values in gained.items() if values > 0}


def _recent_rate(series: SeriesMonitor) -> float | None:
    """Values per ms of event time over the blocks of the window."""
    times = series.window.times
    if len(times) == 0 or times[-1, 1] <= times[0, 0]:
        return None
    return float((len(times) * BLOCK - 1) / (times[-1, 1] - times[0, 0]))


def _there(wanted: str, names: Sequence[str]) -> str:
    """Which there are: those that are spelled alike, or else the first."""
    if not names:
        return "there is none"
    near = get_close_matches(wanted, names, n=3, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(near)}?"
    more = len(names) - _SHOWN
    return f"there are {', '.join(names[:_SHOWN])}" + (f" and {more:,} more" if more > 0 else "")
