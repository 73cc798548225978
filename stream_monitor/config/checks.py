"""What must hold between settings, and between them and the outside (files, known detectors)."""

from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath

from stream_monitor.config.conversion import detector_parameters
from stream_monitor.config.environment import variable
from stream_monitor.config.model_settings import DetectorSettings, ModelSettings
from stream_monitor.config.outcomes import check_outcomes
from stream_monitor.config.problems import Finding, Path, dotted, name_instead
from stream_monitor.config.settings import Settings
from stream_monitor.core.detector import DetectorSpec, Kind
from stream_monitor.core.segments.parameters import MOST_SLICINGS
from stream_monitor.core.series import SEQUENTIAL


def check(
    settings: Settings, known: Mapping[str, DetectorSpec] | None, *, reference_files: bool
) -> Iterator[Finding]:
    """Findings of every run, with or without Kafka.

    known: detectors by id; None leaves them unchecked. reference_files: whether they must be there.
    """
    yield from _sinks(settings)
    yield from _own_topics(settings)
    yield from check_outcomes(settings)
    first: dict[str, int] = {}
    for at, model in enumerate(settings.models or []):
        path: Path = ("models", at)
        if model.name in first:
            what = f"models[{first[model.name]}] has the same name"
            yield Finding((*path, "name"), what, "merge the two, or give each its own name")
        first.setdefault(model.name, at)
        yield from _reference(model, path, files=reference_files)
        yield from _demands(model, path)
        yield from _segments(model, path)
        if known is not None:
            yield from _detectors(model, path, known)
    yield from _sources(settings)


def check_kafka(settings: Settings) -> Iterator[Finding]:
    """Findings of a run on Kafka: what it cannot do without."""
    if settings.kafka.bootstrap_servers is None:
        path: Path = ("kafka", "bootstrap_servers")
        yield Finding(
            path,
            "missing",
            f"write kafka: {{bootstrap_servers: HOST:PORT}}, or set {variable(path)}",
            on_key=True,
        )
    topics: Path = ("discovery", "topics")
    if settings.models is None and not settings.discovery.topics:
        write = f"write models:, or discovery: {{topics: [NAME]}}, or set {variable(topics)}"
        yield Finding(topics, "nothing to monitor", write, on_key=True, also=("models",))
    if settings.models is not None and settings.discovery.topics:
        yield Finding(
            topics,
            "discovery ends where models: is given",
            "remove one of the two",
            on_key=True,
            also=("models",),
        )
    for at, model in enumerate(settings.models or []):
        if model.sources is None:
            yield Finding(("models", at, "sources"), "missing", "write sources: [TOPIC]", on_key=True)


def _sinks(settings: Settings) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for at, sink in enumerate(settings.sinks):
        name = "kafka" if sink.kafka is not None else sink.label
        if first.setdefault(name, at) == at:
            continue
        if sink.kafka is not None:
            what, instead = "a second Kafka sink", "keep one: others can read its topic"
        else:
            what, instead = f"a second sink called {name}", "give each a name of its own"
        yield Finding(("sinks", at), what, instead, on_key=True)


def _own_topics(settings: Settings) -> Iterator[Finding]:
    """The monitor's topics differ from each other, and none is an input: that would be a loop."""
    topics = settings.topics
    own: dict[str, Path] = {}
    at = next((at for at, sink in enumerate(settings.sinks) if sink.kafka is not None), 0)
    named: dict[str, Path] = {"state": ("state", "topic"), "alerts": ("sinks", at, "kafka", "topic")}
    for role in ("columns", "dead_letter", "status", "history", "operations", "state", "alerts"):
        name, path = getattr(topics, role), named.get(role, ("kafka", "topic_prefix"))
        if name in own:
            yield Finding(path, f'"{name}" is already another topic of the monitor', "write another name")
        own[name] = path
    inputs: list[tuple[Path, str]] = [
        (("discovery", "topics", at), n) for at, n in enumerate(settings.discovery.topics)
    ]
    for at, model in enumerate(settings.models or []):
        for where, source in enumerate(model.sources or []):
            inputs.append((("models", at, "sources", where), source.topic))
    for path, name in inputs:
        if name in own:
            yield Finding(path, f'"{name}" is a topic the monitor writes', "name a topic of your events")


