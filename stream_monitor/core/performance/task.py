"""What a model's predictions are: a class of two, a class of many, or a number. By configuration, else by rule.

The rule, on the first joined pairs:

- **Regression** where all predictions and labels are numbers, no event has probabilities, and either a value is not whole or
  there are more than 20 different ones.
- Else **binary** where predictions, labels and the names of probabilities are two classes at most; else **multiclass**.
- The **positive class** of two is the one called 1, true, yes, positive, pos, y or t; else the other one of 0, false, no,
  negative, neg, n or f; else the rarer one among the labels; else the later one by name.
- A lone `probability` is of the **positive class** where any negative prediction's is below one half (a confidence in the
  predicted one of two classes cannot be); else, if there are negative predictions, of the **predicted class**.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import Cell, Column
from stream_monitor.core.cells import present, text_of
from stream_monitor.core.detector import FloatArray, Plain
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.plain import plain_of, value_of

FEW: Final = 20  # different whole numbers that may be classes
MOST_CLASSES: Final = 32  # a pair of one more is foreign: counted, not scored
POSITIVE: Final = frozenset({"1", "true", "yes", "positive", "pos", "y", "t"})
NEGATIVE: Final = frozenset({"0", "false", "no", "negative", "neg", "n", "f"})
_CODES: Final = np.array([code in (Cell.TEXT, Cell.TRUE, Cell.FALSE) for code in range(256)])


class TaskKind(StrEnum):
    """What a prediction is."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"


class ProbabilityOf(StrEnum):
    """Whose probability a lone `probability` is."""

    POSITIVE = "positive"
    PREDICTED = "predicted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """Predictions of one version, in order: (n,) each. probability, probabilities (by class): NaN where the event had none."""

    values: Column
    probability: FloatArray
    probabilities: Mapping[str, FloatArray] = field(default_factory=lambda: MappingProxyType({}))

    def __len__(self) -> int:
        return len(self.values.codes)

    def take(self, at: NDArray[np.intp]) -> "Predictions":
        """The predictions at the positions `at`: (k,)."""
        return Predictions(
            values=self.values.take(at),
            probability=self.probability[at],
            probabilities={name: column[at] for name, column in self.probabilities.items()},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """Predictions and the label of each, in order: (n,) both."""

    predictions: Predictions
    labels: Column

    def __len__(self) -> int:
        return len(self.predictions)

    def take(self, at: NDArray[np.intp]) -> "Labelled":
        """The pairs at the positions `at`: (k,)."""
        return Labelled(predictions=self.predictions.take(at), labels=self.labels.take(at))


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """classes: in a fixed order; of a multiclass task more may be appended. positive: of two classes, its name."""

    kind: TaskKind
    classes: tuple[str, ...] = ()
    positive: str | None = None
    probability_of: ProbabilityOf = ProbabilityOf.PREDICTED

    @property
    def positive_at(self) -> int:
        """Place of the positive class of a binary task."""
        assert self.positive is not None
        return self.classes.index(self.positive)

    def to_plain(self) -> Plain:
        """Explicit fields, JSON-able."""
        return plain_of(self)

    @classmethod
    def from_plain(cls, plain: Plain) -> "Task":
        """The inverse of `to_plain`. Raises CorruptState."""
        task = value_of(cls, plain)
        k = len(task.classes)
        least, most = _COUNTS[task.kind]
        fits = least <= k <= most and len(set(task.classes)) == k
        named = task.positive in task.classes if task.kind is TaskKind.BINARY else task.positive is None
        if not fits or not named:
            raise CorruptState(
                f"task: {task.kind.value} with classes {task.classes}, positive {task.positive}"
            )
        return task


_COUNTS: Final = MappingProxyType(
    {
        TaskKind.BINARY: (2, 2),
        TaskKind.MULTICLASS: (1, MOST_CLASSES),
        TaskKind.REGRESSION: (0, 0),
    }
)


def task_of(labelled: Labelled, *, kind: TaskKind | None = None, positive: str | None = None) -> Task | None:
    """The task by the rule above, on at least a few hundred pairs; `kind` and `positive` as configured win.

    None while it cannot be told: fewer than two classes were seen. Ask again later.
    """
    if kind is None and positive is None and _is_regression(labelled):
        kind = TaskKind.REGRESSION
    if kind is TaskKind.REGRESSION:
        return Task(kind=kind)
    labels = texts_of(labelled.labels)
    seen = {*labels, *texts_of(labelled.predictions.values), *labelled.predictions.probabilities} - {None}
    names = sorted(name for name in seen if name is not None)
    if positive is not None and positive not in names:
        names = sorted([*names, positive])
    if len(names) < 2:
        return None
    if kind is TaskKind.MULTICLASS or (kind is None and len(names) > 2):
        return Task(kind=TaskKind.MULTICLASS, classes=tuple(names[:MOST_CLASSES]))
    if len(names) > 2:  # configured as binary: the positive class against the most frequent other one
        names = _two(names, labels, positive)
    chosen = positive if positive is not None else _positive(names, labels)
    return Task(
        kind=TaskKind.BINARY,
        classes=tuple(names),
        positive=chosen,
        probability_of=_probability_of(labelled.predictions, chosen),
    )


def texts_of(column: Column) -> list[str | None]:
    """Every cell as the name of a class, None where there is no value."""
    there = present(column.codes).tolist()
    return [text_of(column, at) if here else None for at, here in enumerate(there)]


def _is_regression(labelled: Labelled) -> bool:
    predictions = labelled.predictions
    if predictions.probabilities or not np.isnan(predictions.probability).all():
        return False
    numbers = []
    for column in (predictions.values, labelled.labels):
        numbers.append(column.values[column.codes == Cell.NUMBER])
        if _CODES[column.codes].any() or len(numbers[-1]) == 0:
            return False
    values = np.unique(np.concatenate(numbers))
    return len(values) > FEW or bool((values != np.floor(values)).any())


def _positive(names: list[str], labels: Iterable[str | None]) -> str:
    for at, name in enumerate(names):
        if name.casefold() in POSITIVE:
            return name
        if names[1 - at].casefold() in NEGATIVE:
            return name
    seen = list(labels)
    return min(reversed(names), key=seen.count)


def _two(names: list[str], labels: list[str | None], positive: str | None) -> list[str]:
    often = sorted(names, key=lambda name: (-labels.count(name), name))
    first = (
        positive if positive is not None else next((n for n in names if n.casefold() in POSITIVE), often[1])
    )
    return sorted([first, next(name for name in often if name != first)])


def _probability_of(predictions: Predictions, positive: str) -> ProbabilityOf:
    said = np.array([name is not None and name != positive for name in texts_of(predictions.values)])
    negative = predictions.probability[said & ~np.isnan(predictions.probability)]
    if len(negative) == 0 or (negative < 0.5).any():
        return ProbabilityOf.POSITIVE
    return ProbabilityOf.PREDICTED
