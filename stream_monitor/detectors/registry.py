"""Finds detectors by id among the installed distributions: entry points of the group
`stream_monitor.detectors`.

The built-in ones are found in the same way. An entry point's name is the detector's id, its object a
`DetectorSpec`; it is imported when that id is asked for, not before. A plug-in that does not work is reported
and does not stop the others.
"""

import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import cast

from stream_monitor.core.detector import DetectorSpec
from stream_monitor.core.errors import StreamMonitorError

GROUP = "stream_monitor.detectors"

SPEC_ATTRIBUTES = ("id", "state_version", "library_version", "kinds", "grain", "defaults", "build", "load")


class UnknownDetector(StreamMonitorError, ValueError):
    """No installed distribution offers a detector of that id."""


class BrokenDetector(StreamMonitorError, ValueError):
    """The detector is installed and cannot be used: its import fails, or it is not a `DetectorSpec`."""


class DuplicateDetector(StreamMonitorError, ValueError):
    """Two distributions offer a detector of the same id: which of them is meant decides about state, so neither is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """One id as found. distributions: "name version" of those that offer it. spec: None if there is a `problem`."""

    id: str
    distributions: tuple[str, ...]
    spec: DetectorSpec | None
    problem: str | None


class Registry:
    """The detectors that were installed when it was made; each is imported when it is first asked for."""

    def __init__(self) -> None:
        offered: dict[str, list[importlib.metadata.EntryPoint]] = {}
        for entry_point in importlib.metadata.entry_points(group=GROUP):
            offered.setdefault(entry_point.name, []).append(entry_point)
        self._offered: Mapping[str, list[importlib.metadata.EntryPoint]] = dict(sorted(offered.items()))
        self._specs: dict[str, DetectorSpec] = {}

    def ids(self) -> tuple[str, ...]:
        """Every id that is offered, sorted; imports nothing."""
        return tuple(self._offered)

    def get(self, name: str) -> DetectorSpec:
        """The detector of id `name`. Raises UnknownDetector, DuplicateDetector or BrokenDetector, saying what to do."""
        if name not in self._specs:
            self._specs[name] = self._load(name)
        return self._specs[name]

    def registered(self) -> tuple[Registered, ...]:
        """Every id with its detector, or with what is wrong with it. Imports them all; never raises."""
        return tuple(self._registered(name) for name in self._offered)

    def _registered(self, name: str) -> Registered:
        spec, problem = None, None
        try:
            spec = self.get(name)
        except (BrokenDetector, DuplicateDetector) as error:
            problem = str(error)
        distributions = tuple(map(_distribution, self._offered[name]))
        return Registered(id=name, distributions=distributions, spec=spec, problem=problem)

    def _load(self, name: str) -> DetectorSpec:
        offers = self._offered.get(name)
        if offers is None:
            raise UnknownDetector(f"unknown detector `{name}`; {self._hint(name)}")
        if len(offers) > 1:
            names = " and ".join(map(_distribution, offers))
            raise DuplicateDetector(f"detector `{name}` is offered by {names}: uninstall one of them")
        entry_point = offers[0]
        where = f"detector `{name}` ({entry_point.value} of {_distribution(entry_point)})"
        try:
            found = entry_point.load()
            missing = [attribute for attribute in SPEC_ATTRIBUTES if not hasattr(found, attribute)]
        except Exception as error:  # whatever a stranger's module does when it is imported
            raise BrokenDetector(f"{where} cannot be imported: {type(error).__name__}: {error}") from error
        if missing or isinstance(found, type):
            what = f"it has no {', '.join(missing)}" if missing else "it is a class: name an instance"
            raise BrokenDetector(f"{where} is not a DetectorSpec: {what}")
        if found.id != name:
            raise BrokenDetector(f"{where} calls itself `{found.id}`: entry point and id must agree")
        return cast("DetectorSpec", found)

    def _hint(self, name: str) -> str:
        if not self._offered:
            return "none is installed: install stream-monitor itself (`uv sync`, or `pip install .`)"
        close = get_close_matches(name, self._offered, n=1)
        known = ", ".join(self._offered)
        return f"did you mean `{close[0]}`? Installed are {known}" if close else f"installed are {known}"


def _distribution(entry_point: importlib.metadata.EntryPoint) -> str:
    found = entry_point.dist
    return f"{found.name} {found.version}" if found else "an unnamed distribution"


@cache
def installed() -> Registry:
    """The registry of this process, made when first asked for."""
    return Registry()


def get(name: str) -> DetectorSpec:
    """The installed detector of id `name`; see `Registry.get` for what it raises.

    >>> get("adwin").id
    'adwin'
    >>> get("adwim")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    stream_monitor.detectors.registry.UnknownDetector: unknown detector `adwim`; did you mean `adwin`?
    Installed are ...
    """
    return installed().get(name)
