"""`stream-monitor export`."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stream_monitor.cli.failures import WrongUsage, usage
from stream_monitor.cli.options import (
    BootstrapServers,
    ConfigFile,
    Properties,
    file_of,
    load_settings,
    overrides_of,
)
from stream_monitor.cli.output import Progress, note

if TYPE_CHECKING:
    from stream_monitor.app.export import Exported

AlertId = Annotated[
    str,
    typer.Argument(metavar="ALERT_ID", help="alert_id of a drift event, or id of a retrain request."),
]
Output = Annotated[
    Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write: .parquet or .csv.")
]
Until = Annotated[
    str | None,
    typer.Option(
        "--until",
        metavar="TIME",
        help="Of a regime that goes on: event time at which to end, not included; now if absent.",
    ),
]
Rows = Annotated[
    int | None, typer.Option("--rows", metavar="N", min=1, help="Write the first N cases, by event time.")
]
LabelsWithin = Annotated[
    str | None,
    typer.Option(
        "--labels-within",
        metavar="DURATION",
        help="Leave out labels that came later than so long after their case, such as 7d; all labels if absent.",
    ),
]
SkipMissing = Annotated[
    bool, typer.Option("--skip-missing", help="Write what is left where retention has removed a part.")
]


def export(
    alert_id: AlertId,
    *,
    output: Output,
    config: ConfigFile = None,
    until: Until = None,
    rows: Rows = None,
    labels_within: LabelsWithin = None,
    skip_missing: SkipMissing = False,
    bootstrap_servers: BootstrapServers = None,
    properties: Properties = None,
) -> None:
    """Write the data of a drift, features joined with labels, to a file.

    Reads exactly what the positions of an alert or of a retrain request name back from the input topics, and the labels of these
    cases from there on. Joins no group and commits nothing. Rows of other versions than the alert's are left out.
    """
    with usage():
        from stream_monitor.files.tables import check_suffix

        check_suffix(output)
    overrides = overrides_of(bootstrap_servers=bootstrap_servers, properties=properties)
    settings = load_settings(file_of(config), overrides, for_kafka=False, reference_files=False)
    from stream_monitor.app.export import Wanted
    from stream_monitor.app.export import export as exported_from

    wanted = Wanted(
        id=alert_id,
        until=_time(until),
        rows=rows,
        labels_within_ms=_duration(labels_within),
        skip_missing=skip_missing,
    )
    progress = Progress()
    exported = exported_from(settings, wanted, output, lambda read: progress.show(f"{read:,} records"))
    progress.clear()
    for text in _report(output, exported):
        note(text)


def _report(output: Path, exported: "Exported") -> Iterator[str]:
    """What was written, and what was not."""
    regime = exported.regime
    yield f"{regime.summary}"
    yield f"{output}: {exported.written:,} of {exported.cases:,} cases"
    for what, found in (("features", exported.features), ("a prediction", exported.predictions)):
        if found < exported.cases:
            yield f"{exported.cases - found:,} cases have no {what.removeprefix('a ')}"
    yield f"{exported.labels:,} cases have a label"
    if exported.other_versions:
        yield f"{exported.other_versions:,} rows of other versions left out"
    if exported.other_segments is None:
        yield f"{regime.segment} cannot be told case by case: those of all segments are written"
    elif exported.other_segments:
        yield f"{exported.other_segments:,} cases of other segments than {regime.segment} left out"
    if exported.rejected:
        reasons = ", ".join(f"{reason} {n:,}" for reason, n in exported.rejected.most_common())
        yield f"{exported.rejected.total():,} events rejected: {reasons}"
    for (topic, partition), offsets in exported.missing.items():
        yield f"the first {offsets:,} offsets of {topic} partition {partition} are gone"
    for (topic, partition), offsets in exported.pending.items():
        yield f"the last {offsets:,} offsets of {topic} partition {partition} are left out: a transaction is open"


def _time(text: str | None) -> int | None:
    """Raises WrongUsage."""
    from stream_monitor.files.cells import time_of

    if text is None:
        return None
    time = time_of(text)
    if time is None:
        raise WrongUsage(f"--until {text}: write a time such as 2026-11-21T10:00:00Z")
    return time


def _duration(text: str | None) -> int | None:
    """Raises WrongUsage."""
    from pydantic_core import PydanticCustomError

    from stream_monitor.config.fields import parse_duration

    if text is None:
        return None
    try:
        return parse_duration(text) // timedelta(milliseconds=1)
    except PydanticCustomError as error:
        raise WrongUsage(f"--labels-within {error.message()}") from error
