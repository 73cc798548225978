"""How a command fails: one clear message on standard error and an exit code, no traceback for what a user can mend.

Imports nothing heavy: it is loaded for every command, `--help` included.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Any

import typer
from typer.core import TyperGroup

from stream_monitor.core.errors import StreamMonitorError


class ExitCode(IntEnum):
    """What the shell is told. 130 (128 + SIGINT) comes from typer."""

    DONE = 0  # also when drift was found
    FAILED = 1
    USAGE = 2  # wrong usage or configuration; typer and click use it, too
    UNAVAILABLE = 69  # of `doctor`: no broker answers (EX_UNAVAILABLE of sysexits.h)


class WrongUsage(StreamMonitorError):
    """What was asked for cannot be done as it was asked; the text says what to write instead."""


class Commands(TyperGroup):
    """The group of all commands: turns an error of the product into its message and exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except StreamMonitorError as error:
            typer.echo(_message(error), err=True)
            raise typer.Exit(_code(error)) from None


@contextmanager
def usage() -> Iterator[None]:
    """What the product refuses inside the block was wrong usage, not a failure of the job."""
    try:
        yield
    except StreamMonitorError as error:
        if _code(error) is ExitCode.USAGE:
            raise
        raise WrongUsage(str(error)) from error


def _message(error: StreamMonitorError) -> str:
    """Problems of a configuration have their places, and stand in lines of their own."""
    return str(error) if _of_configuration(error) else f"error: {error}"


def _code(error: StreamMonitorError) -> ExitCode:
    if isinstance(error, WrongUsage) or _of_configuration(error):
        return ExitCode.USAGE
    return ExitCode.FAILED


def _of_configuration(error: StreamMonitorError) -> bool:
    from stream_monitor.config.problems import InvalidConfiguration

    return isinstance(error, InvalidConfiguration)
