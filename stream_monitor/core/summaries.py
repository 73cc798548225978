"""Closed blocks as counts and sums, those of many series at once. A sum runs over one block: what is beside it changes no bit."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray, Kind
from stream_monitor.core.grid import bins_of
from stream_monitor.core.reference import CLIP, raw_views
from stream_monitor.core.series import SeriesKey
from stream_monitor.core.standardise import Lens
from stream_monitor.core.window import BLOCK

_NONE: FloatArray = np.zeros(0)


class Summaries(NamedTuple):
    """m blocks of S series, fields as in `Summary`. counts: (S, m, width). views: (S, m, views). moments: (S, m, 2)."""

    counts: NDArray[np.uint8]
    views: FloatArray
    moments: FloatArray

    def repeated(self, m: int) -> "Summaries":
        """Of series whose blocks are all like the one here, m of them."""
        return Summaries(
            np.repeat(self.counts, m, axis=1),
            np.repeat(self.views, m, axis=1),
            np.repeat(self.moments, m, axis=1),
        )


class Summed(NamedTuple):
    """Blocks of some series, for those who look at all of them at once. ends: (S, m) event times of their last values. unusable:
    (S, m). counts: (S, m, width).
    """

    keys: Sequence[SeriesKey]
    lenses: Sequence[Lens]
    ends: NDArray[np.int64]
    unusable: NDArray[np.int64]
    counts: NDArray[np.uint8]


def summaries_of(lenses: Sequence[Lens], numbers: FloatArray) -> Summaries:
    """Blocks (S, m, BLOCK) through lenses of one form."""
    form = lenses[0].form
    series, m, _ = numbers.shape
    bins, z, views = (_numeric if form.numeric else _discrete)(lenses, numbers.reshape(series, -1))
    bins.reshape(-1, BLOCK)[...] += np.arange(0, series * m * form.width, form.width)[:, np.newaxis]
    counts = np.bincount(bins.ravel(), minlength=series * m * form.width).astype(np.uint8)
    return Summaries(counts.reshape(series, m, form.width), _sums(views, m), _sums([z, z * z], m))


def _sums(values: Sequence[FloatArray], m: int) -> FloatArray:
    """Over each of m blocks, (S, m, v), of v arrays (S, n)."""
    return np.stack([each.reshape(len(each), m, BLOCK).sum(axis=2) for each in values], axis=2)


def _numeric(
    lenses: Sequence[Lens], numbers: FloatArray
) -> tuple[NDArray[np.intp], FloatArray, list[FloatArray]]:
    """Bins, z and views of numbers (S, n)."""
    mean, scale, *moments = np.stack([lens.scales for lens in lenses], axis=1)[:, :, np.newaxis]
    raw = raw_views(Kind.NUMERIC, numbers, mean=mean, scale=scale, surprise=_NONE, mix=_NONE)
    z = raw["value"]
    views = [
        np.clip((raw[name] - moments[2 * at]) / moments[2 * at + 1], -CLIP, CLIP)
        for at, name in enumerate(lenses[0].views)
    ]
    return bins_of([lens.grid for lens in lenses], numbers, z), z, views


def _discrete(
    lenses: Sequence[Lens], numbers: FloatArray
) -> tuple[NDArray[np.intp], FloatArray, list[FloatArray]]:
    """Bins, z and views of places of categories (S, n)."""
    bins = numbers.astype(np.intp)
    width = lenses[0].form.width
    places = bins + np.arange(0, len(lenses) * width, width)[:, np.newaxis]
    z, *views = (np.concatenate(of).take(places) for of in zip(*(lens.table for lens in lenses), strict=True))
    return bins, z, views
