"""Joined pairs as arrays of a known task: classes by their place, probabilities made sound. What is not, is counted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import Cell, Column
from stream_monitor.core.cells import numeric, present, text_of
from stream_monitor.core.detector import FloatArray
from stream_monitor.core.performance.task import (
    MOST_CLASSES,
    Labelled,
    Predictions,
    ProbabilityOf,
    Task,
    TaskKind,
    texts_of,
)

SLACK = (
    0.02  # probabilities rounded to two digits need not add up to 1; what is further off is no distribution
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Pairs in order. predicted, actual: (n,) the number, or the place of the class in the task.

    probabilities: (n, classes), each row sums to 1 or is NaN where the event had none; (n, 0) for regression.
    """

    predicted: FloatArray
    actual: FloatArray
    probabilities: FloatArray

    def __len__(self) -> int:
        return len(self.predicted)

    def take(self, at: NDArray[np.bool_] | slice) -> "Pairs":
        """The pairs at `at`."""
        return Pairs(
            predicted=self.predicted[at], actual=self.actual[at], probabilities=self.probabilities[at]
        )

    def known(self) -> "Pairs":
        """The pairs whose probabilities are known."""
        if self.probabilities.shape[1] == 0:
            return self.take(slice(0, 0))
        known = ~np.isnan(self.probabilities[:, 0])
        return self if known.all() else self.take(known)

    def widened(self, classes: int) -> "Pairs":
        """The same with that many classes: to those that were not known yet nothing was given."""
        missing = classes - self.probabilities.shape[1]
        if missing == 0:
            return self
        nothing = np.where(np.isnan(self.probabilities[:, :1]), np.nan, 0.0)
        wide = np.concatenate([self.probabilities, np.repeat(nothing, missing, axis=1)], axis=1)
        return replace(self, probabilities=wide)


class Encoded(NamedTuple):
    """task: grown by new classes of a multiclass task. usable: (n,) pairs taken over. foreign: pairs left out: a class beyond the
    two or MOST_CLASSES, or no number. unsound: pairs whose probabilities are no distribution, and count as unknown.
    """

    task: Task
    pairs: Pairs
    usable: NDArray[np.bool_]
    foreign: int
    unsound: int


def no_pairs(classes: int) -> Pairs:
    """None at all."""
    return Pairs(predicted=np.zeros(0), actual=np.zeros(0), probabilities=np.zeros((0, classes)))


def concatenate(parts: Sequence[Pairs]) -> Pairs:
    """All pairs of `parts` (equally many classes) in order."""
    return Pairs(
        predicted=np.concatenate([part.predicted for part in parts]),
        actual=np.concatenate([part.actual for part in parts]),
        probabilities=np.concatenate([part.probabilities for part in parts]),
    )


def encode(labelled: Labelled, task: Task) -> Encoded:
    """Pairs of `task` out of cells. Cost: ~0.2 µs a pair and class."""
    if task.kind is TaskKind.REGRESSION:
        return _numbers(labelled, task)
    if task.kind is TaskKind.MULTICLASS:
        task = grown(task, labelled.predictions, labelled.labels)
    places = {name: at for at, name in enumerate(task.classes)}
    actual = class_places(labelled.labels, places)
    predicted, probabilities, unsound = scored(labelled.predictions, task)
    usable = ~(np.isnan(predicted) | np.isnan(actual))
    pairs = Pairs(predicted=predicted, actual=actual, probabilities=probabilities).take(usable)
    return Encoded(task, pairs, usable, int((~usable).sum()), int((unsound & usable).sum()))


def scored(predictions: Predictions, task: Task) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    """Places (n,) of the predicted classes, probabilities (n, classes), and rows (n,) whose probabilities are no distribution.

    An event with probabilities and no prediction predicts the likeliest class, of two equally likely ones the positive.
    """
    predicted = class_places(predictions.values, {name: at for at, name in enumerate(task.classes)})
    probabilities, unsound = probabilities_of(predictions, task, predicted)
    silent = ~present(predictions.values.codes) & ~np.isnan(probabilities[:, 0])
    if silent.any():
        likely = probabilities[silent].copy()
        if task.kind is TaskKind.BINARY:
            likely[likely[:, task.positive_at] == 0.5, task.positive_at] = 1.0
        predicted[silent] = likely.argmax(axis=1)
    return predicted, probabilities, unsound


