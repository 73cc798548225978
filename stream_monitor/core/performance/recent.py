"""The latest predictions of a version, and those with labels, by the row of the prediction: how it has done since a row.

What is asked as of a row is the same however rows were cut into batches: what the batch at hand brought is kept on top of the
rest until the next one begins, and left out again where it came later.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray, Plain
from stream_monitor.core.fields import Fields, as_bytes
from stream_monitor.core.performance.pairs import Pairs
from stream_monitor.core.performance.task import Task, TaskKind

_LENGTH: Final = 1_024
_OF_MANY: Final = 512  # with many classes a prediction takes as many bytes as ten of two


class Tail:
    """The last `length` of some rows of numbers, each with the row that asked and the row that told it."""

    def __init__(self, length: int, kind: str) -> None:
        self.length = length
        self._kind = kind
        self._asked: NDArray[np.int64] = np.zeros(0, np.int64)
        self._told: NDArray[np.int64] = np.zeros(0, np.int64)
        self._values: FloatArray = np.zeros((0, 0))

    def begin(self) -> None:
        """A batch begins: what is beyond the last `length` is asked for no more."""
        self._asked, self._told = self._asked[-self.length :], self._told[-self.length :]
        self._values = self._values[-self.length :]

    def add(self, values: FloatArray, asked: NDArray[np.int64], told: NDArray[np.int64]) -> None:
        """Take `values` (n, w), w at least what it was; asked: (n,), told: (n,) in order."""
        old = np.pad(self._values, ((0, 0), (0, values.shape[1] - self._values.shape[1])))
        self._values = np.concatenate([old, values])
        self._asked = np.concatenate([self._asked, asked])
        self._told = np.concatenate([self._told, told])

    def since(self, change_row: int, row: int, *, by_told: bool = False) -> FloatArray:
        """Of the last `length` that were told by `row`, those that were asked, or told, from `change_row` on: (k, w)."""
        end = int(np.searchsorted(self._told, row, side="right"))
        part = slice(max(0, end - self.length), end)
        rows = self._told if by_told else self._asked
        return np.asarray(self._values[part][rows[part] >= change_row])

    @property
    def values(self) -> FloatArray:
        """All that is kept, (n, w)."""
        return self._values

    def dump(self) -> dict[str, Plain]:
        """Explicit fields; arrays as little-endian bytes."""
        return {
            "width": self._values.shape[1],
            "asked": as_bytes(self._asked[-self.length :], "<i8"),
            "told": as_bytes(self._told[-self.length :], "<i8"),
            "values": as_bytes(self._values[-self.length :], self._kind),
        }

    def load(self, plain: Plain, *, width: int) -> None:
        """The inverse of `dump`; width: columns that there may be at most. Raises CorruptState."""
        fields = Fields(plain, "recent")
        self._asked, self._told = fields.array("asked", "<i8"), fields.array("told", "<i8")
        n, wide = len(self._asked), fields.integer("width", least=0)
        if n > self.length or wide > width or (n and not wide) or len(self._told) != n:
            raise fields.wrong("width", "too many values, or too wide")
        if (np.diff(self._told) < 0).any():
            raise fields.wrong("told", "not in order")
        self._values = (
            fields.array("values", self._kind, (n, wide)).astype(np.float64) if wide else np.zeros((0, 0))
        )


class Recent:
    """State: up to 61 kB for two classes, 92 kB for 32."""

    def __init__(self, task: Task) -> None:
        length = _OF_MANY if task.kind is TaskKind.MULTICLASS else _LENGTH
        self.labelled = Tail(length, "<f8")
        self.predicted = Tail(length, "<f4")

    def begin(self) -> None:
        """A batch begins."""
        self.labelled.begin()
        self.predicted.begin()

    def learn(self, pairs: Pairs, asked: NDArray[np.int64], rows: NDArray[np.int64]) -> None:
        """Take pairs (n,) completed at `rows` (n,), of predictions made at the rows `asked` (n,)."""
        self.labelled.add(np.stack([pairs.predicted, pairs.actual], axis=1), asked, rows)

    def see(self, predicted: FloatArray, probabilities: FloatArray, rows: NDArray[np.int64]) -> None:
        """Take predictions (n,) with their probabilities (n, classes), made at `rows` (n,)."""
        self.predicted.add(np.column_stack([predicted, probabilities]), rows, rows)

    def pairs(self, change_row: int, row: int, classes: int, *, by_label: bool) -> Pairs:
        """Pairs completed by `row`, whose prediction was made, or by_label which were completed, from `change_row` on; without
        their probabilities.
        """
        values = self.labelled.since(change_row, row, by_told=by_label).reshape(-1, 2)
        unknown = np.full((len(values), classes), np.nan)
        return Pairs(predicted=values[:, 0], actual=values[:, 1], probabilities=unknown)

    def predictions(self, change_row: int, row: int, classes: int) -> tuple[FloatArray, FloatArray]:
        """Places (k,) and probabilities (k, classes) of the predictions made from `change_row` to `row`."""
        values = self.predicted.since(change_row, row)
        if len(values) == 0:
            return np.zeros(0), np.zeros((0, classes))
        return values[:, 0], np.pad(values[:, 1:], ((0, 0), (0, classes - values.shape[1] + 1)))

    def dump(self) -> dict[str, Plain]:
        """Explicit fields."""
        return {"labelled": self.labelled.dump(), "predicted": self.predicted.dump()}

    @classmethod
    def load(cls, plain: Plain, task: Task) -> "Recent":
        """The inverse of `dump`, for a version of that task. Raises CorruptState."""
        fields = Fields(plain, "recent")
        recent = cls(task)
        recent.labelled.load(fields.plain("labelled"), width=2)
        recent.predicted.load(fields.plain("predicted"), width=len(task.classes) + 1)
        if task.kind is TaskKind.REGRESSION:
            return recent
        for name, places in (
            ("labelled", recent.labelled.values),
            ("predicted", recent.predicted.values[:, :1]),
        ):
            if not np.isin(places, np.arange(len(task.classes))).all():
                raise fields.wrong(name, "no such class")
        shares = recent.predicted.values[:, 1:]
        if ((shares < 0.0) | (shares > 1.0)).any():
            raise fields.wrong("predicted", "no probability")
        return recent
