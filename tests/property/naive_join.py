"""The label join told in dictionaries, a row at a time: slow, and plain enough to be believed."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from stream_monitor.core.join.parameters import JoinParameters


class Event(NamedTuple):
    """A row; what it does not carry is None. `label` and `kept` may be of any plain type."""

    id: str | None
    time: int
    version: str | None = None
    prediction: Any = None
    probability: float | None = None
    kept: Any = None
    label: Any = None


class Pair(NamedTuple):
    """What a row has completed."""

    row: int
    time: int
    prediction_row: int
    prediction_time: int
    version: str | None
    prediction: Any
    probability: float | None
    kept: Any
    label: Any
    delay: int


class _Waiting(NamedTuple):
    row: int
    clock: int
    event: Event


EXPIRED = object()


class NaiveJoin:
    def __init__(self, parameters: JoinParameters) -> None:
        self.parameters = parameters
        self.rows = self.clock = 0
        self.pending: dict[str, _Waiting] = {}
        self.early: dict[str, _Waiting] = {}
        self.closed: dict[str, tuple[int, Any]] = {}
        self.counts: dict[str, int] = {}
        self.delays: list[int] = []

    def observe(self, events: Sequence[Event]) -> list[Pair]:
        pairs = []
        for event in events:
            self.clock = max(self.clock, event.time)
            if event.prediction is not None or event.probability is not None:
                pairs += self._predict(event)
            if event.label is not None:
                pairs += self._label(event)
            self.rows += 1
            if self.rows % self.parameters.cut == 0:
                self._tidy()
        return pairs

    def _count(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1

    def _predict(self, event: Event) -> list[Pair]:
        self._count("predictions")
        if event.id is None:
            self._count("prediction_without_id")
        elif event.id in self.pending or event.id in self.closed:
            self._count("duplicate_prediction")
        elif event.id in self.early:
            label = self.early.pop(event.id)
            return self._join(event.id, _Waiting(self.rows, self.clock, event), label)
        else:
            self.pending[event.id] = _Waiting(self.rows, self.clock, event)
        return []

    def _label(self, event: Event) -> list[Pair]:
        self._count("labels")
        if event.id is None:
            self._count("label_without_id")
        elif event.label != event.label or isinstance(event.label, list):
            self._count("unusable_label")
        elif event.id in self.pending:
            prediction = self.pending[event.id]
            if self.clock - prediction.clock > self.parameters.wait_ms:
                self._count("late")
            else:
                del self.pending[event.id]
                return self._join(event.id, prediction, _Waiting(self.rows, self.clock, event))
        elif event.id in self.closed:
            self._repeat(event.label, self.closed[event.id][1])
        elif event.id in self.early:
            self._repeat(event.label, self.early[event.id].event.label)
        else:
            self.early[event.id] = _Waiting(self.rows, self.clock, event)
        return []

    def _repeat(self, label: Any, first: Any) -> None:
        if first is EXPIRED:
            self._count("late")
        elif kind(label) == kind(first) and label == first:
            self._count("duplicate_label")
        else:
            self._count("conflicting_label")

    def _join(self, key: str, prediction: _Waiting, label: _Waiting) -> list[Pair]:
        self._count("joined")
        self.closed[key] = (self.clock, label.event.label)
        made = prediction.event
        delay = label.event.time - made.time
        self.delays.append(delay)
        last = max(prediction, label, key=lambda one: one.row)
        return [
            Pair(
                self.rows,
                last.event.time,
                prediction.row,
                made.time,
                made.version,
                made.prediction,
                made.probability,
                made.kept,
                label.event.label,
                delay,
            )
        ]

    def _tidy(self) -> None:
        bounds = self.parameters
        for key, waiting in list(self.pending.items()):
            overdue = self.clock - waiting.clock > bounds.wait_ms
            if overdue or len(self.pending) > bounds.pending:
                del self.pending[key]
                self.closed[key] = (self.clock, EXPIRED)
                self._count("expired" if overdue else "displaced")
        for key, waiting in list(self.early.items()):
            overdue = self.clock - waiting.clock > bounds.early_wait_ms
            if overdue or len(self.early) > bounds.early:
                del self.early[key]
                self._count("orphan_label" if overdue else "displaced_label")
        for key, (clock, _) in list(self.closed.items()):
            if self.clock - clock > bounds.wait_ms or len(self.closed) > bounds.remembered:
                del self.closed[key]


def kind(value: Any) -> type:
    """Numbers are one kind, and truth values another."""
    return float if type(value) is int else type(value)
