"""`stream-monitor doctor`."""

from typing import TYPE_CHECKING, Final

import typer

from stream_monitor.cli.failures import ExitCode
from stream_monitor.cli.options import (
    AsJson,
    BootstrapServers,
    ConfigFile,
    Properties,
    load_settings,
    overrides_of,
)
from stream_monitor.cli.output import console, print_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stream_monitor.app.doctor.checks import Check

_STYLES: Final = {"ok": "green", "warn": "yellow", "fail": "bold red"}
_WIDTH: Final = 4


def doctor(
    config: ConfigFile = None,
    as_json: AsJson = False,
    bootstrap_servers: BootstrapServers = None,
    properties: Properties = None,
) -> None:
    """Look for what is wrong: brokers, topics, rights, group, restore point, workers, clocks, sinks.

    Every line is ok, warn or fail, and a line that is not ok says how to mend it. Nothing is changed and the group is not joined.

    Exit code 0 if nothing fails, 1 if something does, 69 if no broker answers.
    """
    overrides = overrides_of(bootstrap_servers=bootstrap_servers, properties=properties)
    settings = load_settings(config, overrides)
    from stream_monitor.app.doctor.checks import failed, passed
    from stream_monitor.app.doctor.examination import BrokersUnreachable, examine

    checks = [passed("configuration", "is valid")]
    code = ExitCode.DONE
    if not as_json:
        _print(checks)
    try:
        for check in examine(settings):
            checks.append(check)
            if not as_json:
                _print([check])
    except BrokersUnreachable as error:
        said, _, fix = str(error).rpartition(": ")
        checks.append(failed("brokers", said, fix))
        if not as_json:
            _print(checks[-1:])
        code = ExitCode.UNAVAILABLE
    if as_json:
        print_json([{"what": c.what, "verdict": c.verdict, "said": c.said, "fix": c.fix} for c in checks])
    if code is ExitCode.DONE and any(check.verdict == "fail" for check in checks):
        code = ExitCode.FAILED
    if code is not ExitCode.DONE:
        raise typer.Exit(code)


def _print(checks: "Iterable[Check]") -> None:
    out = console()
    for check in checks:
        out.print(check.verdict.ljust(_WIDTH), style=_STYLES[check.verdict], end="")
        out.print(f"  {check.what}: {check.said}")
        if check.fix is not None:
            out.print(f"{'':{_WIDTH}}  fix: {check.fix}")
