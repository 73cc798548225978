"""The view: what the worker tells the rest of the process about itself, as one immutable value.

Metrics, health, API and dashboards read it and nothing else, so no reader ever touches the worker or waits for it.
Knows no HTTP and no metric.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from stream_monitor.core.events import Source
from stream_monitor.core.status import ModelStatus


class Loss(NamedTuple):
    """Data of a partition that was given up: how often, and how many records where that is known."""

    times: int
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A worker as it stood at the end of one turn of its loop. Nothing in it may be changed after it was published.

    worker: its instance id. group: the consumer group. columns_topic: one of the topics in `assigned` and `lag`.
    started: ms UTC. beat: monotonic clock of the last turn of the loop, seconds; beat_wall: the same moment, ms UTC, None
    before it. running: the loop has not ended. restoring: columns partitions whose state is on its way back.
    joined: the group has given it an assignment, if only an empty one. restored: the state of all it owns is there.
    lag: only of partitions whose lag is known. event_times: latest event time read, ms UTC, of inputs that had events.
    losses: of partitions that ever had one, owned or not.
    last_checkpoint: ms UTC of the last committed one, None before it.
    """

    worker: str
    group: str
    columns_topic: str
    started: int
    beat: float
    beat_wall: int | None = None
    running: bool = True
    joined: bool = False
    restored: bool = False
    restoring: int = 0
    assigned: tuple[Source, ...] = ()
    paused: tuple[Source, ...] = ()
    lag: Mapping[Source, int] = field(default_factory=dict)
    event_times: Mapping[Source, int] = field(default_factory=dict)
    losses: Mapping[Source, Loss] = field(default_factory=dict)
    models: tuple[ModelStatus, ...] = ()
    last_checkpoint: int | None = None

    @property
    def ready(self) -> bool:
        """Whether it does its work: it runs, belongs to the group and has the state of what it owns."""
        return self.running and self.joined and self.restored


class ViewHolder:
    """Where the one writer (the worker) leaves its latest view for any number of readers in other threads.

    Needs no lock: replacing a reference is one step, and a reader that holds an older view holds a whole one.
    """

    __slots__ = ("_view",)

    def __init__(self, view: View) -> None:
        self._view = view

    @property
    def view(self) -> View:
        """The latest view."""
        return self._view

    def publish(self, view: View) -> None:
        """Replace the view. Called by the worker only."""
        self._view = view
