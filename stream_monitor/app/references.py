"""What the configuration names as reference → references of the core, from profiles and from training data."""

from collections.abc import Mapping
from pathlib import Path

from stream_monitor.config import Settings, model_parameters
from stream_monitor.config.model_settings import ReferenceSettings
from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.parameters import ModelParameters
from stream_monitor.core.performance.promise import Promise
from stream_monitor.core.profile import NO_VERSION, ModelReferences, Profile, VersionProfile, capped
from stream_monitor.core.reference import Reference
from stream_monitor.files.columns import FileColumns
from stream_monitor.files.learning import Choices
from stream_monitor.files.profiles import is_profile, read_profile
from stream_monitor.files.profiling import build


def load_references(settings: Settings) -> Mapping[str, ModelReferences]:
    """The references of the models that are given a file, by model. Cost: reads the files, once.

    A file is a reference profile or training data; its content says which. Raises StreamMonitorError: a file cannot be
    read, or a profile is of another model, of another version or of another kind of feature than configured.
    """
    references = {}
    for model in settings.models or []:
        if model.reference is not None and (model.reference.file or model.reference.versions):
            references[model.name] = _of(model.reference, model_parameters(settings, model.name, {}))
    return references


def _of(named: ReferenceSettings, parameters: ModelParameters) -> ModelReferences:
    features: Mapping[str, Reference] = {}
    demanded = {}
    versions: dict[str, VersionProfile] = {}
    if named.file is not None:
        profile = _profile(named.file, parameters, version=None)
        features = _features(named.file, profile, parameters)
        demanded = {name: one for name, one in profile.constraints.items() if name in features}
        versions |= profile.versions
    for version, file in (named.versions or {}).items():
        versions[version] = _version(file, version, _profile(file, parameters, version=version))
    outputs = {version or None: _outputs(one, parameters) for version, one in versions.items()}
    promises = {version or None: one.performance for version, one in versions.items() if one.performance}
    for promise in promises.values():
        _check_task(parameters, promise)
    return ModelReferences(features=features, outputs=outputs, promises=promises, constraints=demanded)


def _check_task(parameters: ModelParameters, promise: Promise) -> None:
    """Figures of another task, or of another positive class, promise nothing of this model."""
    wanted, task = parameters.outcomes.performance, promise.task
    options = [
        f"--{name} {value}"
        for name, value, found in (
            ("task", wanted.kind, task.kind),
            ("positive", wanted.positive, task.positive),
        )
        if value is not None and value != found
    ]
    if options:
        positive = "" if task.positive is None else f" with {task.positive} positive"
        raise StreamMonitorError(
            f"the reference of {parameters.name!r} holds the performance of a {task.kind.value} task{positive}, the"
            f" configuration says otherwise; build it with {' '.join(options)}"
        )


def _profile(file: Path, parameters: ModelParameters, *, version: str | None) -> Profile:
    """Of training data a sample is learned from: they are read at every start."""
    if not is_profile(file):
        kinds = {
            pattern: chosen.kind for pattern, chosen in parameters.overrides.items() if chosen is not None
        }
        choices = Choices(
            kinds=kinds,
            categories=parameters.caps.categories,
            version=version,
            whole=False,
            task=parameters.outcomes.performance.kind,
            positive=parameters.outcomes.performance.positive,
        )
        return build([file], FileColumns(model=parameters.name), choices, lambda _: None).profile
    profile = read_profile(file)
    if profile.model not in {None, parameters.name}:
        raise StreamMonitorError(
            f"{file}: is the reference profile of the model {profile.model!r}, not of {parameters.name!r}"
        )
    return profile


def _features(file: Path, profile: Profile, parameters: ModelParameters) -> Mapping[str, Reference]:
    """Those that are watched. A configured kind must be the profile's."""
    references = {}
    for name, known in profile.features.items():
        chosen = parameters.of_feature(name)
        if chosen is None:
            continue
        if chosen.kind not in {None, known.kind} and known.size > 0:
            raise StreamMonitorError(
                f"{file}: the feature {name!r} is {known.kind}, the configuration says {chosen.kind};"
                f" build the profile with --type {name}={chosen.kind}"
            )
        references[name] = capped(known, parameters.caps.categories)
    return references


def _version(file: Path, version: str, profile: Profile) -> VersionProfile:
    """What `version` puts out, or what nobody said to be of another one."""
    found = profile.versions.get(version)
    if found is None and profile.version in {None, version}:
        found = profile.versions.get(NO_VERSION)
    if found is None:
        there = ", ".join(name or "no version" for name in profile.versions) or "no version"
        raise StreamMonitorError(
            f"{file}: holds no predictions of version {version!r}, but of {there}; make a profile of some with"
            f" stream-monitor reference build --version {version} --prediction COLUMN"
        )
    return found


def _outputs(version: VersionProfile, parameters: ModelParameters) -> Mapping[str, Reference]:
    """Those that have values at all: the others are learned from the stream."""
    return {
        name: capped(known, parameters.caps.categories)
        for name, known in version.series.items()
        if known.size > 0
    }
