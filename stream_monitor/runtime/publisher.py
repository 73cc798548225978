"""What the worker shows: the immutable view for this process, and model statuses for the status topic."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from stream_monitor.core.events import Source
from stream_monitor.core.status import ModelStatus
from stream_monitor.runtime.partitions import Partitions
from stream_monitor.runtime.ports import Clock, RecordSource
from stream_monitor.runtime.status_round import StatusRound
from stream_monitor.telemetry.recorder import Telemetry
from stream_monitor.telemetry.view import ViewHolder

TOPIC_SECONDS: Final = 5.0  # between two statuses of a model
VIEW_SECONDS: Final = 1.0
TOPIC_SHARE: Final = 0.05  # of the worker's time
VIEW_SHARE: Final = 0.02


@dataclass(slots=True, kw_only=True)
class Publisher:
    """assignment, paused, joined: kept by the worker."""

    holder: ViewHolder
    source: RecordSource
    telemetry: Telemetry
    clock: Clock
    assignment: set[Source] = field(default_factory=set)
    paused: set[Source] = field(default_factory=set)
    joined: bool = False
    _last_checkpoint: int | None = None
    _seen: set[str] = field(default_factory=set)
    _shown: dict[str, ModelStatus] = field(default_factory=dict)
    _shown_of: Sequence[int] = ()  # live partitions
    _for_topic: StatusRound = field(init=False)
    _for_view: StatusRound = field(init=False)

    def __post_init__(self) -> None:
        self._for_topic = StatusRound(every=TOPIC_SECONDS, share=TOPIC_SHARE, clock=self.clock)
        self._for_view = StatusRound(every=VIEW_SECONDS, share=VIEW_SHARE, clock=self.clock)

    def changed(self, models: Iterable[str]) -> None:
        """Rows of these models came, or were observed, or their state was restored."""
        for model in models:
            if model not in self._seen:
                self._seen.add(model)
                self.telemetry.model_seen(model)
            self._for_topic.changed(model)
            self._for_view.changed(model)

    def committed(self, wall: int) -> None:
        """A checkpoint was committed."""
        self._last_checkpoint = wall

    def due_statuses(self, partitions: Partitions) -> Sequence[ModelStatus]:
        """For the status topic. They are shown, too."""
        statuses = self._for_topic.take_due(partitions.task)
        for status in statuses:
            self._shown[status.model] = status
            self._for_view.made(status.model)
        return statuses

    def publish(self, partitions: Partitions, event_times: Mapping[Source, int]) -> None:
        """Replace the view. event_times: latest one read of every input, ms UTC."""
        self._show(partitions)
        self.holder.publish(
            replace(
                self.holder.view,
                beat=self.clock.monotonic(),
                beat_wall=self.clock.wall(),
                joined=self.joined,
                restored=partitions.restored,
                restoring=partitions.restoring,
                assigned=tuple(sorted(self.assignment)),
                paused=tuple(sorted(self.paused)),
                lag=self.source.lag(),
                event_times=event_times,
                losses=self.source.losses(),
                models=tuple(self._shown.values()),
                last_checkpoint=self._last_checkpoint,
            )
        )

    def _show(self, partitions: Partitions) -> None:
        """The latest statuses of the models that live here."""
        made, live = self._for_view.take_due(partitions.task), partitions.live
        self._shown.update((one.model, one) for one in made)
        if made or live != self._shown_of:
            self._shown = {name: self._shown[name] for name in partitions.models() if name in self._shown}
            self._shown_of = live

    def stopped(self) -> None:
        """The loop has ended."""
        self.holder.publish(replace(self.holder.view, running=False))