def grown(task: Task, predictions: Predictions, labels: Column | None = None) -> Task:
    """The task with the classes that are new, in the order of their rows, so that cuts do not matter; at most MOST_CLASSES."""
    given = {
        name: np.flatnonzero(~np.isnan(column))
        for name, column in predictions.probabilities.items()
        if name not in task.classes
    }
    first: dict[str, tuple[int, int, str]] = {n: (int(at[0]), 2, n) for n, at in given.items() if len(at)}
    for turn, column in enumerate((labels, predictions.values)):
        if column is None or ((column.codes == Cell.TEXT).all() and set(column.texts) <= set(task.classes)):
            continue  # the usual case, without a look at the rows
        for at, name in enumerate(texts_of(column)):
            if name is not None and name not in task.classes:
                first[name] = min(first.get(name, (at, turn, name)), (at, turn, name))
    new = sorted(first, key=first.__getitem__)[: MOST_CLASSES - len(task.classes)]
    return replace(task, classes=(*task.classes, *new)) if new else task


def class_places(column: Column, places: dict[str, int]) -> FloatArray:
    """Place of every cell's class, (n,); NaN where there is no value or the class is foreign."""
    found = np.full(len(column.codes), np.nan)
    if column.texts:
        place = np.array([places.get(text, np.nan) for text in column.texts])
        is_text = column.codes == Cell.TEXT
        found[is_text] = place[column.values[is_text].astype(np.intp)]
    others = np.flatnonzero(present(column.codes) & (column.codes != Cell.TEXT))
    if len(others):
        cells = np.stack([column.codes[others], column.values[others]])
        _, at, inverse = np.unique(cells, axis=1, return_index=True, return_inverse=True)
        place = np.array([places.get(text_of(column, int(others[i])), np.nan) for i in at])
        found[others] = place[inverse.ravel()]
    return found


def probabilities_of(
    predictions: Predictions, task: Task, predicted: FloatArray
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Distribution over the classes of each row, (n, classes), NaN where none; and rows (n,) whose numbers are none.

    By class first; classes that a row leaves out have what is left, which must be nothing. For the rest, of a binary task, from
    the lone `probability`.
    """
    n, k = len(predicted), len(task.classes)
    table = np.full((n, k), np.nan)
    for at, name in enumerate(task.classes):
        if name in predictions.probabilities:
            table[:, at] = predictions.probabilities[name]
    given = ~np.isnan(table).all(axis=1)
    if k == 2:
        for at in (0, 1):  # one of two classes says both
            alone = given & np.isnan(table[:, 1 - at])
            table[alone, 1 - at] = 1.0 - table[alone, at]
        lone = ~given & ~np.isnan(predictions.probability)
        if task.probability_of is ProbabilityOf.PREDICTED:
            lone &= ~np.isnan(predicted)
        table[lone] = _both(predictions.probability[lone], predicted[lone], task)
        given |= lone
    table[given] = np.nan_to_num(table[given])
    total = table.sum(axis=1)
    with np.errstate(invalid="ignore"):
        sound = ((table >= 0.0) & (table <= 1.0)).all(axis=1) & (np.abs(total - 1.0) <= SLACK)
    table[~sound] = np.nan
    return table / np.where(sound, total, 1.0)[:, None], given & ~sound


def _both(probability: FloatArray, predicted: FloatArray, task: Task) -> FloatArray:
    whose = (
        predicted
        if task.probability_of is ProbabilityOf.PREDICTED
        else np.full(len(predicted), task.positive_at)
    )
    return np.where(whose[:, None] == np.arange(2.0), probability[:, None], 1.0 - probability[:, None])


def _numbers(labelled: Labelled, task: Task) -> Encoded:
    usable = (labelled.predictions.values.codes == Cell.NUMBER) & (labelled.labels.codes == Cell.NUMBER)
    sides = []
    for column in (labelled.predictions.values, labelled.labels):
        numbers = np.zeros(len(usable))
        numbers[column.codes == Cell.NUMBER] = numeric(column).numbers
        sides.append(numbers[usable])
    pairs = Pairs(predicted=sides[0], actual=sides[1], probabilities=np.zeros((len(sides[0]), 0)))
    return Encoded(task, pairs, usable, int((~usable).sum()), 0)
