"""How well a version predicts each segment: a window of pairs each, and their errors as series. From when its task is told."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray, Plain
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.fields import Fields
from stream_monitor.core.join.joined import Joined
from stream_monitor.core.performance.columns import labelled_of
from stream_monitor.core.performance.errors import ERROR, errors_of
from stream_monitor.core.performance.pairs import encode
from stream_monitor.core.performance.task import Task, TaskKind
from stream_monitor.core.segments.placing import Places
from stream_monitor.core.segments.window import SegmentWindow


class Scored(NamedTuple):
    """Pairs (n,) of one version that have a place in its task, in order.

    rows, times: of the rows that completed them. predicted, actual: as in `Pairs`. errors: the series `error`.
    places: (n, slicings).
    """

    task: Task
    rows: NDArray[np.int64]
    times: NDArray[np.int64]
    predicted: FloatArray
    actual: FloatArray
    errors: FloatArray
    places: Places


class SegmentPerformance:
    """Of one version. task: as it was told, with the classes that have appeared since."""

    def __init__(self, task: Task, length: int) -> None:
        self.task = task
        self.windows: dict[str, SegmentWindow] = {}
        self._length = length

    @classmethod
    def begin(cls, task: Task, length: int) -> "SegmentPerformance":
        """For a task that was told: of many classes those that appear from here on, so that no batch has a part in them."""
        return cls(
            replace(task, classes=task.classes[:1]) if task.kind is TaskKind.MULTICLASS else task, length
        )

    def score(self, joined: Joined, at: NDArray[np.intp], places: Places) -> Scored:
        """The pairs at the positions `at`, in order; places: (pairs of `joined`, slicings). Cost: as `encode`, once a batch."""
        encoded = encode(labelled_of(joined.columns, at), self.task)
        self.task = encoded.task
        at = at[encoded.usable]
        return Scored(
            task=encoded.task,
            rows=joined.rows[at],
            times=joined.times[at],
            predicted=encoded.pairs.predicted,
            actual=encoded.pairs.actual,
            errors=errors_of(encoded.pairs, encoded.task)[ERROR],
            places=places[at],
        )

    def add(self, segment: str, scored: Scored, at: NDArray[np.intp]) -> None:
        """The pairs at the positions `at` are of `segment`."""
        window = self.windows.setdefault(segment, SegmentWindow(self._length))
        window.add(scored.predicted[at], scored.actual[at])

    def dump(self) -> dict[str, Plain]:
        """Explicit fields."""
        return {
            "task": self.task.to_plain(),
            "windows": {name: self.windows[name].dump(self.task) for name in sorted(self.windows)},
        }

    @classmethod
    def load(cls, plain: Plain, length: int) -> "SegmentPerformance":
        """The inverse of `dump`. Raises CorruptState."""
        fields = Fields(plain, "segments")
        performance = cls(Task.from_plain(fields.plain("task")), length)
        windows = fields.inside("windows")
        for name in windows.names():
            performance.windows[name] = SegmentWindow.load(length, performance.task, windows.plain(name))
        return performance


def dump_versions(versions: Mapping[str | None, SegmentPerformance]) -> list[Plain]:
    """By version, in order."""
    return [
        [version, versions[version].dump()]
        for version in sorted(versions, key=lambda v: (v is not None, v or ""))
    ]


def load_versions(entries: Sequence[Plain], length: int) -> dict[str | None, SegmentPerformance]:
    """The inverse of `dump_versions`. Raises CorruptState."""
    versions: dict[str | None, SegmentPerformance] = {}
    for entry in entries:
        if not isinstance(entry, list) or len(entry) != 2 or not isinstance(entry[0], str | None):
            raise CorruptState("segments: no version and its performance")
        versions[entry[0]] = SegmentPerformance.load(entry[1], length)
    return versions
