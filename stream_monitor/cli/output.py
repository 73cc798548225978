"""What commands print: data on standard output, everything else on standard error. Knows no command."""

import sys
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from rich.console import Console

STYLES: Final = {"opened": "bold red", "updated": "yellow", "resolved": "green"}
"""How a line about a drift event looks, by its status."""
_ERASE_LINE: Final = "\r\x1b[2K"


def print_json(value: object, *, indent: bool = True) -> None:
    """One JSON document on standard output; one line without `indent`."""
    import orjson

    option = orjson.OPT_INDENT_2 if indent else 0
    typer.echo(orjson.dumps(value, option=option | orjson.OPT_SERIALIZE_NUMPY).decode())


def console() -> "Console":
    """Standard output for people: colours on a terminal only, and not where NO_COLOR is set; lines are never cut."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True, markup=False, emoji=False)


def note(text: str) -> None:
    """A line for people on standard error."""
    typer.echo(text, err=True)


class Progress:
    """A line on a terminal's standard error that is overwritten; nothing at all where that is no terminal."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._shown = ""

    def show(self, text: str) -> None:
        """Replace the line."""
        if self._live and text != self._shown:
            sys.stderr.write(_ERASE_LINE + text)
            sys.stderr.flush()
            self._shown = text

    def clear(self) -> None:
        """Take the line away; before anything else is printed."""
        if self._shown:
            sys.stderr.write(_ERASE_LINE)
            sys.stderr.flush()
            self._shown = ""
