"""Where the time of every step goes: cProfile, one profile a step. Its own cost is in the figures; only shares count."""

import cProfile
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import CodeType
from typing import NamedTuple

from bench.core_path import STEPS, Core, checkpoints
from stream_monitor.core.events import Record, Source

_ROOT = str(Path(__file__).parents[1]) + "/"


class Hot(NamedTuple):
    """One function of a step: its share of the step's time without and with what it calls, and calls per event."""

    name: str
    own: float
    total: float
    calls: float


class StepProfiler:
    """A profile for each step."""

    def __init__(self) -> None:
        self.profiles = {name: cProfile.Profile() for name in STEPS}
        self._running: list[cProfile.Profile] = []

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Profile the block, but for steps inside it; what is none of the core's steps is not watched."""
        profile = self.profiles.get(name)
        if profile is None:
            yield
            return
        if self._running:
            self._running[-1].disable()
        self._running.append(profile)
        profile.enable()
        yield
        profile.disable()
        self._running.pop()
        if self._running:
            self._running[-1].enable()


def profile_core(stream: Mapping[Source, Sequence[Record]], *, top: int = 12) -> dict[str, list[Hot]]:
    """The functions of every step that take most time themselves."""
    profiler = StepProfiler()
    Core(profiler).run(checkpoints(stream))
    events = sum(map(len, stream.values()))
    return {name: _hottest(profile, events, top) for name, profile in profiler.profiles.items()}


def _hottest(profile: cProfile.Profile, events: int, top: int) -> list[Hot]:
    entries = profile.getstats()
    whole = sum(entry.inlinetime for entry in entries) or 1.0
    found = [
        Hot(_name(entry.code), entry.inlinetime / whole, entry.totaltime / whole, entry.callcount / events)
        for entry in entries
    ]
    return sorted(found, key=lambda hot: -hot.own)[:top]


def _name(code: CodeType | str) -> str:
    """Path from the checkout or the library, line and function; built-ins have only a name."""
    if isinstance(code, str):
        return code.strip("<>").partition(" at 0x")[0]
    path = re.sub(r".*/(site-packages|lib/python[\d.]+)/", "", code.co_filename.removeprefix(_ROOT))
    return f"{path}:{code.co_firstlineno} {code.co_name}"
