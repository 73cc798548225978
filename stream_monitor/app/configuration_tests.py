"""Tests of a configuration: each begins with a new monitor, replays its input and compares what came out.

The same core as the service, through replay; needs no Kafka.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from stream_monitor.app.references import load_references
from stream_monitor.app.replay import Plan, References, Tally, UnclearModel, plan, plan_rows, replay
from stream_monitor.app.synthetic import rows_of
from stream_monitor.app.verdict import Verdict, judge
from stream_monitor.config import InvalidConfiguration, Settings
from stream_monitor.config.configuration_tests import (
    UNNAMED_MODEL,
    ConfigurationTest,
    LoadedTests,
    check_models,
)
from stream_monitor.config.problems import Finding
from stream_monitor.core.batch import FEATURE
from stream_monitor.core.drift_event import DriftEvent
from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.series import MISSING
from stream_monitor.files.columns import FileColumns


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """One test, ready to run. file, line: where it is written."""

    file: Path
    line: int
    test: ConfigurationTest
    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one test. events: all drift events, in order. tally: what was read. hollow: why a test that expects
    nothing could not have failed; None if it could.
    """

    prepared: Prepared
    events: tuple[DriftEvent, ...]
    tally: Tally
    verdict: Verdict
    hollow: str | None

    @property
    def passed(self) -> bool:
        """Whether what came out is what was expected, and could have been something else."""
        return self.verdict.kept and self.hollow is None


def prepare(loaded: LoadedTests, settings: Settings, wanted: Callable[[str], bool]) -> Sequence[Prepared]:
    """Open the inputs of the tests whose names are wanted. settings: of the tested configuration. References are read once.

    Raises InvalidConfiguration with the places of models and files that do not fit, StreamMonitorError for a reference
    that cannot be read.
    """
    problems = check_models(loaded, settings)
    if problems:
        raise InvalidConfiguration(problems)
    references = load_references(settings)
    prepared, found = [], []
    for at, test in enumerate(loaded.tests):
        if not wanted(test.name):
            continue
        try:
            planned = _planned(test, loaded, settings, references)
        except StreamMonitorError as error:
            found.append(_finding(at, error))
            continue
        prepared.append(Prepared(file=loaded.file, line=loaded.line_of(at), test=test, plan=planned))
    if found:
        raise InvalidConfiguration(loaded.problems(found))
    return prepared


def run(prepared: Prepared, on_rows: Callable[[int], None]) -> Result:
    """Run one test. on_rows: told how many rows have been read so far.

    Raises StreamMonitorError for a file that ends early or is damaged.
    """
    tally = Tally()
    events: list[DriftEvent] = []
    for found in replay(prepared.plan, tally):
        events += found
        on_rows(tally.rows)
    return Result(
        prepared=prepared,
        events=tuple(events),
        tally=tally,
        verdict=judge(prepared.test, events, lambda series: _why_silent(series, tally)),
        hollow=_why_hollow(tally) if not prepared.test.expect else None,
    )


def _planned(
    test: ConfigurationTest, loaded: LoadedTests, settings: Settings, references: References
) -> Plan:
    model = loaded.model_of(test, settings)
    if test.input.stream is not None:
        rows = rows_of(test.input.stream, model or UNNAMED_MODEL)
        return plan_rows({Path("stream"): rows}, settings, references)
    assert test.input.file is not None  # the settings have one of the two
    columns = FileColumns(model=model, **test.input.columns.model_dump())
    return plan([loaded.path_of(test.input.file)], columns, settings, references)


def _finding(at: int, error: StreamMonitorError) -> Finding:
    """What is wrong with the input of a test, in the words of whoever refused it."""
    if isinstance(error, UnclearModel):
        return Finding(
            ("tests", at),
            "does not say which model is meant",
            f"write model: and one of {', '.join(error.models)}",
        )
    what, _, write = str(error).partition("; ")
    return Finding(("tests", at, "input"), what, write or "name a file that can be read")


def _why_hollow(tally: Tally) -> str | None:
    """Why nothing could have come out of this input, whatever its values; None if something could."""
    if tally.rows == 0:
        return "no row was read"
    every = [series for monitor in tally.monitors.values() for series in monitor.series.values()]
    if all(series.warm_up is not None for series in every):
        return "nothing could be found: no series came to the end of its warm-up; give it more rows"
    return None


def _why_silent(series: str, tally: Tally) -> str:
    """What is known of a series of which no drift event came."""
    monitors = list(tally.monitors.values())
    known = [key for monitor in monitors for key in monitor.series]
    mine = [one for monitor in monitors for key, one in monitor.series.items() if key.name == series]
    feature = FEATURE + series.removeprefix(
        MISSING
    )  # whose indicator it is; otherwise no feature is called so
    if any(excluded in monitor.excluded for monitor in monitors for excluded in (series, feature)):
        return "the configuration says not to watch it"
    if not mine:
        close = get_close_matches(series, [key.name for key in known], n=1)
        return "no such series is watched" + (f"; did you mean {close[0]}?" if close else "")
    if any(key.name == series for monitor in monitors for key in monitor.alerts.waiting):
        return "it drifts, but the alarm budget was spent by then"
    if all(one.warm_up is not None for one in mine):
        return f"it is still in its warm-up of {mine[0].parameters.warm_up} values"
    held_back = sum(monitor.alerts.suppressed for monitor in monitors)
    if held_back:
        return f"nothing came of it; alarms that the budget of the model held back: {held_back}"
    return "it did not drift"
