"""`stream-monitor compare`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from stream_monitor.cli.failures import ExitCode, WrongUsage
from stream_monitor.cli.options import (
    AsJson,
    BootstrapServers,
    ConfigFile,
    Properties,
    file_of,
    load_settings,
    overrides_of,
)
from stream_monitor.cli.output import console, print_json

if TYPE_CHECKING:
    from stream_monitor.app.compare import Comparison
    from stream_monitor.core.performance.comparison import Compared

Model = Annotated[str, typer.Argument(metavar="MODEL", help="Name of the model.")]
Old = Annotated[
    str, typer.Option("--old", metavar="VERSION", help="The version to hold the new one against.")
]
New = Annotated[str, typer.Option("--new", metavar="VERSION", help="The version that is judged.")]
Least = Annotated[
    int,
    typer.Option(
        "--min-labels", min=2, metavar="NUMBER", help="Labelled predictions that each version needs."
    ),
]
Tolerance = Annotated[
    float,
    typer.Option(
        "--tolerance",
        min=0,
        metavar="NUMBER",
        help="Difference that does not matter, in a figure's own unit.",
    ),
]
ByClass = Annotated[bool, typer.Option("--by-class", help="Figures of single classes, too.")]
NotWorse = Annotated[
    bool,
    typer.Option("--fail-when-worse", help="Exit with 1 if the new version is worse in its lead figure."),
]


def compare(
    model: Model,
    *,
    old: Old,
    new: New,
    config: ConfigFile = None,
    as_json: AsJson = False,
    least: Least = 100,
    tolerance: Tolerance = 0.0,
    by_class: ByClass = False,
    fail_when_worse: NotWorse = False,
    bootstrap_servers: BootstrapServers = None,
    properties: Properties = None,
) -> None:
    """Say whether a new version of a model is better than an old one.

    A verdict for every figure of performance: better, worse, no difference shown (within ± so much), or not enough labels.
    Accuracy, or the mean absolute error, is compared case by case where both versions predicted the same ones. Read from the
    status topic of a running monitor. Commits nothing.
    """
    from stream_monitor.app.compare import Criteria
    from stream_monitor.app.compare import compare as compared
    from stream_monitor.app.explain import NotKnown, read_statuses
    from stream_monitor.core.performance.comparison import Verdict

    if old == new:
        raise WrongUsage("--old and --new are the same version")
    overrides = overrides_of(bootstrap_servers=bootstrap_servers, properties=properties)
    statuses = read_statuses(load_settings(file_of(config), overrides, for_kafka=True))
    try:
        found = compared(
            statuses.last(model), old, new, Criteria(least=least, tolerance=tolerance, by_class=by_class)
        )
    except NotKnown as error:
        raise WrongUsage(str(error)) from error
    if as_json:
        print_json(found)
    else:
        out = console()
        for line in in_words(found):
            out.print(line)
    if fail_when_worse and found.verdict is Verdict.WORSE:
        raise typer.Exit(ExitCode.FAILED)


def in_words(found: "Comparison") -> Iterator[str]:
    """A line for the whole, and one for every figure."""
    lead = f" ({found.lead})" if found.lead else ""
    yield f"{found.model}: version {found.new} against version {found.old}: {found.verdict}{lead}"
    for version, reason in found.reasons.items():
        yield f"version {version} shows no figures: {reason}"
    rows = [(one.figure, *_row(one)) for one in found.figures]
    widths = [max((len(row[at]) for row in rows), default=0) for at in range(3)]
    for row in rows:
        yield "  ".join([*(cell.ljust(width) for cell, width in zip(row[:3], widths, strict=True)), row[3]])


def _row(one: "Compared") -> tuple[str, str, str]:
    """The verdict; from what to what; and how sure that is."""
    verdict = str(one.verdict) + ("" if one.within is None else f" (within ±{one.within:.2g})")
    values = f"{_number(one.old)} → {_number(one.new)}"
    worse = one.worse
    if worse is None or worse.low is None or worse.high is None:
        return verdict, values, f"{one.n:,} labels"
    word, value, low, high = "worse", worse.value, worse.low, worse.high
    if value < 0:
        word, value, low, high = "better", -value, -high, -low
    cases = f"the same {one.n:,} cases" if one.paired else f"{one.n:,} labels or more"
    return verdict, values, f"{word} by {value:.3g} [{low:.3g}, {high:.3g}] on {cases}"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.4g}"
