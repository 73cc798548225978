"""`stream-monitor version`."""

import platform
from typing import Final

import typer

from stream_monitor import __version__
from stream_monitor.cli.options import AsJson
from stream_monitor.cli.output import print_json

_LIBRARIES: Final = ("confluent-kafka", "river", "numpy", "pyarrow")  # what behaviour can depend on


def version(as_json: AsJson = False) -> None:
    """Print the version, and those of what it runs on."""
    from importlib.metadata import version as installed

    libraries = {name: installed(name) for name in _LIBRARIES}
    if as_json:
        print_json({"version": __version__, "python": platform.python_version(), "libraries": libraries})
        return
    typer.echo(f"stream-monitor {__version__}")
    for name, found in {"python": platform.python_version(), **libraries}.items():
        typer.echo(f"{name} {found}")
