"""What the worker shows: the immutable view for this process, and model statuses for the status topic."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from stream_monitor.core.events import Source
from stream_monitor.core.report import status_of
from stream_monitor.core.status import ModelStatus
from stream_monitor.runtime.partitions import Partitions
from stream_monitor.runtime.ports import Clock, RecordSource
from stream_monitor.telemetry.recorder import Telemetry
from stream_monitor.telemetry.view import ViewHolder

STATUS_SECONDS = 5.0
VIEW_SECONDS = 1.0
VIEW_SHARE = 0.02  # of the worker's time, at most, goes into views


@dataclass(slots=True, kw_only=True)
class Publisher:
    """assignment, paused, joined: kept by the worker."""

    holder: ViewHolder
    source: RecordSource
    telemetry: Telemetry
    assignment: set[Source] = field(default_factory=set)
    paused: set[Source] = field(default_factory=set)
    joined: bool = False
    _last_checkpoint: int | None = None
    _changed: set[str] = field(default_factory=set)
    _seen: set[str] = field(default_factory=set)
    _status_at: float = 0.0
    _models: tuple[ModelStatus, ...] = ()
    _models_at: Mapping[int, int] = field(default_factory=dict)
    _next_models: float = 0.0

    def changed(self, model: str) -> None:
        """Rows of the model were observed."""
        if model not in self._seen:
            self._seen.add(model)
            self.telemetry.model_seen(model)
        self._changed.add(model)

    def committed(self, wall: int) -> None:
        """A checkpoint was committed."""
        self._last_checkpoint = wall

    def due_statuses(self, partitions: Partitions, now: float) -> Iterator[ModelStatus]:
        """Statuses of models with new rows, at most every STATUS_SECONDS."""
        if now - self._status_at < STATUS_SECONDS:
            return
        self._status_at = now
        changed, self._changed = self._changed, set()
        yield from (status_of(t) for t in partitions.tasks() if t.monitor.parameters.name in changed)

    def publish(self, partitions: Partitions, event_times: Mapping[Source, int], clock: Clock) -> None:
        """Replace the view. The models in it are made anew only now and then, and after new entries: that is what costs.

        event_times: latest one read of every input, ms UTC.
        """
        now = clock.monotonic()
        if now >= self._next_models and (positions := partitions.positions()) != self._models_at:
            self._models_at = positions
            self._models = tuple(status_of(task) for task in partitions.tasks())
            took = clock.monotonic() - now
            self._next_models = now + max(VIEW_SECONDS, took / VIEW_SHARE)
        self.holder.publish(
            replace(
                self.holder.view,
                beat=now,
                beat_wall=clock.wall(),
                joined=self.joined,
                restored=partitions.restored,
                restoring=partitions.restoring,
                assigned=tuple(sorted(self.assignment)),
                paused=tuple(sorted(self.paused)),
                lag=self.source.lag(),
                event_times=event_times,
                losses=self.source.losses(),
                models=self._models,
                last_checkpoint=self._last_checkpoint,
            )
        )

    def stopped(self) -> None:
        """The loop has ended."""
        self.holder.publish(replace(self.holder.view, running=False))
