"""The label join told in dictionaries, a row at a time: slow, and plain enough to be believed."""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

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
ALL = object()
Case: TypeAlias = tuple[str, str | None]
About: TypeAlias = tuple[str, object]
"""An id, and the version that a label names, or ALL."""


class NaiveJoin:
    """A case is an id and the version that predicted it. A label without a version is about all cases of its id."""

    def __init__(self, parameters: JoinParameters) -> None:
        self.parameters = parameters
        self.rows = self.clock = 0
        self.pending: dict[Case, _Waiting] = {}
        self.early: dict[About, _Waiting] = {}
        self.used: dict[About, _Waiting] = {}
        self.closed: dict[Case, tuple[int, Any]] = {}
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
            return []
        case, of_all = (event.id, event.version), (event.id, ALL)
        made = _Waiting(self.rows, self.clock, event)
        if case in self.pending or case in self.closed:
            self._count("duplicate_prediction")
        elif event.version is not None and case in self.early:
            self._count("matched")
            return [self._join(case, made, self.early.pop(case))]
        elif of_all in self.early:
            self._count("matched")
            label = self.early.pop(of_all)
            self.used[of_all] = label._replace(clock=self.clock)
            return [self._join(case, made, label)]
        elif of_all in self.used:
            return [self._join(case, made, self.used[of_all])]
        else:
            self.pending[case] = made
        return []

    def _label(self, event: Event) -> list[Pair]:
        self._count("labels")
        if event.id is None:
            self._count("label_without_id")
            return []
        if event.label != event.label or isinstance(event.label, list):
            self._count("unusable_label")
            return []
        about: About = (event.id, ALL if event.version is None else event.version)
        label = _Waiting(self.rows, self.clock, event)
        for known in (self.early, self.used):
            if about in known:
                self._repeat(event.label, [known[about].event.label])
                return []
        cases = [case for case in {**self.pending, **self.closed} if is_about(about, case)]
        met = [case for case in self.pending if case in cases and not self._overdue(self.pending[case])]
        if met:
            self._count("matched")
            if event.version is None:
                self.used[about] = label
            return [self._join(case, self.pending.pop(case), label) for case in met]
        if cases:
            self._repeat(event.label, [self.closed[case][1] for case in cases if case in self.closed])
        else:
            self.early[about] = label
        return []

    def _overdue(self, waiting: _Waiting) -> bool:
        return self.clock - waiting.clock > self.parameters.wait_ms

    def _repeat(self, label: Any, firsts: Sequence[Any]) -> None:
        firsts = [first for first in firsts if first is not EXPIRED]
        if not firsts:
            self._count("late")
        elif any(kind(label) == kind(first) and label == first for first in firsts):
            self._count("duplicate_label")
        else:
            self._count("conflicting_label")

    def _join(self, case: Case, prediction: _Waiting, label: _Waiting) -> Pair:
        self._count("joined")
        self.closed[case] = (self.clock, label.event.label)
        made = prediction.event
        delay = label.event.time - made.time
        self.delays.append(delay)
        last = made if prediction.row == self.rows else label.event
        return Pair(
            self.rows,
            last.time,
            prediction.row,
            made.time,
            made.version,
            made.prediction,
            made.probability,
            made.kept,
            label.event.label,
            delay,
        )

    def _tidy(self) -> None:
        bounds = self.parameters
        for case, waiting in list(self.pending.items()):
            overdue = self._overdue(waiting)
            if overdue or len(self.pending) > bounds.pending:
                del self.pending[case]
                self.closed[case] = (self.clock, EXPIRED)
                self._count("expired" if overdue else "displaced")
        for about, waiting in list(self.early.items()):
            overdue = self.clock - waiting.clock > bounds.early_wait_ms
            if overdue or len(self.early) > bounds.early:
                del self.early[about]
                self._count("orphan_label" if overdue else "displaced_label")
        for about, waiting in list(self.used.items()):
            if self.clock - waiting.clock > bounds.early_wait_ms or len(self.used) > bounds.early:
                del self.used[about]
        for case, (clock, _) in list(self.closed.items()):
            if self.clock - clock > bounds.wait_ms or len(self.closed) > bounds.remembered:
                del self.closed[case]


def is_about(about: About, case: Case) -> bool:
    """Whether a label about this may be the label of that case."""
    return about[0] == case[0] and about[1] in (ALL, case[1])


def kind(value: Any) -> type:
    """Numbers are one kind, and truth values another."""
    return float if type(value) is int else type(value)
