"""`stream-monitor reference build | show | merge | import`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from stream_monitor.cli.failures import WrongUsage, usage
from stream_monitor.cli.options import (
    AsJson,
    Id,
    Label,
    Latency,
    Prediction,
    Probability,
    Time,
    data_files,
)
from stream_monitor.cli.output import Progress, note

if TYPE_CHECKING:
    from stream_monitor.core.detector import Kind
    from stream_monitor.core.profile import Profile
    from stream_monitor.core.reference import Reference
    from stream_monitor.files.profiling import Built

_KINDS: Final = ("numeric", "categorical", "boolean", "identifier")

app = typer.Typer(
    help="Reference profiles: what is normal for a model, without its data.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Data = Annotated[list[Path], data_files("DATA…", "one data set")]
Profiles = Annotated[
    list[Path], typer.Argument(metavar="PROFILE…", exists=True, dir_okay=False, help="Two or more.")
]
Shown = Annotated[
    Path, typer.Argument(metavar="PROFILE", exists=True, dir_okay=False, help="A reference profile.")
]
Output = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where the profile is written.")]
Model = Annotated[str | None, typer.Option("--model", metavar="NAME", help="Whose reference it is.")]
Version = Annotated[
    str | None, typer.Option("--version", metavar="VERSION", help="Version of the model it belongs to.")
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
VersionColumn = Annotated[
    str | None, typer.Option("--version-column", metavar="COLUMN", help="Version of the model in a row.")
]
Statistics = Annotated[
    Path, typer.Argument(metavar="STATISTICS", exists=True, dir_okay=False, help="statistics.json.")
]
Constraints = Annotated[
    Path | None,
    typer.Argument(metavar="[CONSTRAINTS]", exists=True, dir_okay=False, help="constraints.json."),
]


@app.callback()
def reference() -> None:
    """Make, show and merge reference profiles."""


@app.command("build", no_args_is_help=True)
def build(
    files: Data,
    *,
    output: Output,
    model: Model = None,
    version: Version = None,
    exclude: Exclude = None,
    types: Types = None,
    time: Time = None,
    id: Id = None,  # noqa: A002 (the option's name)
    prediction: Prediction = None,
    probability: Probability = None,
    label: Label = None,
    latency: Latency = None,
    version_column: VersionColumn = None,
) -> None:
    """Make a reference profile of training data.

    Named columns are no features, every other one is. The profile holds bins, counts and moments, no rows; name it as
    reference of a model in the configuration.
    """
    from stream_monitor.files.columns import FileColumns
    from stream_monitor.files.profiles import write_profile
    from stream_monitor.files.profiling import Choices
    from stream_monitor.files.profiling import build as made

    columns = FileColumns(
        model=model,
        time=time,
        id=id,
        prediction=prediction,
        probability=probability,
        label=label,
        latency=latency,
        version=version_column,
    )
    choices = Choices(exclude=exclude or (), kinds=_kinds(types or []), version=version)
    progress = Progress()
    with usage():
        built = made(files, columns, choices, lambda rows: progress.show(f"{rows:,} rows"))
    progress.clear()
    for text in _advice(built):
        note(text)
    write_profile(output, built.profile)
    _report(output, built.profile)
    if built.rejected:
        note(f"{built.rejected:,} rows rejected")


@app.command("show", no_args_is_help=True)
def show(file: Shown, as_json: AsJson = False) -> None:
    """Show what a reference profile says, a line for each feature."""
    from stream_monitor.files.profiles import read_profile
    from stream_monitor.formats.reference_profile import encode

    with usage():
        profile = read_profile(file)
    if as_json:
        typer.echo(encode(profile), nl=False)
        return
    for line in _lines(profile):
        typer.echo(line.rstrip())


@app.command("merge", no_args_is_help=True)
def merge(files: Profiles, *, output: Output, version: Version = None) -> None:
    """Merge reference profiles of parts of the data into the profile of the whole.

    Features with the same bins or categories are added exactly. The bins of others are merged through their distribution
    functions; how wrong that can be is said.
    """
    from stream_monitor.core.parameters import Caps
    from stream_monitor.core.profile_merge import error_bound, merge_profiles
    from stream_monitor.files.profiles import read_profile, write_profile

    if len(files) < 2:
        raise WrongUsage("name at least two reference profiles")
    bounds: dict[str, float] = {}
    with usage():
        merged = read_profile(files[0])
        for path in files[1:]:
            part = read_profile(path)
            for name in merged.features.keys() & part.features.keys():
                bound = error_bound(merged.features[name], part.features[name])
                bounds[name] = bounds.get(name, 0.0) + bound
            merged = merge_profiles(merged, part, version=version, categories=Caps().categories)
    write_profile(output, merged)
    _report(output, merged)
    worst = max(bounds, key=lambda name: bounds[name], default=None)
    if worst is not None and bounds[worst] > 0:
        note(f"distribution functions are wrong by at most {bounds[worst]:.3f} ({worst}); moments are exact")


@app.command("import", no_args_is_help=True)
def import_(
    statistics: Statistics,
    constraints: Constraints = None,
    *,
    output: Output,
    model: Model = None,
    version: Version = None,
) -> None:
    """Make a reference profile of a baseline of SageMaker Model Monitor.

    What the profile cannot carry of it is said on standard error.
    """
    from stream_monitor.files.profiles import read_bytes, write_profile
    from stream_monitor.formats.sagemaker import Labels, imported

    labels = Labels(name=statistics.name, model=model, version=version)
    with usage():
        limits = None if constraints is None else read_bytes(constraints)
        profile, notes = imported(read_bytes(statistics), limits, labels)
    for text in notes:
        note(f"note: {text}")
    write_profile(output, profile)
    _report(output, profile)


def _kinds(types: list[str]) -> "Mapping[str, Kind]":
    from stream_monitor.core.detector import Kind

    kinds = {}
    for text in types:
        feature, _, kind = text.rpartition("=")
        if not feature or kind not in _KINDS:
            raise typer.BadParameter(f"{text!r} is not FEATURE=KIND with one of {', '.join(_KINDS)}")
        kinds[feature] = Kind(kind)
    return kinds


def _advice(built: "Built") -> Iterator[str]:
    """Columns whose names say that they may not be features."""
    for path, roles in built.lookalikes.items():
        for role, column in roles.items():
            if column in built.profile.features:
                option = "version-column" if role == "version" else role
                yield f"note: {column!r} of {path} is a feature here; if it is the {role}, add --{option} {column}"


def _report(output: Path, profile: "Profile") -> None:
    note(f"{output}: {len(profile.features)} features of {profile.rows:,} rows")


def _lines(profile: "Profile") -> Iterator[str]:
    yield f"model    {profile.model or '(not said)'}"
    yield f"version  {profile.version or '(not said)'}"
    yield f"rows     {profile.rows:,}"
    for origin in profile.created_from:
        yield f"from     {origin.name} ({origin.kind}, {origin.rows:,} rows)"
    yield ""
    rows = list(_rows(profile.features))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        texts = [cell.ljust(width) for cell, width in zip(row[:2], widths[:2], strict=True)]
        numbers = [cell.rjust(width) for cell, width in zip(row[2:5], widths[2:5], strict=True)]
        yield "  ".join([*texts, *numbers, row[5]])


def _rows(features: "Mapping[str, Reference]") -> Iterator[tuple[str, ...]]:
    yield "feature", "kind", "values", "missing", "bins", "normal"
    for name, one in features.items():
        cells = one.size + one.unusable
        bins = len(one.counts) - (2 if one.edges else 1)
        missing = f"{one.unusable / max(1, cells):.2%}"
        yield name, str(one.kind), f"{one.size:,}", missing, str(bins), _normal(one)


def _normal(one: "Reference") -> str:
    if one.edges:
        return f"{one.mean:.6g} ± {one.scale:.4g}, {one.edges[0]:.6g} to {one.edges[-1]:.6g}"
    shares = [
        f"{name} {count / max(1, one.size):.1%}"
        for name, count in zip(one.categories, one.counts, strict=False)
    ]
    more = [f"and {len(shares) - 4} more"] if len(shares) > 4 else []
    other = [f"other {one.counts[-1] / one.size:.1%}"] if one.categories and one.counts[-1] else []
    return ", ".join(shares[:4] + more + other) or "(not watched)"
