"""The last pairs of one model version, cut at closed blocks: figures over them do not depend on how the pairs came in."""

from typing import Final

import numpy as np

from stream_monitor.core.detector import FloatArray, Plain
from stream_monitor.core.fields import Fields, as_bytes
from stream_monitor.core.performance.figure import Figure
from stream_monitor.core.performance.figures import figures_of
from stream_monitor.core.performance.pairs import Encoded, Pairs, concatenate, no_pairs
from stream_monitor.core.performance.task import Task, TaskKind
from stream_monitor.core.window import BLOCK

LENGTH: Final = 2_048  # pairs


class PerformanceWindow:
    """The last `length` pairs of closed blocks of BLOCK, and those of the block that is not full yet.

    length: pairs, a multiple of BLOCK; more makes intervals narrower and a fall visible later. seen: pairs of all time.
    **Cost**: a copy of the window per call of `add`; state length · (2 + 8 · classes) bytes, 37 kB for two classes.
    """

    def __init__(self, task: Task, *, length: int = LENGTH) -> None:
        if length < BLOCK or length % BLOCK:
            raise ValueError(f"a window of {length} pairs is not a multiple of {BLOCK}")
        self.task = task
        self.length = length
        self.seen = 0
        self.foreign = 0
        self.unsound = 0
        self._pairs = no_pairs(len(task.classes))

    def __len__(self) -> int:
        """Pairs in closed blocks: those that figures are made of."""
        return len(self._pairs) - self.seen % BLOCK

    def add(self, encoded: Encoded) -> int:
        """Take the pairs of `encode(labelled, window.task)`, and its task. Returns how many blocks were closed."""
        before = self.seen // BLOCK
        self.task = encoded.task
        self.foreign += encoded.foreign
        self.unsound += encoded.unsound
        self.seen += len(encoded.pairs)
        pairs = concatenate([self._pairs.widened(len(self.task.classes)), encoded.pairs])
        kept = min(len(pairs), self.length + self.seen % BLOCK)
        self._pairs = pairs.take(slice(len(pairs) - kept, None))
        return self.seen // BLOCK - before

    def pairs(self) -> Pairs:
        """The pairs of the closed blocks, oldest first."""
        return self._pairs.take(slice(0, len(self)))

    def figures(self) -> dict[str, Figure]:
        """Every metric over `pairs()`."""
        return figures_of(self.pairs(), self.task)

    def dump(self) -> dict[str, Plain]:
        """Explicit fields; arrays as little-endian bytes. Unknown probabilities are -1."""
        places = _places(self.task)
        return {
            "task": self.task.to_plain(),
            "length": self.length,
            "seen": self.seen,
            "foreign": self.foreign,
            "unsound": self.unsound,
            "predicted": as_bytes(self._pairs.predicted, places),
            "actual": as_bytes(self._pairs.actual, places),
            "probabilities": as_bytes(np.nan_to_num(self._pairs.probabilities, nan=-1.0), "<f8"),
        }

    @classmethod
    def load(cls, plain: Plain) -> "PerformanceWindow":
        """The inverse of `dump`. Raises CorruptState."""
        fields = Fields(plain, "performance")
        task = Task.from_plain(fields.plain("task"))
        length = fields.integer("length", least=BLOCK)
        if length % BLOCK:
            raise fields.wrong("length", f"not a multiple of {BLOCK}")
        window = cls(task, length=length)
        window.seen, window.foreign = fields.integer("seen", least=0), fields.integer("foreign", least=0)
        window.unsound = fields.integer("unsound", least=0)
        window._pairs = _pairs_of(fields, task)
        waiting = window.seen % BLOCK
        if len(window._pairs) != min(window.seen, length + waiting):
            raise fields.wrong("seen", "pairs do not fit")
        return window


def _places(task: Task) -> str:
    return "<f8" if task.kind is TaskKind.REGRESSION else "<u1"


def _pairs_of(fields: Fields, task: Task) -> Pairs:
    classes = len(task.classes)
    predicted, actual = (
        fields.array(name, _places(task)).astype(np.float64) for name in ("predicted", "actual")
    )
    if len(actual) != len(predicted):
        raise fields.wrong("actual", "arrays of different length")
    if classes and len(predicted) and max(predicted.max(), actual.max()) >= classes:
        raise fields.wrong("predicted", "no such class")
    table = _probabilities(fields, classes) if classes else np.zeros((len(predicted), 0))
    if len(table) != len(predicted) or (classes == 0 and fields.plain("probabilities")):
        raise fields.wrong("probabilities", "arrays of different length")
    return Pairs(predicted=predicted, actual=actual, probabilities=table)


def _probabilities(fields: Fields, classes: int) -> FloatArray:
    table: FloatArray = fields.array("probabilities", "<f8", (-1, classes))
    unknown = (table == -1.0).all(axis=1)
    known = table[~unknown]
    if len(known) and (known.min() < 0.0 or np.abs(known.sum(axis=1) - 1.0).max() > 1e-6):
        raise fields.wrong("probabilities", "no distribution")
    table[unknown] = np.nan
    return table
