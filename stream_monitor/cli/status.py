"""`stream-monitor status`."""

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

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
    from stream_monitor.cli.status_text import Line
    from stream_monitor.runtime.board.board import Board

_SECONDS = 2.0
_HOME = "\x1b[H\x1b[2J"

Model = Annotated[
    str | None, typer.Argument(metavar="[MODEL]", help="One model with its series; all models without it.")
]
Watch = Annotated[
    bool, typer.Option("--watch", "-w", help="Go on: again every 2 s, until Ctrl-C; with --json a line each.")
]


def status(
    model: Model = None,
    *,
    config: ConfigFile = None,
    watch: Watch = False,
    as_json: AsJson = False,
    bootstrap_servers: BootstrapServers = None,
    properties: Properties = None,
) -> None:
    """Show how models, series and workers are now.

    Reads the monitor's status and operations topics, in no group, so it works beside any number of workers, and without any. With
    --json the same as the HTTP API answers, without history.

    For example: stream-monitor status fraud
    """
    overrides = overrides_of(bootstrap_servers=bootstrap_servers, properties=properties)
    settings = load_settings(file_of(config), overrides, for_kafka=False, reference_files=False)
    from stream_monitor.app.operating import board_now, followed_board

    if not watch:
        _show(board_now(settings), model, as_json=as_json, whole=True)
        return
    for board in _now_and_then(followed_board(settings)):
        if not as_json and sys.stdout.isatty():
            typer.echo(_HOME, nl=False)
        _show(board, model, as_json=as_json, whole=False)


def _now_and_then(boards: "Iterable[Board]") -> "Iterator[Board]":
    """One every two seconds; the others are folded and passed over."""
    import time

    due = 0.0
    for board in boards:
        if time.monotonic() >= due:
            due = time.monotonic() + _SECONDS
            yield board


def _show(board: "Board", model: str | None, *, as_json: bool, whole: bool) -> None:
    """whole: as one document over several lines."""
    from stream_monitor.app.operating import wall
    from stream_monitor.core.errors import StreamMonitorError

    now = wall()
    overview = board.overview(now)
    detail = None if model is None else board.model(model, now)
    if model is not None and detail is None:
        known = ", ".join(one.model for one in overview.models) or "none yet"
        raise StreamMonitorError(f"there is no model {model!r}; there are {known}")
    if as_json:
        print_json(overview if detail is None else detail, indent=whole)
        return
    lines = _lines(board, model, now)
    out = console()
    for text, style in lines:
        out.print(text, style=style)


def _lines(board: "Board", model: str | None, now: int) -> "Iterator[Line]":
    from stream_monitor.cli.status_text import model_lines, overview_lines, problem_lines

    detail = None if model is None else board.model(model, now)
    if detail is None:
        yield from overview_lines(board.overview(now))
        return
    yield from model_lines(detail, board.alerts("open", model, now=now).alerts, now)
    yield from problem_lines(board.problems())
