"""What is wrong with a configuration, as values with a place. Knows nothing of YAML, pydantic or settings."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NamedTuple, TypeAlias

from stream_monitor.core.errors import StreamMonitorError

Path: TypeAlias = tuple[str | int, ...]
"""Where a key is in the tree: `("models", 0, "alerting")` is printed `models[0].alerting`."""


class Place(NamedTuple):
    """Where a key or value was written. `line` and `column` count from 1; None outside a file."""

    file: str
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, and what to write instead.

    `file` is the file as it was named by the user; for a value that came from elsewhere it is the name of the
    environment variable, `command line`, or `configuration` where nothing was written at all, and `line` and
    `column` are None.
    """

    file: str
    line: int | None
    column: int | None
    path: str
    what: str
    write: str

    def __str__(self) -> str:
        """`file:line:column path: what is wrong; what to write`."""
        place = self.file if self.line is None else f"{self.file}:{self.line}:{self.column}"
        where = f"{place} {self.path}" if self.path else place
        return f"{where}: {self.what}; {self.write}"


class Finding(NamedTuple):
    """A problem before its place is known.

    on_key: point at the key rather than at its value. also: another key that has a part in it.
    """

    path: Path
    what: str
    write: str
    on_key: bool = False
    also: Path = ()


class InvalidConfiguration(StreamMonitorError):
    """The configuration cannot be used; `problems`: all of them, in the order of the file; no secret in them."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def problem_at(place: Place, path: Path, what: str, write: str) -> Problem:
    """The problem of the key or value at `path` that was written at `place`."""
    return Problem(
        file=place.file, line=place.line, column=place.column, path=dotted(path), what=what, write=write
    )


def name_instead(wrong: str, known: Sequence[str]) -> str:
    """What to write for a name that is none of `known`: the one it resembles, else any of them.

    >>> name_instead("adwn", ["adwin", "kswin"]), name_instead("x", ["adwin", "kswin"])
    ('did you mean "adwin"?', 'write one of adwin, kswin')
    """
    close = get_close_matches(wrong, known, n=1)
    return f'did you mean "{close[0]}"?' if close else f"write one of {', '.join(known)}"


def dotted(path: Path) -> str:
    """The path as a user reads it.

    >>> dotted(("models", 0, "alerting", "false_alarms"))
    'models[0].alerting.false_alarms'
    """
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
