"""Joined pairs for the laws of performance: cells as they come from Kafka, and the same values as scikit-learn takes them."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from stream_monitor.core.columnise import column_of
from stream_monitor.core.detector import FloatArray
from stream_monitor.core.performance.pairs import Pairs, encode
from stream_monitor.core.performance.task import Labelled, Predictions, Task, TaskKind

NAMES = ("ant", "bee", "cat", "dog", "eel")


@dataclass(frozen=True, slots=True)
class Sample:
    """Pairs as cells and as plain arrays; probabilities (n, classes) in the task's order, each row summing to 1."""

    task: Task
    labelled: Labelled
    actual: list[str]
    predicted: list[str]
    probabilities: FloatArray

    @property
    def pairs(self) -> Pairs:
        return encode(self.labelled, self.task).pairs


@st.composite
def classified(
    draw: st.DrawFn, *, classes: st.SearchStrategy[int], least: int = 1, most: int = 120
) -> Sample:
    """Any classified pairs: skewed or even, ties among the probabilities, right or wrong at random."""
    k = draw(classes)
    n = draw(st.integers(least, most))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weights = random.dirichlet(np.full(k, draw(st.sampled_from([0.3, 1.0, 10.0]))))
    table = random.dirichlet(np.full(k, draw(st.sampled_from([0.2, 1.0, 5.0]))), n)
    if draw(st.booleans()):
        table = np.floor(table * 8)
        table[:, 0] += 8 - table.sum(axis=1)
        table /= 8
    actual = random.choice(k, n, p=weights)
    predicted = table.argmax(axis=1) if draw(st.booleans()) else random.choice(k, n, p=weights)
    return sample_of(actual.tolist(), predicted.tolist(), table, k)


def sample_of(actual: list[int], predicted: list[int], table: FloatArray, classes: int) -> Sample:
    names = NAMES[:classes]
    kind = TaskKind.BINARY if classes == 2 else TaskKind.MULTICLASS
    labelled = Labelled(
        predictions=Predictions(
            values=column_of([names[at] for at in predicted]),
            probability=np.full(len(actual), np.nan),
            probabilities={name: table[:, at] for at, name in enumerate(names)},
        ),
        labels=column_of([names[at] for at in actual]),
    )
    task = Task(kind=kind, classes=names, positive=names[1] if classes == 2 else None)
    return Sample(task, labelled, [names[at] for at in actual], [names[at] for at in predicted], table)


def numbers(predicted: FloatArray, actual: FloatArray) -> Pairs:
    """Pairs of a regression."""
    return Pairs(predicted=predicted, actual=actual, probabilities=np.zeros((len(actual), 0)))