def _reference(model: ModelSettings, path: Path, *, files: bool) -> Iterator[Finding]:
    reference = model.reference
    if reference is None:
        return
    named: list[tuple[Path, FilePath, str]] = []
    if reference.file is not None:
        named.append(((*path, "reference"), reference.file, "a file of training data"))
    for version, file in (reference.versions or {}).items():
        where = (*path, "reference", "versions", version)
        named.append((where, file, "a reference profile, or a file of native events"))
    for where, file, what in named if files else ():
        if not file.is_file():
            wrong = "is not a file" if file.exists() else "does not exist"
            yield Finding(where, f"{file} {wrong}", f"name {what}")
    if reference.events is not None and model.warm_up not in {None, reference.events}:
        what = f"differs from reference.events ({reference.events}), which means the same"
        yield Finding((*path, "warm_up"), what, "keep one of the two")


def _demands(model: ModelSettings, path: Path) -> Iterator[Finding]:
    """A share of events that break what nobody demands. What a reference demands is in its file."""
    if model.reference is not None and model.reference.file is not None:
        return
    for name, one in model.features.items():
        if one is not None and one.at_most is not None and not one.demands:
            what = "at_most is a share of nothing that is demanded"
            yield Finding((*path, "features", name), what, "write range, allowed or required with it")


def _segments(model: ModelSettings, path: Path) -> Iterator[Finding]:
    seen: dict[str | None, int] = {}
    for at, one in enumerate(model.segments):
        if one.feature in seen:
            there = dotted((*path, "segments", seen[one.feature]))
            yield Finding((*path, "segments", at), f"{there} slices by the same", "keep one of the two")
        seen.setdefault(one.feature, at)
    sliced = sum(one.feature is not None for one in model.segments) + (model.fairness is not None)
    if sliced > MOST_SLICINGS:
        what = f"{sliced} features slice the events, that of fairness included"
        yield Finding((*path, "segments"), what, f"keep at most {MOST_SLICINGS}")
    if model.fairness is not None and model.task == "regression":
        yield Finding((*path, "fairness"), "a regression has no favourable class", "remove it", on_key=True)


def _sources(settings: Settings) -> Iterator[Finding]:
    """One topic is read in one way, and it is clear whose its events are."""
    seen: dict[str, tuple[int, int]] = {}
    for at, model in enumerate(settings.models or []):
        for where, source in enumerate(model.sources or []):
            path: Path = ("models", at, "sources", where)
            other = seen.setdefault(source.topic, (at, where))
            if other == (at, where):
                continue
            first = (settings.models or [])[other[0]].sources or []
            there = dotted(("models", other[0], "sources", other[1]))
            if other[0] == at:
                yield Finding(path, f"{there} is the same topic", "keep one of the two")
            elif first[other[1]] != source:
                yield Finding(
                    path,
                    f"{there} reads the same topic differently",
                    "write the same role, format and mapping",
                )
            elif source.mapping and not source.mapping.model:
                what = f"{there} maps the same topic, and no path says which model an event belongs to"
                yield Finding(path, what, "write mapping.model in both")


def _detectors(model: ModelSettings, path: Path, known: Mapping[str, DetectorSpec]) -> Iterator[Finding]:
    for at, detector in enumerate(model.detectors or []):
        yield from _detector(detector, (*path, "detectors", at), known, None)
    for name, feature in model.features.items():
        for at, detector in enumerate((feature and feature.detectors) or []):
            yield from _detector(
                detector, (*path, "features", name, "detectors", at), known, feature.kind if feature else None
            )


def _detector(
    detector: DetectorSettings, path: Path, known: Mapping[str, DetectorSpec], kind: Kind | None
) -> Iterator[Finding]:
    spec = known.get(detector.detector)
    if spec is None:
        write = name_instead(detector.detector, sorted(known))
        yield Finding(path, f'there is no detector "{detector.detector}"', write)
        return
    if kind is not None and kind not in spec.kinds:
        fit = sorted(other.id for other in known.values() if kind in other.kinds)
        what = f"{spec.id} cannot watch {kind.value} features"
        yield Finding(
            path, what, f"write one of {', '.join(fit)}" if fit else "remove it: nothing watches this kind"
        )
    params: Path = (*path, "params")
    if spec.id == SEQUENTIAL and detector.params:
        yield Finding(params, "alerting.false_alarms alone says how strict it is", "remove params")
        return
    unknown = [name for name in detector.params if name not in spec.defaults]
    for name in unknown:
        write = name_instead(name, list(spec.defaults))
        yield Finding((*params, name), f"{spec.id} has no such parameter", write, on_key=True)
    if detector.params and not unknown:
        try:
            spec.build({**spec.defaults, **detector_parameters(detector)}, seed=0)
        except ValueError as error:
            # the built-in ones say what to write after the last colon
            what, _, write = str(error).rpartition(": ")
            if not write.startswith("write "):
                what, write = f"{spec.id} refuses its parameters: {error}", "write values it takes"
            yield Finding(params, what, write)
