"""`stream-monitor reference build`: from files, or from a range of a topic."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from stream_monitor.cli.failures import WrongUsage, usage
from stream_monitor.cli.options import (
    BootstrapServers,
    Id,
    Label,
    Latency,
    Prediction,
    Probability,
    Properties,
    Time,
    data_files,
    file_of,
    load_settings,
    overrides_of,
)
from stream_monitor.cli.output import Progress, note

if TYPE_CHECKING:
    from stream_monitor.app.topic_profile import FromTopic
    from stream_monitor.core.detector import Kind
    from stream_monitor.core.performance.task import TaskKind
    from stream_monitor.core.profile import Profile
    from stream_monitor.files.columns import FileColumns
    from stream_monitor.files.learning import Choices
    from stream_monitor.files.profiling import Built
    from stream_monitor.kafka.topic_range import Limit

_KINDS: Final = ("numeric", "categorical", "boolean", "identifier")
_TASKS: Final = ("binary", "multiclass", "regression")
_OFFSETS: Final = re.compile(r"\d+:\d+(,\d+:\d+)*", re.ASCII)
_EARLIEST_NUMBER: Final = 100_000_000_000  # ms: 1973; what is less was meant to be an offset

Data = Annotated[list[Path] | None, data_files("DATA…", "one data set")]
Output = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where the profile is written.")]
Model = Annotated[str | None, typer.Option("--model", metavar="NAME", help="Whose reference it is.")]
Version = Annotated[
    str | None,
    typer.Option(
        "--version",
        metavar="VERSION",
        help="Version of the model: of rows that name none; rows of others are left out.",
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="GLOB", help="Columns that are no features; can be repeated."),
]
Types = Annotated[
    list[str] | None,
    typer.Option(
        "--type",
        metavar="FEATURE=KIND",
        help=f"Kind instead of the inferred one ({', '.join(_KINDS)}); globs; can be repeated.",
    ),
]
Task = Annotated[
    str | None,
    typer.Option(
        "--task",
        metavar="TASK",
        help=f"What is predicted ({', '.join(_TASKS)}); told from the labels if absent.",
    ),
]
Positive = Annotated[
    str | None,
    typer.Option("--positive", metavar="CLASS", help="Of two classes the one that figures are about."),
]
VersionColumn = Annotated[
    str | None, typer.Option("--version-column", metavar="COLUMN", help="Version of the model in a row.")
]
Topic = Annotated[
    str | None, typer.Option("--topic", metavar="TOPIC", help="Read this topic instead of files.")
]
From = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="TIME|OFFSETS",
        help="Where to begin in the topic: 2026-11-21T10:00:00Z, epoch milliseconds, or PARTITION:OFFSET,…; its start"
        " if absent.",
    ),
]
To = Annotated[
    str | None,
    typer.Option(
        "--to", metavar="TIME|OFFSETS", help="Where to end, not included; its end as of now if absent."
    ),
]
NoConstraints = Annotated[
    bool,
    typer.Option(
        "--no-constraints", help="Suggest nothing that features must keep to: no range, allowed, required."
    ),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", metavar="FILE", help="Configuration that says how the topic is read; as for run."
    ),
]


def build(
    files: Data = None,
    *,
    output: Output,
    topic: Topic = None,
    begin: From = None,
    end: To = None,
    config: ConfigFile = None,
    bootstrap_servers: BootstrapServers = None,
    properties: Properties = None,
    model: Model = None,
    version: Version = None,
    exclude: Exclude = None,
    types: Types = None,
    task: Task = None,
    positive: Positive = None,
    time: Time = None,
    id: Id = None,  # noqa: A002 (the option's name)
    prediction: Prediction = None,
    probability: Probability = None,
    label: Label = None,
    latency: Latency = None,
    version_column: VersionColumn = None,
    no_constraints: NoConstraints = False,
) -> None:
    """Make a reference profile of training data, or of a range of a topic.

    Of files, named columns are no features, every other one is. A topic is read as the configuration reads it. The profile
    holds bins, counts and moments, how well versions do whose rows have labels, and what all values of a feature keep to;
    no rows. Name it as reference of a model.
    """
    from stream_monitor.files.columns import FileColumns
    from stream_monitor.files.learning import Choices

    columns = FileColumns(
        model=model, time=time, id=id, prediction=prediction, probability=probability, label=label,
        latency=latency, version=version_column)  # fmt: skip
    choices = Choices(
        exclude=exclude or (), kinds=_kinds(types or []), version=version, task=_task(task, positive),
        positive=positive, constraints=not no_constraints)  # fmt: skip
    _check_usage(files or [], topic, columns, [begin, end, config, bootstrap_servers, properties])
    if topic is None:
        built = _of_files(files or [], columns, choices)
    else:
        overrides = overrides_of(bootstrap_servers=bootstrap_servers, properties=properties)
        wanted = (topic, _limit("--from", begin), _limit("--to", end))
        built = _of_topic(wanted, config, overrides, model, choices)
    _write(output, built)


def _write(output: Path, built: "Built") -> None:
    """With a word on what is in it and what is not."""
    from stream_monitor.files.profiles import write_profile

    write_profile(output, built.profile)
    report(output, built.profile)
    for text in _left_out(built):
        note(text)


def report(output: Path, profile: "Profile") -> None:
    """What was written."""
    note(f"{output}: {len(profile.features)} features of {profile.rows:,} rows")
    if profile.constraints:
        note(f"constraints on {len(profile.constraints)} of them, which can be edited in the file")
    for version, outputs in profile.versions.items():
        note(f"{', '.join(outputs.series)} of {version or 'no version'}: {outputs.rows:,} rows")
        if outputs.performance is not None:
            promise = outputs.performance
            note(
                f"performance of {version or 'no version'}: {promise.task.kind.value},"
                f" {promise.pairs:,} labelled predictions"
            )


def _check_usage(
    files: list[Path], topic: str | None, columns: "FileColumns", for_topics: list[object | None]
) -> None:
    """Either files with columns, or a topic with a connection."""
    if bool(files) == (topic is not None):
        raise WrongUsage("name files of data, or --topic TOPIC" + (", not both" if files else ""))
    if topic is None and any(for_topics):
        raise WrongUsage("--from, --to, --config, --bootstrap-servers and -X go with --topic TOPIC")
    if topic is not None and columns.named:
        role = next(iter(columns.named)).replace("version", "version-column")
        raise WrongUsage(
            f"--{role} names a column of a file; what is what in a topic's records is said by the mapping of its source in"
            " the configuration"
        )


def _of_files(files: list[Path], columns: "FileColumns", choices: "Choices") -> "Built":
    from stream_monitor.files.profiling import build as made

    progress = Progress()
    with usage():
        built = made(files, columns, choices, lambda rows: progress.show(f"{rows:,} rows"))
    progress.clear()
    for text in _advice(built):
        note(text)
    return built


def _of_topic(
    wanted: "tuple[str, Limit, Limit]",
    config: Path | None,
    overrides: dict[str, object],
    model: str | None,
    choices: "Choices",
) -> "Built":
    settings = load_settings(file_of(config), overrides, for_kafka=False, reference_files=False)
    from stream_monitor.app.topic_profile import Wanted, profile_of_topic

    topic, begin, end = wanted
    progress = Progress()
    made = profile_of_topic(
        settings,
        Wanted(topic=topic, begin=begin, end=end),
        model,
        choices,
        lambda rows: progress.show(f"{rows:,} rows"),
    )
    progress.clear()
    for text in _said_of_topic(topic, made):
        note(text)
    return made.built


def _said_of_topic(topic: str, made: "FromTopic") -> Iterator[str]:
    if not made.configured:
        yield f"note: {topic} is no source of the configuration: its records are read as native events"
    if made.late:
        yield f"{made.late:,} rows left out: their event time is before --from"
    if made.early:
        yield f"{made.early:,} rows left out: their event time is not before --to"
    for partition, offsets in made.pending.items():
        yield f"the last {offsets:,} offsets of partition {partition} are left out: a transaction is open"


def _left_out(built: "Built") -> Iterator[str]:
    if built.rejected:
        reasons = ", ".join(
            f"{reason} {rows:,}" for reason, rows in sorted(built.rejected.items(), key=lambda one: -one[1])
        )
        yield f"{sum(built.rejected.values()):,} rows rejected: {reasons}"
        yield f"the first is {built.first_rejected}"
    if built.other_versions:
        yield f"{built.other_versions:,} rows of other versions left out"


def _limit(option: str, text: str | None) -> "Limit":
    """A time or offsets by partition. Raises WrongUsage."""
    from stream_monitor.files.cells import time_of

    if text is None:
        return None
    if _OFFSETS.fullmatch(text):
        pairs = [one.split(":") for one in text.split(",")]
        offsets = {int(partition): int(offset) for partition, offset in pairs}
        if len(offsets) < len(pairs):
            raise WrongUsage(f"{option} {text}: a partition is named twice")
        return offsets
    time = time_of(text)
    if time is None or (text.isdigit() and time < _EARLIEST_NUMBER):
        raise WrongUsage(
            f"{option} {text}: neither a time such as 2026-11-21T10:00:00Z nor PARTITION:OFFSET,… such as 0:1200,1:980"
        )
    return time


def _kinds(types: list[str]) -> "Mapping[str, Kind | None]":
    from stream_monitor.core.detector import Kind

    kinds: dict[str, Kind | None] = {}
    for text in types:
        feature, _, kind = text.rpartition("=")
        if not feature or kind not in _KINDS:
            raise typer.BadParameter(f"{text!r} is not FEATURE=KIND with one of {', '.join(_KINDS)}")
        kinds[feature] = Kind(kind)
    return kinds


def _task(text: str | None, positive: str | None) -> "TaskKind | None":
    from stream_monitor.core.performance.task import TaskKind

    if text is not None and text not in _TASKS:
        raise typer.BadParameter(f"{text!r} is not one of {', '.join(_TASKS)}", param_hint="--task")
    if positive is not None and text not in {None, "binary"}:
        raise WrongUsage(f"--positive CLASS goes with --task binary, not with {text}")
    if positive is not None:
        return TaskKind.BINARY
    return None if text is None else TaskKind(text)


def _advice(built: "Built") -> Iterator[str]:
    """Columns whose names say that they may not be features."""
    for path, roles in built.lookalikes.items():
        for role, column in roles.items():
            if column in built.profile.features:
                option = "version-column" if role == "version" else role
                yield f"note: {column!r} of {path} is a feature here; if it is the {role}, add --{option} {column}"
