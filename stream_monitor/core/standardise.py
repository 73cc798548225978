"""Values of a series through the eyes of its reference: bins, and views standardised so that 1 means the same everywhere."""

from functools import cached_property
from typing import NamedTuple

import numpy as np

from stream_monitor.core.batch import Column
from stream_monitor.core.bin_edges import bin_labels
from stream_monitor.core.cells import Values, values_of
from stream_monitor.core.detector import FloatArray, Kind
from stream_monitor.core.grid import Grid, grid_of
from stream_monitor.core.groups import reference_id
from stream_monitor.core.reference import CLIP, Reference, bins_of_numbers, category_scores, raw_views


class Form(NamedTuple):
    """What lenses have in common that look at arrays together. width: a power of two, the bins at least."""

    kind: Kind
    views: tuple[str, ...]
    width: int

    @property
    def numeric(self) -> bool:
        """Whether values are numbers, not places of categories."""
        return self.kind is Kind.NUMERIC


class Lens:
    """A reference made ready for arrays; holds no state of its own."""

    def __init__(self, reference: Reference) -> None:
        self.reference = reference
        self.kind = reference.kind
        self.bins = len(reference.counts)
        self.views = tuple(reference.views)
        self._edges = np.array(reference.edges)
        self._places = {name: at for at, name in enumerate(reference.categories)}
        self._surprise, self._mix = category_scores(reference.counts)

    @cached_property
    def form(self) -> Form:
        """Of all but identifiers."""
        return Form(self.kind, self.views, 1 << (self.bins - 1).bit_length())

    @cached_property
    def id(self) -> str:
        """Of its reference, as `groups.reference_id`."""
        return reference_id(self.reference)

    @cached_property
    def grid(self) -> Grid:
        """Of numbers."""
        return grid_of(self._edges, self.z(self._edges))

    @cached_property
    def scales(self) -> FloatArray:
        """Of numbers: mean and scale, then those of every view, (2 + 2 views,)."""
        reference = self.reference
        return np.array([reference.mean, reference.scale, *(x for m in reference.views.values() for x in m)])

    @cached_property
    def table(self) -> FloatArray:
        """Of what is no number: z and every view of each category, (1 + views, width), 0 beyond the last."""
        places = np.arange(self.bins, dtype=np.float64)
        table = np.zeros((1 + len(self.views), self.form.width))
        views = self.standardised(places)
        table[:, : self.bins] = [self.z(places), *(views[name] for name in self.views)]
        return table

    def values(self, column: Column) -> Values:
        """The usable cells of `column` and their numbers."""
        return values_of(self.kind, column, self._places)

    def bin(self, numbers: FloatArray) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        """Bin of every number, (n,)."""
        if self.kind is Kind.NUMERIC:
            return bins_of_numbers(numbers, self._edges)
        return numbers.astype(np.intp)

    def standardised(self, numbers: FloatArray) -> dict[str, FloatArray]:
        """Every view of `numbers` (n,): mean 0 and standard deviation 1 under the reference, by name."""
        reference = self.reference
        raw = raw_views(
            self.kind,
            numbers,
            mean=reference.mean,
            scale=reference.scale,
            surprise=self._surprise,
            mix=self._mix,
        )
        bound = np.inf if self.kind is Kind.BOOLEAN else CLIP  # 0 and 1 have no tail to cut
        return {
            name: np.clip((view - reference.views[name].mean) / reference.views[name].scale, -bound, bound)
            for name, view in raw.items()
        }

    def z(self, numbers: FloatArray) -> FloatArray:
        """Winsorised standard scores (n,), for the moments of a window; zeros for categories."""
        if self.kind is Kind.CATEGORICAL:
            return np.zeros(len(numbers))
        bound = np.inf if self.kind is Kind.BOOLEAN else CLIP
        return np.clip((numbers - self.reference.mean) / self.reference.scale, -bound, bound)

    def labels(self) -> tuple[str, ...]:
        """A name for every bin."""
        if self.kind is not Kind.NUMERIC:
            return (*self.reference.categories, "(other)")
        return bin_labels(self.reference.edges)
