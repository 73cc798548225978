"""The last labelled predictions of one segment: classes or numbers without probabilities, so that many segments stay small."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from stream_monitor.core.detector import FloatArray, Plain
from stream_monitor.core.fields import Fields, as_bytes
from stream_monitor.core.performance.classification import classification_figures
from stream_monitor.core.performance.figure import Figure
from stream_monitor.core.performance.pairs import Pairs
from stream_monitor.core.performance.regression import regression_figures
from stream_monitor.core.performance.task import Task, TaskKind
from stream_monitor.core.window import BLOCK

SHOWN: Final[Mapping[TaskKind, tuple[str, ...]]] = {
    TaskKind.BINARY: ("accuracy", "precision", "recall", "f1"),
    TaskKind.MULTICLASS: ("accuracy", "precision_macro", "recall_macro", "f1_macro"),
    TaskKind.REGRESSION: ("mae", "rmse", "bias"),
}
"""The first is the lead figure."""


class SegmentWindow:
    """Pairs (predicted, actual) as places of classes or as numbers, of closed blocks of 32 and of the one that is not full.

    State: 2 bytes a pair, 16 of a regression.
    """

    def __init__(self, length: int) -> None:
        self.length = length
        self.seen = 0
        self._pairs: FloatArray = np.zeros((0, 2))

    def __len__(self) -> int:
        """Pairs in closed blocks."""
        return len(self._pairs) - self.seen % BLOCK

    def add(self, predicted: FloatArray, actual: FloatArray) -> None:
        """Pairs (n,) that follow."""
        self.seen += len(predicted)
        pairs = np.concatenate([self._pairs, np.stack([predicted, actual], axis=1)])
        self._pairs = pairs[-(self.length + self.seen % BLOCK) :]

    def figures(self, task: Task) -> dict[str, Figure]:
        """Those that are shown. Cost: ~0.3 ms."""
        pairs = self._pairs[: len(self)]
        bare = Pairs(predicted=pairs[:, 0], actual=pairs[:, 1], probabilities=np.zeros((len(pairs), 0)))
        regression = task.kind is TaskKind.REGRESSION
        figures = regression_figures(bare) if regression else classification_figures(bare, task)
        return {name: figures[name] for name in SHOWN[task.kind]}

    def dump(self, task: Task) -> dict[str, Plain]:
        """Explicit fields."""
        return {"seen": self.seen, "pairs": as_bytes(self._pairs, _kind(task))}

    @classmethod
    def load(cls, length: int, task: Task, plain: Plain) -> "SegmentWindow":
        """The inverse of `dump`. Raises CorruptState."""
        fields = Fields(plain, "segment")
        window = cls(length)
        window.seen = fields.integer("seen", least=0)
        window._pairs = fields.array("pairs", _kind(task), (-1, 2)).astype(np.float64)
        pairs = window._pairs
        if len(pairs) != min(window.seen, length + window.seen % BLOCK):
            raise fields.wrong("pairs", "not as many as were seen")
        if task.classes and len(pairs) and pairs.max() >= len(task.classes):
            raise fields.wrong("pairs", "no such class")
        return window


def _kind(task: Task) -> str:
    return "<f8" if task.kind is TaskKind.REGRESSION else "<u1"
