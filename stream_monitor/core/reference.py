"""References: the small, raw-free summary of what is normal for a series, and how it is learned from a sample.

A reference holds bins with counts (quantile bins, or categories with "other"), moments, and the moments of the views that
detectors watch. It never changes while it is in force.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stream_monitor.core.bin_edges import numeric_edges
from stream_monitor.core.detector import FloatArray, Kind, Plain
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.plain import plain_of, value_of

CLIP = 5.0  # standard deviations; a heavy tail must not carry a mean alone


class Moments(NamedTuple):
    """Mean and standard deviation of a view over the reference; `scale` is never 0."""

    mean: float
    scale: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Summary of normal for one series.

    size: usable values. unusable: missing and invalid cells seen meanwhile.
    edges: numeric: ascending, bin i is [edges[i], edges[i+1]), the last one closed. categories: most frequent first.
    counts: numeric: below, one per bin, above; categorical and boolean: one per category, then other.
    mean, scale: of numeric and boolean values. views: moments of each view's raw values.
    """

    kind: Kind
    size: int
    unusable: int
    edges: tuple[float, ...]
    categories: tuple[str, ...]
    counts: tuple[int, ...]
    mean: float
    scale: float
    views: Mapping[str, Moments]

    def to_plain(self) -> Plain:
        """Explicit fields, JSON-able."""
        return plain_of(self)

    @classmethod
    def from_plain(cls, plain: Plain) -> "Reference":
        """The inverse of `to_plain`. Raises CorruptState."""
        reference = value_of(cls, plain)
        reference.check()
        return reference

    def check(self) -> None:
        """Raise CorruptState if the parts do not fit together."""
        numbers = [
            self.mean,
            self.scale,
            *self.edges,
            *(x for m in self.views.values() for x in (m.mean, m.scale)),
        ]
        bins = len(self.edges) + 1 if self.kind is Kind.NUMERIC else len(self.categories) + 1
        if (
            not np.isfinite(numbers).all()
            or self.scale <= 0
            or any(m.scale <= 0 for m in self.views.values())
        ):
            raise CorruptState("reference: a number is not finite or a scale is not positive")
        if len(self.counts) != bins or min(self.counts) < 0 or list(self.edges) != sorted(self.edges):
            raise CorruptState("reference: bins and counts do not fit")


def learn_numeric(values: FloatArray, *, unusable: int) -> Reference:
    """Reference of a sample of numbers within ±LARGEST of `cells`, (n,), n >= 1. Cost: a sort."""
    edges = numeric_edges(values)
    mean, scale = float(values.mean()), _scale(values)
    counts = np.bincount(bins_of_numbers(values, edges), minlength=len(edges) + 1)
    raw = raw_views(Kind.NUMERIC, values, mean=mean, scale=scale, surprise=_NONE, mix=_NONE)
    return _reference(Kind.NUMERIC, raw, counts, unusable, edges=edges.tolist(), mean=mean, scale=scale)


def learn_boolean(values: FloatArray, *, unusable: int) -> Reference:
    """Reference of a sample of 0.0 and 1.0, (n,), n >= 1."""
    return boolean(trues=int(values.sum()), size=len(values), unusable=unusable)


def boolean(*, trues: int, size: int, unusable: int) -> Reference:
    """Reference of so many true values. The rate is smoothed so that a never-seen value has a scale."""
    rate = (trues + 0.5) / (size + 1)
    scale = math.sqrt(rate * (1 - rate))
    return Reference(
        kind=Kind.BOOLEAN,
        size=size,
        unusable=unusable,
        edges=(),
        categories=("false", "true"),
        counts=(size - trues, trues, 0),
        mean=rate,
        scale=scale,
        views={"value": Moments(mean=rate, scale=scale)},
    )


