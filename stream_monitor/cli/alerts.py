"""`stream-monitor alerts list|tail|show|ack|unack|mute|unmute`."""

import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from stream_monitor.cli.failures import WrongUsage, usage
from stream_monitor.cli.options import (
    AsJson,
    BootstrapServers,
    ConfigFile,
    Properties,
    file_of,
    load_settings,
    overrides_of,
)
from stream_monitor.cli.output import STYLES, console, note, print_json

if TYPE_CHECKING:
    from stream_monitor.config import Settings

app = typer.Typer(
    help="Alerts: look at them, acknowledge and mute them.", no_args_is_help=True, rich_markup_mode=None
)

AlertIds = Annotated[list[str], typer.Argument(metavar="ALERT_ID…", help="As `alerts list` prints them.")]
OfModel = Annotated[str | None, typer.Option("--model", metavar="MODEL", help="Of one model only.")]
Reason = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why; for the others who see the alert.")
]
By = Annotated[
    str | None, typer.Option("--by", metavar="NAME", help="Who does it; the user of this machine if absent.")
]


@app.callback()
def alerts() -> None:
    """Look at alerts, acknowledge and mute them.

    Reads and writes the monitor's topics, in no group, beside any number of workers. Acknowledging and muting change who is told
    and what is shown, never what is detected.
    """


@app.command("list")
def list_alerts(
    *,
    config: ConfigFile = None,
    state: Annotated[
        str, typer.Option("--state", metavar="open|resolved|all", help="Which ones; open if absent.")
    ] = "open",
    model: OfModel = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="At most so many.")] = 200,
    as_json: AsJson = False,
    bootstrap_servers: BootstrapServers = None,
    properties: Properties = None,
) -> None:
    """List alerts, the latest first, and the mutes in force."""
    if state not in ("open", "resolved", "all"):
        raise WrongUsage(f"--state {state}: write open, resolved or all")
    settings = _settings(config, bootstrap_servers, properties)
    from stream_monitor.app.operating import board_now, wall

    board, now = board_now(settings), wall()
    found, mutes = board.alerts(state, model, limit, now=now), board.mutes(now).mutes
    if as_json:
        print_json({"alerts": found.alerts, "incidents": found.incidents, "more": found.more, "mutes": mutes})
        return
    from stream_monitor.cli.alert_text import incident_lines, mute_lines
    from stream_monitor.cli.status_text import problem_lines

    out = console()
    for text, style in [*incident_lines(found), *mute_lines(mutes), *problem_lines(board.problems())]:
        out.print(text, style=style)


@app.command("tail")
def tail(
    *,
    config: ConfigFile = None,
    model: OfModel = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="DURATION|TIME", help="Begin so long ago, such as 2h; now if absent."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print every event as it is on the topic, one a line.")
    ] = False,
    bootstrap_servers: BootstrapServers = None,
    properties: Properties = None,
) -> None:
    """Follow the alerts topic: a line for every drift event and retrain request as it comes, until Ctrl-C."""
    from stream_monitor.app.operating import followed_alerts, wall

    begin = None
    if since is not None:
        begin = _time_or_duration("--since", since, wall(), ahead=False)
    settings = _settings(config, bootstrap_servers, properties)
    from stream_monitor.cli.alert_text import event_line
    from stream_monitor.core.errors import CorruptState, NewerState
    from stream_monitor.formats.alerts_topic import decode

    out = console()
    for records in followed_alerts(settings, begin):
        for record in records:
            try:
                event = decode(record.value or b"")
            except (CorruptState, NewerState) as error:
                note(f"note: the record at offset {record.offset} is passed over: {error}")
                continue
            if model not in (None, event.model):
                continue
            if as_json:
                typer.echo(record.value or b"")
            else:
                out.print(event_line(event), style=STYLES.get(getattr(event, "status", ""), None))


@app.command("show")
def show(
    alert_id: Annotated[str, typer.Argument(metavar="ALERT_ID", help="As `alerts list` prints it.")],
    *,
    config: ConfigFile = None,
    as_json: AsJson = False,
    bootstrap_servers: BootstrapServers = None,
    properties: Properties = None,
) -> None:
    """Show all that is known of one alert, open or not."""
    settings = _settings(config, bootstrap_servers, properties)
    from stream_monitor.app.operating import board_now, wall
    from stream_monitor.core.errors import StreamMonitorError

    now = wall()
    found = board_now(settings).alert(alert_id, now)
    if found is None:
        raise StreamMonitorError(f"there is no alert {alert_id!r}: `stream-monitor alerts list` shows them")
    if as_json:
        print_json(found)
        return
    from stream_monitor.cli.alert_text import detail_lines

    out = console()
    for text, style in detail_lines(found):
        out.print(text, style=style)


