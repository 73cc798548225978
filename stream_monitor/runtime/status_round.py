"""Statuses of the models that changed, in turns: one costs some µs a series, and thousands at once would stop the loop."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from stream_monitor.core.partition_monitor import ModelTask
from stream_monitor.core.report import status_of
from stream_monitor.core.status import ModelStatus
from stream_monitor.runtime.ports import Clock

SLICE_SECONDS: Final = 0.05


@dataclass(slots=True, kw_only=True)
class StatusRound:
    """every: seconds between two statuses of a model, at least. share: of the worker's time that goes into them, at most."""

    every: float
    share: float
    clock: Clock
    _changed: set[str] = field(default_factory=set)
    _made: dict[str, float] = field(default_factory=dict)  # by model: when its last status was
    _rests_until: float = 0.0

    def changed(self, model: str) -> None:
        """Its last status no longer holds."""
        self._changed.add(model)

    def made(self, model: str) -> None:
        """It has a status of this moment."""
        self._changed.discard(model)
        self._made[model] = self.clock.monotonic()

    def take_due(self, find: Callable[[str], ModelTask | None]) -> Sequence[ModelStatus]:
        """Statuses that are due, those of the longest ago first, as far as the share of time allows. find: a model by name."""
        now = self.clock.monotonic()
        if now < self._rests_until:
            return ()
        waited = {model: now - self._made.get(model, -math.inf) for model in self._changed}
        statuses = []
        for model in sorted(waited, key=lambda model: (-waited[model], model)):
            if waited[model] < self.every or self.clock.monotonic() - now >= SLICE_SECONDS:
                break
            task = find(model)
            if task is not None:
                statuses.append(status_of(task))
            self.made(model)
        self._rests_until = now + (self.clock.monotonic() - now) / self.share
        return statuses
