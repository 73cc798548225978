"""`stream-monitor check`."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from stream_monitor.app.amounts import budget_in_words
from stream_monitor.cli.failures import ExitCode, usage
from stream_monitor.cli.options import AsJson, ConfigFile, file_of, load_settings
from stream_monitor.cli.outcomes import outcome_lines
from stream_monitor.cli.output import print_json

if TYPE_CHECKING:
    from stream_monitor.app.outcomes import OutcomesExplained
    from stream_monitor.config import Settings, Topics
    from stream_monitor.config.model_settings import ModelSettings
    from stream_monitor.core.profile import ModelReferences


@dataclass(frozen=True, slots=True, kw_only=True)
class _Model:
    """reference_features: names in the reference file; None where the reference is learned from the stream.

    reference_versions: those whose outputs have a reference, empty for events that name none.
    """

    name: str
    sources: list[str]
    reference: str
    reference_features: list[str] | None
    reference_versions: list[str]
    false_alarms: str
    outcomes: "OutcomesExplained"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Summary:
    """What would be monitored. file: None where everything comes from the environment. false_alarms, outcomes: of a model that
    says nothing else.
    """

    file: str | None
    brokers: str | None
    group: str
    models: list[_Model]
    discovery: list[str]
    false_alarms: str
    outcomes: "OutcomesExplained"
    topics: "Topics"
    http: str


def check(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Check a configuration, and say what would be monitored.

    Connects to nothing. Prints every problem as FILE:LINE:COLUMN PATH: what is wrong; what to write, and ends with
    exit code 2. Reference files are read. The environment counts, as it does for run.
    """
    from stream_monitor.config import InvalidConfiguration

    try:
        summary = _summary(load_settings(config), file_of(config))
    except InvalidConfiguration as error:
        if not as_json:
            raise
        print_json({"valid": False, "problems": [asdict(problem) for problem in error.problems]})
        raise typer.Exit(ExitCode.USAGE) from None
    if as_json:
        print_json({"valid": True, "problems": [], **asdict(summary)})
        return
    for line in _lines(summary):
        typer.echo(line)


def _summary(settings: "Settings", file: Path | None) -> _Summary:
    from stream_monitor.app.outcomes import outcomes_explained
    from stream_monitor.app.references import load_references
    from stream_monitor.config.outcomes import outcome_parameters
    from stream_monitor.core.profile import ModelReferences

    with usage():
        references = load_references(settings)
    nothing = ModelReferences()
    listen = settings.http.listen
    return _Summary(
        file=None if file is None else str(file),
        brokers=settings.kafka.bootstrap_servers,
        group=settings.kafka.group_id,
        models=[
            _model(model, settings, references.get(model.name, nothing)) for model in settings.models or []
        ],
        discovery=list(settings.discovery.topics),
        false_alarms=budget_in_words(settings.alerting.false_alarms),
        outcomes=outcomes_explained(outcome_parameters(settings, None)),
        topics=settings.topics,
        http="off" if listen is None else str(listen),
    )


def _model(model: "ModelSettings", settings: "Settings", references: "ModelReferences") -> _Model:
    from stream_monitor.app.outcomes import outcomes_explained
    from stream_monitor.config import model_parameters

    parameters = model_parameters(settings, model.name, {model.name: references})
    file = model.reference.file if model.reference else None
    return _Model(
        name=model.name,
        sources=[source.topic for source in model.sources or []],
        reference=f"the first {parameters.default.warm_up} events" if file is None else str(file),
        reference_features=None if file is None else list(references.features),
        reference_versions=[version or "" for version in references.outputs],
        false_alarms=budget_in_words(parameters.budget),
        outcomes=outcomes_explained(parameters.outcomes),
    )


def _lines(summary: _Summary) -> Iterator[str]:
    yield f"{summary.file or 'environment and defaults'}: valid"
    yield f"brokers      {summary.brokers}, group {summary.group}"
    for model in summary.models:
        yield f"model        {model.name}"
        yield f"  sources    {', '.join(model.sources)}"
        features = model.reference_features
        yield f"  reference  {model.reference}" + ("" if features is None else f" ({len(features)} features)")
        if model.reference_versions:
            named = ", ".join(version or "(none)" for version in model.reference_versions)
            yield f"  versions   {named}, whose predictions have a reference"
        yield f"  budget     {model.false_alarms}"
        for what, said in outcome_lines(model.outcomes):
            yield f"  {what:<9}  {said}"
    if not summary.models:
        yield f"discovery    models and features of {', '.join(summary.discovery)}"
        yield f"  budget     {summary.false_alarms}, for each model"
        for what, said in outcome_lines(summary.outcomes):
            yield f"  {what:<9}  {said}"
    yield f"alerts       {summary.topics.alerts}"
    yield f"dead letter  {summary.topics.dead_letter}"
    yield f"http         {summary.http}"
