"""`stream-monitor explain`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stream_monitor.cli.explanation import one_line_each, paragraphs
from stream_monitor.cli.failures import WrongUsage, usage
from stream_monitor.cli.options import (
    AsJson,
    BootstrapServers,
    ConfigFile,
    Id,
    Label,
    Latency,
    Prediction,
    Probability,
    Properties,
    Time,
    file_of,
    load_settings,
    overrides_of,
)
from stream_monitor.cli.output import console, print_json

if TYPE_CHECKING:
    from stream_monitor.app.explain import Target
    from stream_monitor.app.explanation import ModelKnowledge
    from stream_monitor.config import Settings
    from stream_monitor.files.columns import FileColumns

Wanted = Annotated[
    str,
    typer.Argument(
        metavar="MODEL.SERIES",
        help="For example fraud.feature:amount; MODEL alone for a line for each series.",
    ),
]
Replay = Annotated[
    list[Path] | None,
    typer.Option(
        "--replay", metavar="FILE", exists=True, dir_okay=False,
        help="Read this file instead of the status topic; can be repeated, in order.",
    ),
]  # fmt: skip
SeriesCount = Annotated[
    int | None,
    typer.Option(
        "--series",
        min=1,
        metavar="NUMBER",
        help="Read nothing: explain the configuration for so many series.",
    ),
]
Rate = Annotated[
    float | None,
    typer.Option(
        "--rate", min=1e-9, metavar="NUMBER", help="Events per second of event time, where nothing says it."
    ),
]
Version = Annotated[
    str | None, typer.Option("--version", metavar="COLUMN", help="Version of the model, in files.")
]


def explain(
    wanted: Wanted,
    *,
    config: ConfigFile = None,
    as_json: AsJson = False,
    files: Replay = None,
    series: SeriesCount = None,
    rate: Rate = None,
    bootstrap_servers: BootstrapServers = None,
    properties: Properties = None,
    time: Time = None,
    id: Id = None,  # noqa: A002 (the option's name)
    prediction: Prediction = None,
    probability: Probability = None,
    label: Label = None,
    latency: Latency = None,
    version: Version = None,
) -> None:
    """Explain what can be found in a series, how soon, and why.

    How it is watched: reference, detectors, tolerance; its share of the alarm budget; the smallest change found, and the
    expected delay of others; and what is true now. Read from the status topic of a running monitor, from files
    (--replay) or from the configuration alone (--series). Commits nothing.
    """
    from stream_monitor.files.columns import FileColumns

    columns = FileColumns(
        time=time, id=id, prediction=prediction, probability=probability, label=label, latency=latency,
        version=version,
    )  # fmt: skip
    overrides = overrides_of(bootstrap_servers=bootstrap_servers, properties=properties)
    _check_usage(files or [], series, columns, overrides)
    settings = load_settings(file_of(config), overrides, for_kafka=not files and series is None)
    target, known = _knowledge(settings, wanted, files or [], series, columns)
    from stream_monitor.app.explain import at_rate, explained_series

    with _asked():
        explained = explained_series(target, known if rate is None else at_rate(known, rate))
    if as_json:
        print_json(explained)
        return
    lines = one_line_each(explained) if target.series is None else paragraphs(explained)
    out = console()
    for text, style in lines:
        out.print(text, style=style)


def _check_usage(
    files: Sequence[Path], series: int | None, columns: "FileColumns", overrides: dict[str, object]
) -> None:
    """Knowledge comes from one place."""
    if files and series is not None:
        raise WrongUsage(
            "--series NUMBER goes without --replay FILE: the file says how many series there are"
        )
    if (files or series is not None) and overrides:
        raise WrongUsage("--bootstrap-servers and -X go without --replay and --series, which read no topic")
    if columns.named and not files:
        raise WrongUsage(f"--{next(iter(columns.named))} names a column of a file: add --replay FILE")


def _knowledge(
    settings: "Settings", wanted: str, files: Sequence[Path], series: int | None, columns: "FileColumns"
) -> "tuple[Target, ModelKnowledge]":
    from stream_monitor.app import explain as core
    from stream_monitor.app.replay import plan

    configured = [model.name for model in settings.models or []]
    if series is not None:
        with usage():
            target = core.target_of(wanted, configured)
            return target, core.from_configuration(settings, target, series)
    if files:
        with usage():
            target = core.target_of(wanted, configured)
            planned = plan(files, replace(columns, model=target.model), settings)
        with _asked():
            return target, core.from_files(settings, planned, target)
    statuses = core.read_statuses(settings)
    with _asked():
        target = core.target_of(wanted, configured or statuses.models)
        return target, statuses.knowledge(target.model)


@contextmanager
def _asked() -> Iterator[None]:
    """Whoever asks for what is not there is told so as wrong usage; other errors are those of the job."""
    from stream_monitor.app.explain import NotKnown

    try:
        yield
    except NotKnown as error:
        raise WrongUsage(str(error)) from error
