"""The order in which the events of one id count, for all ids of a batch at once.

Whatever the state of an id, in a run of its predictions only the first can matter, and so in a run of its labels; and after
two runs nothing changes any more (it is joined, or its prediction expired). So a batch is two rounds, each of them over ids
that differ, and a rest that is only counted.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Events(NamedTuple):
    """Predictions and labels with an id. at: (m,) their row; rounds: (m,) 0, 1, or 2:
    the rest. All in order.
    """

    at: NDArray[np.intp]
    is_label: NDArray[np.bool_]
    rounds: NDArray[np.int8]

    def of(self, number: int, *, labels: bool) -> NDArray[np.intp]:
        """Rows of the predictions or labels of a round, in order."""
        wanted = (self.rounds == number) & (self.is_label == labels)
        rows: NDArray[np.intp] = self.at[wanted]
        return rows


def events_of(keys: NDArray[np.uint64], predicted: NDArray[np.bool_], labelled: NDArray[np.bool_]) -> Events:
    """The events of rows (n,): keys of their ids, which of them hold a prediction and a label; a row may hold both, first the
    prediction.
    """
    orders = np.concatenate([2 * np.flatnonzero(predicted), 2 * np.flatnonzero(labelled) + 1])
    orders.sort()
    at, is_label = orders >> 1, (orders & 1).astype(np.bool_)
    rounds = np.zeros(len(at), np.int8)
    distinct = np.sort(keys[at])
    if (distinct[1:] != distinct[:-1]).all():  # most often
        return Events(at, is_label, rounds)
    by_key = np.argsort(keys[at], kind="stable")
    key, label = keys[at][by_key], is_label[by_key]
    new_key = np.append(True, key[1:] != key[:-1])[: len(key)]
    new_run = new_key | np.append(True, label[1:] != label[:-1])[: len(key)]
    runs = np.cumsum(new_run) - 1
    first_run = runs[np.maximum.accumulate(np.where(new_key, np.arange(len(key)), 0))]
    rounds[by_key] = np.where(new_run, np.minimum(runs - first_run, 2), 2)
    return Events(at, is_label, rounds)