@app.command("ack")
def ack(
    alert_ids: AlertIds,
    *,
    config: ConfigFile = None,
    reason: Reason = "",
    by: By = None,
    bootstrap_servers: BootstrapServers = None,
    properties: Properties = None,
) -> None:
    """Acknowledge alerts: somebody knows of them."""
    settings = _settings(config, bootstrap_servers, properties)
    from stream_monitor.app.operating import acknowledge

    for alert_id, summary in zip(
        alert_ids, acknowledge(settings, alert_ids, by=by or _user(), reason=reason), strict=True
    ):
        note(f"acknowledged {alert_id}: {summary}")


@app.command("unack")
def unack(
    alert_ids: AlertIds,
    *,
    config: ConfigFile = None,
    bootstrap_servers: BootstrapServers = None,
    properties: Properties = None,
) -> None:
    """Take acknowledgements back."""
    settings = _settings(config, bootstrap_servers, properties)
    from stream_monitor.app.operating import take_back_acknowledgements

    take_back_acknowledgements(settings, alert_ids)
    note(f"no longer acknowledged: {', '.join(alert_ids)}")


@app.command("mute")
def mute(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Whose series.")],
    *,
    config: ConfigFile = None,
    series: Annotated[
        str,
        typer.Option("--series", metavar="GLOB", help="Which series, such as 'feature:*'; all if absent."),
    ] = "*",
    lasting: Annotated[
        str | None, typer.Option("--for", metavar="DURATION", help="How long, such as 2h; at most 90d.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="Instead: until when, RFC 3339.")
    ] = None,
    reason: Reason = "",
    by: By = None,
    bootstrap_servers: BootstrapServers = None,
    properties: Properties = None,
) -> None:
    """Mute series of a model for a while; prints the id of the mute, which `alerts unmute` takes."""
    if (lasting is None) == (until is None):
        raise WrongUsage("say how long: --for 2h, or --until 2026-11-22T06:00:00Z")
    settings = _settings(config, bootstrap_servers, properties)
    from stream_monitor.app.operating import mute as mute_series
    from stream_monitor.app.operating import wall
    from stream_monitor.cli.status_text import clock
    from stream_monitor.formats.operations import Mute, checked, new_mute_id

    now = wall()
    option, text = ("--for", lasting) if lasting is not None else ("--until", until)
    end = _time_or_duration(option, text or "", now, ahead=True)
    with usage():
        made = checked(
            Mute(
                mute_id=new_mute_id(),
                model=model,
                series=series,
                by=by or _user(),
                reason=reason,
                at=now,
                until=end,
            )
        )
    known = mute_series(settings, made)
    typer.echo(made.mute_id)
    note(f"muted {made.series} of {made.model} until {clock(made.until)} UTC")
    if not known:
        note(f"note: no model {made.model!r} has been seen yet")


@app.command("unmute")
def unmute(
    mute_ids: Annotated[list[str], typer.Argument(metavar="MUTE_ID…", help="As `alerts list` prints them.")],
    *,
    config: ConfigFile = None,
    bootstrap_servers: BootstrapServers = None,
    properties: Properties = None,
) -> None:
    """Take mutes back."""
    settings = _settings(config, bootstrap_servers, properties)
    from stream_monitor.app.operating import unmute as unmute_series

    unmute_series(settings, mute_ids)
    note(f"no longer muted: {', '.join(mute_ids)}")


def _settings(config: ConfigFile, servers: str | None, properties: list[str] | None) -> "Settings":
    overrides = overrides_of(bootstrap_servers=servers, properties=properties)
    return load_settings(file_of(config), overrides, for_kafka=False, reference_files=False)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError) as error:  # a container's user without a name
        raise WrongUsage("nobody knows who you are: write --by NAME") from error


def _time_or_duration(option: str, text: str, now: int, *, ahead: bool) -> int:
    """ms UTC. Raises WrongUsage."""
    from datetime import timedelta

    from pydantic_core import PydanticCustomError

    from stream_monitor.config.fields import parse_duration
    from stream_monitor.files.cells import time_of

    if option != "--for" and not text.isdecimal() and (time := time_of(text)) is not None:
        return time
    if option == "--until":
        raise WrongUsage(f"--until {text}: write a time such as 2026-11-22T06:00:00Z")
    try:
        span = parse_duration(text) // timedelta(milliseconds=1)
    except PydanticCustomError as error:
        raise WrongUsage(f"{option} {error.message()}") from error
    return now + span if ahead else now - span
