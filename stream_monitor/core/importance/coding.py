"""Few groups of many values: what a feature held, and what a model put out, as one small number each.

Groups are made of the bins of a reference, so they mean the same as long as it is in force. No raw value is kept but the names
of classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import Cell, Column, ColumnBatch
from stream_monitor.core.bin_edges import few_values
from stream_monitor.core.cells import text_of_number
from stream_monitor.core.detector import Kind
from stream_monitor.core.performance.columns import PREDICTION, PROBABILITY
from stream_monitor.core.series_monitor import SeriesMonitor
from stream_monitor.core.snapshot import digest
from stream_monitor.core.standardise import Lens

Groups = NDArray[np.uint8]

VALUES: Final = 10  # groups of a feature
MISSING: Final = VALUES - 1  # of them, where there is no usable value
OUTPUTS: Final = 16  # groups of an output
OTHER: Final = OUTPUTS - 1  # of them, a class that has none of its own
NOTHING: Final = 255  # no output
QUANTILES: Final = 8  # groups of an output that is a number
_PARTS: Final = 4  # of a probability, beside its class
_WITH_PARTS: Final = OUTPUTS // _PARTS  # classes, then


@dataclass(frozen=True, slots=True, eq=False)
class FeatureCoding:
    """groups: (bins of the lens,)."""

    lens: Lens
    groups: Groups

    @classmethod
    def of(cls, lens: Lens, most: int = MISSING) -> "FeatureCoding":
        """As many groups as there are bins, or `most` of about equal shares of the reference."""
        return cls(lens, shares(lens.reference.counts, most))

    def code(self, column: Column, nothing: int = MISSING) -> Groups:
        """The group of every cell (n,); `nothing` where there is no usable value."""
        usable, numbers = self.lens.values(_compact(column))
        codes = np.full(len(usable), nothing, np.uint8)
        codes[usable] = self.groups[self.lens.bin(numbers)]
        return codes

    @property
    def stamp(self) -> str:
        """What the groups hang on."""
        return stamp_of(self.lens)


@dataclass(frozen=True, slots=True, eq=False)
class OutputCoding:
    """How what one version puts out is coded: the prediction, a class with its probability beside it; else the probability."""

    prediction: FeatureCoding | None
    probability: FeatureCoding | None

    @classmethod
    def of(
        cls, prediction: Lens | None, probability: Lens | None, classes: list[str]
    ) -> "OutputCoding | None":
        """By what is known of its series; None if that is nothing. classes: that have a place; new ones get one while there is
        room.
        """
        if prediction is None:
            if probability is None:
                return None
            return cls(None, FeatureCoding.of(probability, QUANTILES))
        names = _classes(prediction)
        if names is None:
            return cls(FeatureCoding.of(prediction, QUANTILES), None)
        groups = np.array([_place(name, classes) for name in names], np.uint8)
        if probability is None:
            return cls(FeatureCoding(prediction, groups), None)
        groups = np.minimum(groups, _WITH_PARTS - 1).astype(np.uint8) * np.uint8(_PARTS)
        return cls(FeatureCoding(prediction, groups), FeatureCoding.of(probability, _PARTS))

    def code(self, batch: ColumnBatch, at: NDArray[np.intp]) -> Groups:
        """The group of the output in each of the rows at (k,), NOTHING where there is none."""
        if self.prediction is None:
            return _code(self.probability, batch.columns.get(PROBABILITY), at, NOTHING)
        codes = _code(self.prediction, batch.columns.get(PREDICTION), at, NOTHING)
        there = np.flatnonzero(codes != NOTHING)
        codes[there] += _code(self.probability, batch.columns.get(PROBABILITY), at[there], 0)
        return codes

    @property
    def stamps(self) -> tuple[str | None, str | None]:
        """What the groups hang on beside the places of classes: of prediction and probability."""
        of = self.prediction, self.probability
        first, second = (None if one is None else one.stamp for one in of)
        return first, second


def _code(coding: FeatureCoding | None, column: Column | None, at: NDArray[np.intp], nothing: int) -> Groups:
    if coding is None or column is None:
        return np.full(len(at), nothing, np.uint8)
    return coding.code(column.take(at), nothing)


def lens_of(monitor: SeriesMonitor | None) -> Lens | None:
    """The lens of a series whose values can be told apart."""
    lens = None if monitor is None else monitor.lens
    return lens if lens is not None and lens.views else None


def stamp_of(lens: Lens) -> str:
    """The bins of a lens and how full they were, as a short hash."""
    reference = lens.reference
    return digest([reference.kind, list(reference.edges), list(reference.categories), list(reference.counts)])


def shares(counts: Sequence[int], most: int) -> Groups:
    """The group (k,) of each of k bins with `counts`: its own, or neighbours together, with about equal shares. At most `most`.

    >>> shares([5, 5, 5], 4).tolist(), shares([0, 9, 1, 1, 8, 1, 0], 3).tolist()
    ([0, 1, 2], [0, 0, 1, 1, 2, 2, 2])
    """
    if len(counts) <= most:
        return np.arange(len(counts), dtype=np.uint8)
    groups = np.zeros(len(counts), np.uint8)
    group, full, rest = 0, 0, sum(counts)
    for at, count in enumerate(counts):
        wanted = (full + rest) / (most - group)  # what this group and those to come hold, dealt out
        if group < most - 1 and full and full + count / 2 > wanted:
            group, full = group + 1, 0
        groups[at] = group
        full, rest = full + count, rest - count
    return groups


def _compact(column: Column) -> Column:
    """With only the texts that occur, where there are many others: each is looked up."""
    if len(column.texts) <= len(column.codes):
        return column
    is_text = column.codes == Cell.TEXT
    used, places = np.unique(column.values[is_text], return_inverse=True)
    values = column.values.copy()
    values[is_text] = places
    return Column(values=values, codes=column.codes, texts=tuple([column.texts[int(at)] for at in used]))


def _classes(lens: Lens) -> list[str | None] | None:
    """What each bin of a prediction is called, None where it is no class; None for a prediction that is a number."""
    reference = lens.reference
    if lens.kind is not Kind.NUMERIC:
        return [*reference.categories, None]
    if not few_values(reference.edges) or len(reference.edges) > OUTPUTS:
        return None
    return [None, *(text_of_number(edge) for edge in reference.edges[:-1]), None]


def _place(name: str | None, classes: list[str]) -> int:
    if name is None:
        return OTHER
    if name not in classes:
        if len(classes) == OTHER:
            return OTHER
        classes.append(name)
    return classes.index(name)
