"""`stream-monitor replay`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stream_monitor.cli.drift_events import line, line_of_request, plain, plain_request
from stream_monitor.cli.failures import usage
from stream_monitor.cli.options import (
    AsJson,
    Id,
    Label,
    Latency,
    Prediction,
    Probability,
    Time,
    data_files,
    load_settings,
)
from stream_monitor.cli.output import STYLES, Progress, console, note, print_json

if TYPE_CHECKING:
    from stream_monitor.app.replay import Plan, Tally
    from stream_monitor.core.drift_event import DriftEvent

Files = Annotated[list[Path], data_files("FILE…", "read in order as one stream")]
Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", metavar="FILE", help="Configuration with the models; none if absent."),
]
Model = Annotated[
    str | None, typer.Option("--model", metavar="NAME", help="Whose the rows are; the file's name if absent.")
]
Version = Annotated[str | None, typer.Option("--version", metavar="COLUMN", help="Version of the model.")]


def replay(
    files: Files,
    *,
    config: Config = None,
    as_json: AsJson = False,
    model: Model = None,
    time: Time = None,
    id: Id = None,  # noqa: A002 (the option's name)
    prediction: Prediction = None,
    probability: Probability = None,
    label: Label = None,
    latency: Latency = None,
    version: Version = None,
) -> None:
    """Show which drift events files would have led to. Needs no Kafka.

    One row is one event. JSON lines hold native events or flat rows; of flat rows the columns named by options are what
    they say, and every other column is a feature. With --json one JSON object a line for every drift event and retrain
    request. What was read, and what could not be, is said on standard error.
    """
    with usage():
        from stream_monitor.app import process
        from stream_monitor.app import replay as core
        from stream_monitor.files.columns import FileColumns

        columns = FileColumns(
            model=model,
            time=time,
            id=id,
            prediction=prediction,
            probability=probability,
            label=label,
            latency=latency,
            version=version,
        )
        settings = load_settings(config, for_kafka=False)
        process.collect_rarely()
        process.keep_memory()
        planned, tally = core.plan(files, columns, settings), core.Tally()
    for text in _advice(planned):
        note(text)
    opened = _show(core.replay(planned, tally), planned, tally, as_json=as_json)
    for text in _report(tally, opened):
        note(text)


def _show(found: "Iterator[Sequence[DriftEvent]]", planned: "Plan", tally: "Tally", *, as_json: bool) -> int:
    """Print the drift events as they come, and behind them the requests to train anew; how many alerts were opened."""
    out, progress, opened, requested = console(), Progress(), 0, 0
    for chunk in found:
        for event in chunk:
            progress.clear()
            opened += event.status == "opened"
            if as_json:
                print_json(plain(event, timed=planned.timed), indent=False)
            else:
                out.print(line(event), style=STYLES[event.status])
        for request in tally.retrain_requests[requested:]:
            progress.clear()
            if as_json:
                print_json(plain_request(request, timed=planned.timed), indent=False)
            else:
                out.print(line_of_request(request), style="bold")
        requested = len(tally.retrain_requests)
        progress.show(f"{tally.rows:,} rows")
    progress.clear()
    return opened


def _advice(planned: "Plan") -> list[str]:
    """Columns whose names say that they may not be features."""
    return [
        f"note: the column {column!r} of {path} is watched as a feature; if it is the {role}, add --{role} {column}"
        for path, rows in planned.files.items()
        for role, column in rows.lookalikes.items()
    ]


def _report(tally: "Tally", opened: int) -> Iterator[str]:
    """What was read, what waits for the alarm budget, and what could not be read."""
    monitors = tally.monitors.values()
    series = sum(len(monitor.series) for monitor in monitors)
    yield f"{tally.rows:,} rows of {', '.join(tally.monitors) or 'no model'}; series: {series}, alerts: {opened}"
    waiting = sorted(
        f"{key.name} of {model}" for model, one in tally.monitors.items() for key in one.alerts.waiting
    )
    if waiting:
        yield f"drifting too, but the alarm budget is spent: {', '.join(waiting)}"
    if tally.first_rejected is not None:
        reasons = ", ".join(f"{reason} {n:,}" for reason, n in tally.rejected.most_common())
        path, first = tally.first_rejected
        yield f"{tally.rejected.total():,} rows rejected: {reasons}"
        yield f"the first is row {first.record.offset} of {path}: {first.detail}"
