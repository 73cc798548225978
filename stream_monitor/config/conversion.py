"""Settings to the plain values the core and the composition root work with."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType

from stream_monitor.config.derived_settings import OFF, DerivedSettings
from stream_monitor.config.model_settings import (
    DetectorSettings,
    FeatureSettings,
    ModelSettings,
    SourceSettings,
)
from stream_monitor.config.outcomes import outcome_parameters
from stream_monitor.config.segment_settings import segment_parameters
from stream_monitor.config.settings import Settings
from stream_monitor.core.derived.parameters import MINUTE_MS, Constraints, DerivedParameters
from stream_monitor.core.detector import Scalar
from stream_monitor.core.parameters import AfterDrift, Caps, DetectorChoice, ModelParameters, SeriesParameters
from stream_monitor.core.performance.expected import Expected
from stream_monitor.core.profile import ModelReferences
from stream_monitor.core.segments.parameters import Slicing

_GLOB = frozenset("*?[")


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSource:
    """How the records of one configured topic are read.

    models: those whose events it may carry. owner: the model every event belongs to, where records do not name one.
    paths: dotted paths by field of an event, None for native records. features: the path of the object that holds
    them, or feature name → path.
    """

    topic: str
    models: tuple[str, ...]
    owner: str | None = None
    role: str | None = None
    paths: Mapping[str, str] | None = None
    features: str | Mapping[str, str] | None = None


def topic_sources(settings: Settings) -> Mapping[str, TopicSource]:
    """The configured topics by name, in the order of the file; empty where models are discovered."""
    found: dict[str, TopicSource] = {}
    for model in settings.models or []:
        for source in model.sources or []:
            known = found.get(source.topic)
            found[source.topic] = (
                replace(known, models=(*known.models, model.name)) if known else _topic_source(model, source)
            )
    return MappingProxyType(found)


def _topic_source(model: ModelSettings, source: SourceSettings) -> TopicSource:
    mapping = source.mapping
    paths = mapping.model_dump(exclude_none=True, exclude={"features"}) if mapping else None
    return TopicSource(
        topic=source.topic,
        models=(model.name,),
        owner=model.name if mapping and mapping.model is None else None,
        role=source.role,
        paths=paths,
        features=mapping.features if mapping else None,
    )


def slicings_of(settings: Settings, name: str) -> Sequence[Slicing]:
    """How the rows of the model `name` are sliced into segments; none where it is not configured."""
    model = next((model for model in settings.models or () if model.name == name), None)
    return () if model is None else segment_parameters(model.segments, model.fairness).all


def model_parameters(
    settings: Settings, name: str, references: Mapping[str, ModelReferences]
) -> ModelParameters:
    """What the core is told about the model `name`; `references` by model are loaded elsewhere.

    A discovered model (no `models:` in the configuration) gets the global settings. Raises KeyError for a model
    that is not configured where `models:` is given.
    """
    known = references.get(name, ModelReferences())
    common = ModelParameters(
        name=name,
        group=settings.kafka.group_id,
        budget=settings.alerting.false_alarms,
        after_drift=AfterDrift(settings.alerting.after_drift or "keep"),
        references=known.features,
        constraints=known.constraints,
        outputs=known.outputs,
        labels=dict(settings.alerting.labels),
        lateness_ms=round(settings.ingest.lateness.total_seconds() * 1000),
        outcomes=replace(outcome_parameters(settings, None), promised=_promised(known)),
        derived=derived_parameters(settings.derived, DerivedSettings()),
    )
    if settings.models is None:
        # A feature has its own series and one of its missing values; predictions, labels and errors are a few more.
        return replace(common, caps=Caps(series=2 * settings.discovery.max_features_per_model + 16))
    model = next((model for model in settings.models if model.name == name), None)
    if model is None:
        raise KeyError(name)
    default = _default(model)
    return replace(
        common,
        budget=model.alerting.false_alarms or common.budget,
        after_drift=AfterDrift(model.alerting.after_drift or common.after_drift),
        default=default,
        overrides=dict(_overrides(model, default)),
        importance=_importance(model),
        retrain=model.retrain.policy() if model.retrain else None,
        topics=tuple(source.topic for source in model.sources) if model.sources else None,
        labels={
            **settings.alerting.labels,
            **({"owner": model.owner} if model.owner else {}),
            **model.alerting.labels,
        },
        outcomes=replace(outcome_parameters(settings, model), promised=_promised(known)),
        derived=derived_parameters(model.derived, settings.derived),
        segments=segment_parameters(model.segments, model.fairness),
    )


def derived_parameters(own: DerivedSettings, common: DerivedSettings) -> DerivedParameters:
    """What the model says, else what is said for all, else everything with its defaults."""
    traffic = own.traffic or common.traffic
    absent = own.absent_after or common.absent_after
    return DerivedParameters(
        traffic_ms=MINUTE_MS if traffic is None else _milliseconds(traffic),
        absence=absent != OFF,
        absent_ms=None if absent is None else _milliseconds(absent),
        quality=(own.quality or common.quality) != OFF,
        outliers=(own.outliers or common.outliers) == "on",
        confidence=True,
    )


def _milliseconds(value: timedelta | str) -> int | None:
    return None if isinstance(value, str) else round(value.total_seconds() * 1000)


def _promised(known: ModelReferences) -> dict[str | None, Expected]:
    return {version: promise.expected() for version, promise in known.promises.items()}


def _default(model: ModelSettings) -> SeriesParameters:
    events = model.reference.events if model.reference else None
    return SeriesParameters(
        detectors=detector_choices(model.detectors),
        tolerance=model.tolerance,
        warm_up=model.warm_up or events or SeriesParameters().warm_up,
    )


def _overrides(
    model: ModelSettings, default: SeriesParameters
) -> Iterator[tuple[str, SeriesParameters | None]]:
    """In the order of precedence: exact names, `exclude`, globs as written; the first that matches counts."""
    exact = {name: chosen for name, chosen in model.features.items() if not _GLOB & set(name)}
    for name, chosen in exact.items():
        yield name, _series(chosen, default)
    for pattern in model.exclude:
        if pattern not in exact:
            yield pattern, None
    for name, chosen in model.features.items():
        if name not in exact and name not in model.exclude:
            yield name, _series(chosen, default)


def _importance(model: ModelSettings) -> dict[str, float]:
    """Weights by name or glob, exact names first."""
    given = {
        name: one.importance for name, one in model.features.items() if one and one.importance is not None
    }
    exact = {name: weight for name, weight in given.items() if not _GLOB & set(name)}
    return {**exact, **given}


def _series(chosen: FeatureSettings | None, default: SeriesParameters) -> SeriesParameters | None:
    if chosen is None:
        return None
    return SeriesParameters(
        kind=chosen.kind,
        detectors=default.detectors if chosen.detectors is None else detector_choices(chosen.detectors),
        tolerance=default.tolerance if chosen.tolerance is None else chosen.tolerance,
        warm_up=chosen.warm_up or default.warm_up,
        constraints=_constraints(chosen),
    )


def _constraints(chosen: FeatureSettings) -> Constraints | None:
    low, high = chosen.range or (None, None)
    said = Constraints(
        low=low,
        high=high,
        allowed=None if chosen.allowed is None else tuple(chosen.allowed),
        required=chosen.required,
        at_most=chosen.at_most,
    )
    return None if said == Constraints() else said


def detector_choices(detectors: Sequence[DetectorSettings] | None) -> tuple[DetectorChoice, ...] | None:
    """The choices of the core; None stands for the default set."""
    if detectors is None:
        return None
    return tuple(DetectorChoice(id=one.detector, parameters=detector_parameters(one)) for one in detectors)


def detector_parameters(detector: DetectorSettings) -> dict[str, Scalar]:
    """The parameters that differ from the defaults."""
    return dict(detector.params)
