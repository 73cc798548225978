"""`stream-monitor test`."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from stream_monitor.cli.drift_events import line, plain
from stream_monitor.cli.failures import ExitCode, WrongUsage, usage
from stream_monitor.cli.options import AsJson, load_settings
from stream_monitor.cli.output import Progress, console, note, print_json

if TYPE_CHECKING:
    from stream_monitor.app.configuration_tests import Prepared, Result
    from stream_monitor.config.configuration_tests import Expectation

_STYLES: Final = {True: "green", False: "bold red"}

Files = Annotated[
    list[Path], typer.Argument(metavar="FILE…", exists=True, dir_okay=False, help="Files of tests, in YAML.")
]
Only = Annotated[
    str | None, typer.Option("-k", metavar="NAME", help="Run only tests whose name contains this.")
]


def run_tests(files: Files, *, only: Only = None, as_json: AsJson = False) -> None:
    """Test a configuration: events in, expected drift events out.

    Each test begins with a new monitor and gives it a file of events, or synthetic ones from a seed. It fails if an
    expected drift event does not come out, or an alert opens that is not expected; the exit code is then 1. Needs no
    Kafka. With --json one JSON object.
    """
    from stream_monitor.config import InvalidConfiguration

    try:
        prepared = _prepared(files, _filter(only))
    except InvalidConfiguration as error:
        if not as_json:
            raise
        print_json({"valid": False, "problems": [asdict(problem) for problem in error.problems]})
        raise typer.Exit(ExitCode.USAGE) from None
    if not prepared:
        raise WrongUsage(f"no test has {only!r} in its name")
    results = _run(prepared, as_json=as_json)
    failed = sum(not result.passed for result in results)
    if as_json:
        print_json(
            {
                "valid": True,
                "problems": [],
                "passed": len(results) - failed,
                "failed": failed,
                "tests": [_plain(result) for result in results],
            }
        )
    passed = f"{_counted(len(results) - failed, 'test')} passed"
    note(f"{passed}, {failed:,} failed" if failed else passed)
    if failed:
        raise typer.Exit(ExitCode.FAILED)


def _filter(only: str | None) -> Callable[[str], bool]:
    return lambda name: only is None or only.casefold() in name.casefold()


def _prepared(files: Sequence[Path], wanted: Callable[[str], bool]) -> "list[Prepared]":
    """The tests of all files. Raises InvalidConfiguration with the problems of all of them."""
    from stream_monitor.app.configuration_tests import prepare
    from stream_monitor.config import InvalidConfiguration, Problem
    from stream_monitor.config.configuration_tests import load_tests

    prepared: list[Prepared] = []
    problems: dict[
        Problem, None
    ] = {}  # a set in the order of finding: several files may test one configuration
    for file in files:
        try:
            loaded = load_tests(file)
            with usage():
                prepared += prepare(loaded, load_settings(loaded.config, for_kafka=False), wanted)
        except InvalidConfiguration as error:
            problems |= dict.fromkeys(error.problems)
    if problems:
        raise InvalidConfiguration(problems)
    return prepared


def _run(prepared: "Sequence[Prepared]", *, as_json: bool) -> "list[Result]":
    """Run the tests one after the other; what came of each is printed as it comes."""
    from stream_monitor.app.configuration_tests import run

    out, progress = console(), Progress()
    results = []
    for at, one in enumerate(prepared, start=1):
        what = f"test {at} of {len(prepared)}: {one.test.name}"

        def show(rows: int, what: str = what) -> None:
            progress.show(f"{what}, {rows:,} rows")

        result = run(one, show)
        progress.clear()
        results.append(result)
        if not as_json:
            for text, style in _lines(result):
                out.print(text, style=style)
    return results


def _lines(result: "Result") -> Iterator[tuple[str, str | None]]:
    """The test, and if it failed what was expected (-) and what happened (+), each line with its style."""
    one = result.prepared
    word = "ok  " if result.passed else "FAIL"
    yield (
        f"{word}  {one.file}:{one.line}  {one.test.name} ({_counted(result.tally.rows, 'row')})",
        _STYLES[result.passed],
    )
    told = []
    for unmet in result.verdict.unmet:
        yield f"  - expected    {_expected(unmet.expectation)}", "red"
        if unmet.nearest is not None:
            told.append(unmet.nearest.id)
            yield f"  + happened    {line(unmet.nearest)}", "yellow"
        yield f"                {unmet.why}", None
    for event in result.verdict.unexpected:
        if event.id not in told:
            yield f"  + unexpected  {line(event)}", "yellow"
    if result.hollow is not None:
        yield f"    {result.hollow}", None
    if result.tally.first_rejected is not None:
        path, first = result.tally.first_rejected
        rejected = _counted(result.tally.rejected.total(), "row")
        yield (
            f"    {rejected} rejected; the first is row {first.record.offset} of {path}: {first.detail}",
            None,
        )


def _expected(expected: "Expectation") -> str:
    first, last = expected.between
    more = [word for word in (expected.severity, expected.direction) if word is not None]
    return ", ".join([f"{expected.series} {expected.status} in rows {first} to {last}", *more])


def _plain(result: "Result") -> dict[str, object]:
    one, timed = result.prepared, result.prepared.plan.timed
    return {
        "file": str(one.file),
        "line": one.line,
        "name": one.test.name,
        "passed": result.passed,
        "rows": result.tally.rows,
        "rejected": dict(result.tally.rejected),
        "unmet": [
            {
                "expected": unmet.expectation.model_dump(),
                "why": unmet.why,
                "nearest": None if unmet.nearest is None else plain(unmet.nearest, timed=timed),
            }
            for unmet in result.verdict.unmet
        ],
        "unexpected": [plain(event, timed=timed) for event in result.verdict.unexpected],
        "hollow": result.hollow,
        "drift_events": [plain(event, timed=timed) for event in result.events],
    }


def _counted(n: int, what: str) -> str:
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"