def learn_categorical(texts: Sequence[str], *, unusable: int, cap: int) -> Reference:
    """Reference of a sample of categories, (n,), n >= 1: the `cap` most frequent (ties by name), the rest is other."""
    names, tally = np.unique(np.array(texts, dtype=object), return_counts=True)
    order = sorted(range(len(names)), key=lambda i: (-int(tally[i]), str(names[i])))
    kept = [str(names[i]) for i in order[:cap]]
    place = {name: at for at, name in enumerate(kept)}
    at = np.array([place.get(text, len(kept)) for text in texts], np.float64)
    counts = np.bincount(at.astype(np.intp), minlength=len(kept) + 1)
    surprise, mix = category_scores(counts)
    raw = raw_views(Kind.CATEGORICAL, at, mean=0.0, scale=1.0, surprise=surprise, mix=mix)
    return _reference(Kind.CATEGORICAL, raw, counts, unusable, categories=kept)


def identifier(*, size: int, unusable: int) -> Reference:
    """The empty reference of near-unique strings: counted, not watched."""
    return Reference(
        kind=Kind.IDENTIFIER, size=size, unusable=unusable, edges=(), categories=(), counts=(size,),
        mean=0.0, scale=1.0, views={},
    )  # fmt: skip


def bins_of_numbers(values: FloatArray, edges: FloatArray) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Bin of every number, (n,): 0 below, 1..K inside, K+1 above; the last bin includes its upper edge."""
    at = np.searchsorted(edges, values, side="right")
    at[values == edges[-1]] = len(edges) - 1
    return at


def category_scores(
    counts: Sequence[int] | np.ndarray[tuple[int], np.dtype[np.int64]],
) -> tuple[FloatArray, FloatArray]:
    """Two numbers for every category (and other), (K+1,): its surprise -log p, and ±1 by rank.

    Surprise moves when rare values come or go; the sign by rank moves when equally frequent categories trade places.
    """
    tally = np.asarray(counts, np.float64)
    surprise = -np.log((tally + 0.5) / (tally.sum() + 1.0))
    mix = np.where(np.arange(len(tally)) % 2 == 0, 1.0, -1.0)
    return surprise, mix


def raw_views(  # one table of formulas; splitting it would hide that both sides use the same ones
    kind: Kind,
    values: FloatArray,
    *,
    mean: float | FloatArray,
    scale: float | FloatArray,
    surprise: FloatArray,
    mix: FloatArray,
) -> dict[str, FloatArray]:
    """What detectors watch of `values` (n,), before standardising: every formula of every view, in one place.

    Numbers may be those of several series, (S, n), with their means and scales (S, 1).
    """
    if kind is Kind.NUMERIC:
        value = np.clip((values - mean) / scale, -CLIP, CLIP)
        return {"value": value, "deviation": np.abs(value)}
    if kind is Kind.CATEGORICAL:
        at = values.astype(np.intp)
        return {"rarity": surprise[at], "mix": mix[at]}
    return {"value": values} if kind is Kind.BOOLEAN else {}


_NONE: FloatArray = np.zeros(0)


def _scale(values: FloatArray) -> float:
    """Standard deviation, or for a constant a hair of its size: then any change is a large one."""
    size = float(np.abs(values).max()) or 1e-3
    return max(float(values.std()), 1e-9 * size, 1e-150)


def _reference(  # noqa: PLR0913  # private: gathers what the three learners found
    kind: Kind,
    raw: Mapping[str, FloatArray],
    counts: np.ndarray[tuple[int], np.dtype[np.int64]],
    unusable: int,
    *,
    edges: Sequence[float] = (),
    categories: Sequence[str] = (),
    mean: float = 0.0,
    scale: float = 1.0,
) -> Reference:
    views = {name: Moments(mean=float(v.mean()), scale=max(float(v.std()), 1e-3)) for name, v in raw.items()}
    return Reference(
        kind=kind, size=int(counts.sum()), unusable=unusable, edges=tuple(edges), categories=tuple(categories),
        counts=tuple(counts.tolist()), mean=mean, scale=scale, views=views,
    )  # fmt: skip
