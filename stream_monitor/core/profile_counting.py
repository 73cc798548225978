"""Counting all values into bins that a sample has fixed: exact counts and moments without holding the values."""

import numpy as np

from stream_monitor.core.batch import Column
from stream_monitor.core.bin_edges import widened
from stream_monitor.core.cells import numeric, present, values_of
from stream_monitor.core.detector import FloatArray, Kind
from stream_monitor.core.profile import LEAST_SCALE, categorical
from stream_monitor.core.reference import (
    Moments,
    Reference,
    bins_of_numbers,
    boolean,
    identifier,
    raw_views,
)

_NONE: FloatArray = np.zeros(0)


class Spread:
    """Mean and standard deviation of numbers that come in parts (Chan, Golub and LeVeque, 1979)."""

    __slots__ = ("_squares", "mean", "size")

    def __init__(self) -> None:
        self.size = 0
        self.mean = 0.0
        self._squares = 0.0

    def add(self, values: FloatArray) -> None:
        """Numbers (k,), finite."""
        k = len(values)
        if k == 0:
            return
        mean = float(values.mean())
        apart, total = mean - self.mean, self.size + k
        self._squares += float(((values - mean) ** 2).sum()) + apart * apart * (self.size * k / total)
        self.mean += apart * (k / total)
        self.size = total

    def add_cells(self, column: Column) -> None:
        """The numbers among the cells."""
        self.add(numeric(column).numbers)

    @property
    def deviation(self) -> float:
        """Standard deviation of the population."""
        return float(np.sqrt(self._squares / max(1, self.size)))


class FeatureCount:
    """Counts of one feature over all rows, in the bins or categories of the sample.

    sampled: kind, edges and categories. spread: of all numbers, from an earlier reading.
    """

    def __init__(self, sampled: Reference, spread: Spread) -> None:
        self._sampled = sampled
        self._edges = np.array(sampled.edges)
        self._places = {name: at for at, name in enumerate(sampled.categories)}
        self._counts = np.zeros(len(sampled.counts), np.int64)
        self._unusable = 0
        self._low, self._high = np.inf, -np.inf
        self._mean = spread.mean
        # a constant of the whole has no standard deviation: the sample says what is then used instead
        known = spread.deviation > 1e-9 * abs(spread.mean)
        self._scale = max(spread.deviation, 1e-150) if known else sampled.scale
        self._views = {name: Spread() for name in sampled.views}

    def add(self, column: Column | None, rows: int) -> None:
        """The cells of the next rows; None: none of them has the feature."""
        if column is None:
            self._unusable += rows
            return
        kind = self._sampled.kind
        if kind is Kind.IDENTIFIER:
            here = int(present(column.codes).sum())
            self._counts[0] += here
            self._unusable += rows - here
            return
        numbers = values_of(kind, column, self._places).numbers
        self._unusable += rows - len(numbers)
        if kind is Kind.NUMERIC:
            self._add_numbers(numbers)
        else:
            self._counts += np.bincount(numbers.astype(np.intp), minlength=len(self._counts))

    def _add_numbers(self, numbers: FloatArray) -> None:
        if len(numbers) == 0:
            return
        self._low = min(self._low, float(numbers.min()))
        self._high = max(self._high, float(numbers.max()))
        self._counts += np.bincount(bins_of_numbers(numbers, self._edges), minlength=len(self._counts))
        raw = raw_views(Kind.NUMERIC, numbers, mean=self._mean, scale=self._scale, surprise=_NONE, mix=_NONE)
        for name, values in raw.items():
            self._views[name].add(values)

    def reference(self, *, categories: int) -> Reference:
        """The reference of all cells that were added, at least one."""
        sampled, size = self._sampled, int(self._counts.sum())
        if sampled.kind is Kind.IDENTIFIER:
            return identifier(size=size, unusable=self._unusable)
        if sampled.kind is Kind.BOOLEAN:
            return boolean(trues=int(self._counts[1]), size=size, unusable=self._unusable)
        if sampled.kind is Kind.CATEGORICAL:
            tally = dict(zip(sampled.categories, self._counts.tolist(), strict=False))
            return categorical(tally, other=int(self._counts[-1]), unusable=self._unusable, cap=categories)
        edges, counts = widened(self._edges, self._counts, low=self._low, high=self._high)
        return Reference(
            kind=Kind.NUMERIC,
            size=size,
            unusable=self._unusable,
            edges=tuple(edges.tolist()),
            categories=(),
            counts=tuple(counts.tolist()),
            mean=self._mean,
            scale=self._scale,
            views={
                name: Moments(mean=view.mean, scale=max(view.deviation, LEAST_SCALE))
                for name, view in self._views.items()
            },
        )
