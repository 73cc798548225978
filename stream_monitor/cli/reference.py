"""`stream-monitor reference build | show | merge | import`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stream_monitor.app.amounts import allowed_in_words, range_in_words
from stream_monitor.cli.failures import WrongUsage, usage
from stream_monitor.cli.options import AsJson
from stream_monitor.cli.output import note
from stream_monitor.cli.reference_build import Model, Output, build, report

if TYPE_CHECKING:
    from stream_monitor.core.derived.parameters import Constraints
    from stream_monitor.core.performance.promise import Promise
    from stream_monitor.core.profile import Profile
    from stream_monitor.core.reference import Reference

app = typer.Typer(
    help="Reference profiles: what is normal for a model, without its data.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Profiles = Annotated[
    list[Path], typer.Argument(metavar="PROFILE…", exists=True, dir_okay=False, help="Two or more.")
]
Shown = Annotated[
    Path, typer.Argument(metavar="PROFILE", exists=True, dir_okay=False, help="A reference profile.")
]
Version = Annotated[
    str | None, typer.Option("--version", metavar="VERSION", help="Version of the model it belongs to.")
]
Statistics = Annotated[
    Path, typer.Argument(metavar="STATISTICS", exists=True, dir_okay=False, help="statistics.json.")
]
ConstraintsFile = Annotated[
    Path | None,
    typer.Argument(metavar="[CONSTRAINTS]", exists=True, dir_okay=False, help="constraints.json."),
]


@app.callback()
def reference() -> None:
    """Make, show and merge reference profiles."""


app.command("build", no_args_is_help=True)(build)


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
    functions; how wrong that can be is said, and what other categories can hide. What each version of the model puts out
    stays apart.
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
            for name, pair in _pairs(merged, part):
                bounds[name] = bounds.get(name, 0.0) + error_bound(*pair)
            merged = merge_profiles(merged, part, version=version, categories=Caps().categories)
    write_profile(output, merged)
    report(output, merged)
    worst = max(bounds, key=lambda name: bounds[name], default=None)
    if worst is not None and bounds[worst] > 0:
        note(
            f"shares are wrong by at most {bounds[worst]:.3f} ({worst}); means and standard deviations are exact"
        )


@app.command("import", no_args_is_help=True)
def import_(
    statistics: Statistics,
    constraints: ConstraintsFile = None,
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
    report(output, profile)


def _pairs(a: "Profile", b: "Profile") -> "Iterator[tuple[str, tuple[Reference, Reference]]]":
    """The references that both have: of features, and of what the same version puts out."""
    for name in a.features.keys() & b.features.keys():
        yield name, (a.features[name], b.features[name])
    for version in a.versions.keys() & b.versions.keys():
        ours, theirs = a.versions[version].series, b.versions[version].series
        for name in ours.keys() & theirs.keys():
            yield f"{name} of {version or 'no version'}", (ours[name], theirs[name])


def _lines(profile: "Profile") -> Iterator[str]:
    yield f"model    {profile.model or '(not said)'}"
    yield f"version  {profile.version or '(not said)'}"
    yield f"rows     {profile.rows:,}"
    for origin in profile.created_from:
        yield f"from     {origin.name} ({origin.kind}, {origin.rows:,} rows)"
    yield ""
    yield from _table("feature", profile.features)
    if profile.constraints:
        yield ""
        yield "demanded, where the configuration says nothing"
        width = max(map(len, profile.constraints))
        for name, demanded in profile.constraints.items():
            yield f"{name:<{width}}  {_demanded(demanded)}"
    for version, outputs in profile.versions.items():
        yield ""
        yield f"version {version or '(none)'}, {outputs.rows:,} rows"
        yield from _table("output", outputs.series)
        if outputs.performance is not None:
            yield from _performance(outputs.performance)


def _demanded(constraints: "Constraints") -> str:
    said = ["required"] if constraints.required else []
    said += [range_in_words(constraints.low, constraints.high)] if constraints.is_ranged else []
    said += [allowed_in_words(constraints.allowed)] if constraints.allowed is not None else []
    said += [f"an alert above {constraints.at_most:.2%}"] if constraints.at_most is not None else []
    return "; ".join(said)


def _performance(promise: "Promise") -> Iterator[str]:
    """The figures of the whole; those of single classes are in the file."""
    task = promise.task
    positive = f", {task.positive} positive" if task.positive is not None else ""
    yield f"performance: {task.kind.value}{positive}, {promise.pairs:,} labelled predictions"
    for name, one in promise.figures.items():
        if ":" not in name:
            interval = "" if one.low is None or one.high is None else f"  {one.low:.4g} to {one.high:.4g}"
            yield f"  {name:<18}{one.value:>8.4g}{interval}"


def _table(what: str, references: "Mapping[str, Reference]") -> Iterator[str]:
    rows = list(_rows(what, references))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        texts = [cell.ljust(width) for cell, width in zip(row[:2], widths[:2], strict=True)]
        numbers = [cell.rjust(width) for cell, width in zip(row[2:5], widths[2:5], strict=True)]
        yield "  ".join([*texts, *numbers, row[5]])


def _rows(what: str, references: "Mapping[str, Reference]") -> Iterator[tuple[str, ...]]:
    yield what, "kind", "values", "missing", "bins", "normal"
    for name, one in references.items():
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
