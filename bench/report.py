"""The report: what a section has found stands between marks of its own; the words around them are written by people."""

import datetime as dt
from pathlib import Path
from typing import Final

from bench.figures import machine
from bench.peers.environment import ROOT

REPORT: Final = ROOT / "docs" / "benchmarks" / "performance.md"


def write(name: str, found: str, command: str, path: Path = REPORT) -> None:
    """Replace what is between the marks of the section `name`. Raises ValueError if the report has no such marks."""
    begin, end = marks(name)
    before, opened, rest = path.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not opened or not closed:
        raise ValueError(f"{path.name} has no place for {name}: {begin} and {end}")
    today = dt.datetime.now(tz=dt.UTC).date()
    between = f"\n{found}\n\nMeasured on {today} by `{command}`:\n\n{machine()}\n"
    path.write_text(f"{before}{begin}\n{between}\n{end}{after}", encoding="utf-8")


def marks(name: str) -> tuple[str, str]:
    """What the place of a section begins and ends with."""
    return f"<!-- bench:{name}:begin -->", f"<!-- bench:{name}:end -->"
