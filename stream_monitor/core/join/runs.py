"""The order in which the events of one id count, for all ids of a batch at once.

A prediction matters once: a second one of its version is a duplicate. A label matters once until another version predicts: until
then a second one can meet nothing that the first did not. All that matter take turns: the first of every id, then the second of
every id, and so on; a label that does not matter is told apart right after the one that did. Few ids have more than one event in
a batch.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Events(NamedTuple):
    """Predictions and labels with an id, in order. at: (m,) their row; turns: (m,) 0, 1, …; matters: (m,) whether it does."""

    at: NDArray[np.intp]
    is_label: NDArray[np.bool_]
    turns: NDArray[np.int64]
    matters: NDArray[np.bool_]

    @property
    def number(self) -> int:
        """Of turns."""
        return int(self.turns.max()) + 1 if len(self.turns) else 0

    def of(self, turn: int, *, labels: bool, matters: bool) -> NDArray[np.intp]:
        """Rows of the predictions or labels of a turn, in order."""
        wanted = (self.turns == turn) & (self.is_label == labels) & (self.matters == matters)
        rows: NDArray[np.intp] = self.at[wanted]
        return rows


def events_of(
    ids: NDArray[np.uint64],
    cases: NDArray[np.uint64],
    scopes: NDArray[np.uint64],
    predicted: NDArray[np.bool_],
    labelled: NDArray[np.bool_],
) -> Events:
    """The events of rows (n,): keys of their ids, of what they predict and of what their label is about, different for different
    ids; which of them hold a prediction and a label; a row may hold both, first the prediction.
    """
    orders = np.concatenate([2 * np.flatnonzero(predicted), 2 * np.flatnonzero(labelled) + 1])
    orders.sort()
    at, is_label = orders >> 1, (orders & 1).astype(np.bool_)
    turns, matters = np.zeros(len(at), np.int64), np.ones(len(at), np.bool_)
    distinct = np.sort(ids[at])
    if (distinct[1:] != distinct[:-1]).all():  # most often
        return Events(at, is_label, turns, matters)
    by_id = np.argsort(ids[at], kind="stable")
    key, label = ids[at][by_id], is_label[by_id]
    about = np.where(label, scopes[at][by_id], cases[at][by_id])
    since = np.zeros(len(key), np.int64)  # predictions that matter, up to here
    first = _firsts(since, about, ~label)
    counts = ~label & (first == np.arange(len(key)))
    since = np.cumsum(counts, dtype=np.int64)
    first = _firsts(since, about, label)
    counts |= label & (first == np.arange(len(key)))
    rank = np.cumsum(counts) - 1
    new_id = np.append(True, key[1:] != key[:-1])[: len(key)]  # the first event of an id always matters
    rank -= rank[np.maximum.accumulate(np.where(new_id, np.arange(len(key)), 0))]
    turns[by_id] = rank[first]
    matters[by_id] = counts
    return Events(at, is_label, turns, matters)


def _firsts(
    part: NDArray[np.int64], about: NDArray[np.uint64], wanted: NDArray[np.bool_]
) -> NDArray[np.intp]:
    """Of every `wanted` one the position of the first about the same in its part, of any other its own: (n,)."""
    firsts = np.arange(len(part))
    at = np.flatnonzero(wanted)
    order = at[np.lexsort((about[at], part[at]))]
    new = (part[order][1:] != part[order][:-1]) | (about[order][1:] != about[order][:-1])
    begins = np.where(np.append(True, new)[: len(order)], np.arange(len(order)), 0)
    firsts[order] = order[np.maximum.accumulate(begins)]
    return firsts
