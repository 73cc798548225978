"""Merging references: of parts of the data, the reference of the whole, without the data.

Same bins or categories: exact. Otherwise numbers are merged through their distribution functions, linear inside a bin. At
an edge of the one the other is wrong by at most the share of its own bin around it, so that at every edge of the result

    |F_merged - F| <= max(w_a · m_a, w_b · m_b),   w: share of the values, m: of the fullest own bin with such an edge inside

where below and above count as bins, and an edge of both is exact. Bins of a few values hold one value each: exact, too.
Sizes, means and standard deviations are exact. The share of a category is wrong by at most the *other* of a part that has not
kept it.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from stream_monitor.core.bin_edges import BINS, few_values
from stream_monitor.core.derived.parameters import Constraints
from stream_monitor.core.detector import FloatArray, Kind
from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.performance.promise import Promise, merged
from stream_monitor.core.profile import LEAST_SCALE, Profile, VersionProfile, categorical
from stream_monitor.core.profile_constraints import merged as merged_constraints
from stream_monitor.core.profile_constraints import with_missing
from stream_monitor.core.reference import (
    Moments,
    Reference,
    bins_of_numbers,
    boolean,
    identifier,
)

MERGED_BINS = 2 * BINS  # of numbers; both neighbours of every quantile are kept


def merge_profiles(a: Profile, b: Profile, *, version: str | None, categories: int) -> Profile:
    """The profile of the rows of both. A feature that one of them has not is missing in all of its rows.

    version: of the result; that of both if None, and none where they differ: what each version puts out stays apart.
    Raises StreamMonitorError: other models or kinds.
    """
    if a.model != b.model and None not in (a.model, b.model):
        raise StreamMonitorError(f"one profile is of the model {a.model!r}, the other of {b.model!r}")
    features = {}
    for name in sorted({*a.features, *b.features}):
        ours = a.features.get(name) or identifier(size=0, unusable=a.rows)
        theirs = b.features.get(name) or identifier(size=0, unusable=b.rows)
        features[name] = _named(f"the feature {name!r}", name, (ours, theirs), categories)
    return Profile(
        model=b.model if a.model is None else a.model,
        version=version or (a.version if a.version == b.version else None),
        created_from=(*a.created_from, *b.created_from),
        rows=a.rows + b.rows,
        features=features,
        constraints=_constraints(a, b),
        versions={name: _versions(name, a, b, categories) for name in sorted({*a.versions, *b.versions})},
    )


def _constraints(a: Profile, b: Profile) -> dict[str, Constraints]:
    """What holds of the rows of both."""
    found = {}
    for name in sorted({*a.constraints, *b.constraints}):
        parts = [one.constraints.get(name) for one in (a, b) if _has_values(one, name)]
        both = merged_constraints(*parts) if len(parts) == 2 else with_missing(next(iter(parts), None))
        if both is not None:
            found[name] = both
    return found


def _has_values(profile: Profile, name: str) -> bool:
    return name in profile.features and profile.features[name].size > 0


def _versions(name: str, a: Profile, b: Profile, categories: int) -> VersionProfile:
    """What the version `name` puts out; a series that one part has not was not predicted there: nothing is missing."""
    parts = [one.versions[name] for one in (a, b) if name in one.versions]
    series: dict[str, Reference] = {}
    for part in parts:
        for output, known in part.series.items():
            before = series.get(output)
            where = f"{output!r} of version {name!r}"
            series[output] = known if before is None else _named(where, output, (before, known), categories)
    return VersionProfile(
        rows=sum(part.rows for part in parts),
        series=dict(sorted(series.items())),
        performance=_promise(name, [part.performance for part in parts if part.performance is not None]),
    )


def _promise(name: str, parts: list[Promise]) -> Promise | None:
    if len(parts) < 2:
        return parts[0] if parts else None
    try:
        return merged(*parts)
    except StreamMonitorError as error:
        raise StreamMonitorError(
            f"version {name!r} {error}: build both with --task and --positive"
        ) from error


def merge(a: Reference, b: Reference, *, categories: int) -> Reference:
    """The reference of the values of both. Cost: O(bins). Raises StreamMonitorError if the kinds differ."""
    unusable = a.unusable + b.unusable
    if a.size == 0 or b.size == 0:  # nothing of its kind was seen in one of them
        return replace(b if a.size == 0 else a, unusable=unusable)
    if a.kind is not b.kind:
        raise StreamMonitorError(f"is {a.kind} in one and {b.kind} in the other")
    if a.kind is Kind.NUMERIC:
        return _numeric(a, b, unusable)
    if a.kind is Kind.BOOLEAN:
        return boolean(trues=a.counts[1] + b.counts[1], size=a.size + b.size, unusable=unusable)
    if a.kind is Kind.IDENTIFIER:
        return identifier(size=a.size + b.size, unusable=unusable)
    tally = dict(zip(a.categories, a.counts, strict=False))
    for name, count in zip(b.categories, b.counts, strict=False):
        tally[name] = tally.get(name, 0) + count
    return categorical(tally, other=a.counts[-1] + b.counts[-1], unusable=unusable, cap=categories)


def error_bound(a: Reference, b: Reference) -> float:
    """How far the distribution function of the merged numbers can be from the true one, at its edges, or the share of a
    category; 0: exact.

    An edge of both is exact; at an edge of one, the other is wrong by at most the share of its bin there. A category that only
    one keeps may be among the *other* of the other, as a whole: what was kept may have been decided by a sample.
    """
    if a.size == 0 or b.size == 0:
        return 0.0
    if a.kind is Kind.CATEGORICAL:
        ours, theirs = set(a.categories), set(b.categories)
        hidden = (a.counts[-1] if theirs - ours else 0), (b.counts[-1] if ours - theirs else 0)
        return max(hidden) / (a.size + b.size)
    if a.edges == b.edges:
        return 0.0
    return max(_unsure(a, b), _unsure(b, a)) / (a.size + b.size)


def _named(where: str, name: str, parts: tuple[Reference, Reference], categories: int) -> Reference:
    try:
        return merge(*parts, categories=categories)
    except StreamMonitorError as error:
        raise StreamMonitorError(f"{where} {error}: build both with --type {name}=KIND") from error


def _numeric(a: Reference, b: Reference, unusable: int) -> Reference:
    size = a.size + b.size
    mean = a.mean * (a.size / size) + b.mean * (b.size / size)
    variance = sum(r.size / size * (r.scale**2 + (r.mean - mean) ** 2) for r in (a, b))
    scale = float(np.sqrt(variance))
    if a.edges == b.edges:
        edges, counts = a.edges, [one + two for one, two in zip(a.counts, b.counts, strict=True)]
    else:
        edges, counts = _bins(a, b)
    return Reference(
        kind=Kind.NUMERIC,
        size=size,
        unusable=unusable,
        edges=edges,
        categories=(),
        counts=tuple(counts),
        mean=mean,
        scale=scale,
        views=_views(a, b, mean, scale),
    )


def _bins(a: Reference, b: Reference) -> tuple[tuple[float, ...], list[int]]:
    """Edges of both, as many as are needed, and the counts between them."""
    edges = np.union1d(_known_at(a, b), _known_at(b, a))
    before = np.rint(_before(a, edges) + _before(b, edges))
    above = a.counts[-1] + b.counts[-1]
    inside = a.size + b.size - above
    few = few_values(a.edges) and few_values(b.edges) and len(edges) <= MERGED_BINS
    if len(edges) > MERGED_BINS:
        kept = _spread(before, inside)
        edges, before = edges[kept], before[kept]
    if few or before[-1] < inside:  # what is left is the highest value itself
        edges = np.append(edges, edges[-1] if few else np.nextafter(edges[-1], np.inf))
        before = np.append(before, inside)
    counts = [int(before[0]), *np.diff(before).astype(np.int64).tolist(), above]
    return tuple(edges.tolist()), counts


def _spread(before: FloatArray, inside: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Positions of the first and last edge and of both neighbours of every quantile: a heavy value keeps both its edges."""
    targets = np.linspace(before[0], inside, BINS + 1)[1:-1]
    upper = np.clip(np.searchsorted(before, targets), 1, len(before) - 1)
    return np.unique(np.concatenate([[0, len(before) - 1], upper - 1, upper]))


def _before(reference: Reference, at: FloatArray) -> FloatArray:
    """How many values are less than each of `at` (k,), ascending; linear inside a bin unless it holds one value only."""
    edges = np.array(reference.edges)
    cumulated = np.cumsum(reference.counts[:-1]).astype(np.float64)
    if few_values(edges):
        return cumulated[np.searchsorted(edges[:-1], at, side="left")]
    return np.interp(at, edges, cumulated)


def _views(a: Reference, b: Reference, mean: float, scale: float) -> Mapping[str, Moments]:
    """Moments of the winsorised values and of their distance from the mean; exact where nothing was winsorised."""
    size = a.size + b.size
    centres = [r.mean + r.scale * r.views["value"].mean for r in (a, b)]
    centre = sum(r.size / size * at for r, at in zip((a, b), centres, strict=True))
    variance = sum(
        r.size / size * ((r.scale * r.views["value"].scale) ** 2 + (at - centre) ** 2)
        for r, at in zip((a, b), centres, strict=True)
    )
    value = Moments(mean=(centre - mean) / scale, scale=max(float(np.sqrt(variance)) / scale, LEAST_SCALE))
    distance = sum(r.size / size * _distance_from(r, mean) for r in (a, b)) / scale
    spread = value.scale**2 + value.mean**2 - distance**2
    deviation = Moments(mean=distance, scale=max(float(np.sqrt(max(0.0, spread))), LEAST_SCALE))
    return {"value": value, "deviation": deviation}


def _distance_from(reference: Reference, point: float) -> float:
    """E|x - point|: it is known at the mean, and its slope is 2 F - 1."""
    known = reference.scale * reference.views["deviation"].mean
    low, high = sorted((reference.mean, point))
    edges = np.array(reference.edges)
    at = np.array([low, *np.unique(edges[(edges > low) & (edges < high)]).tolist(), high])
    slope = 2 * _before(reference, at) / reference.size - 1
    area = float(((slope[1:] + slope[:-1]) / 2 * np.diff(at)).sum())
    return max(0.0, known + (area if point > reference.mean else -area))


def _known_at(reference: Reference, other: Reference) -> FloatArray:
    """Edges of a part in the result. A closed last bin that will not be the last one ends behind its upper edge."""
    edges = np.array(reference.edges)
    top = other.edges[-1]
    if not few_values(edges) and (edges[-1] < top or (edges[-1] == top and few_values(other.edges))):
        edges[-1] = np.nextafter(edges[-1], np.inf)
    return edges


def _unsure(reference: Reference, other: Reference) -> int:
    """The largest count of a bin of which an edge of the result cuts off an unknown part."""
    edges = np.array(reference.edges)
    cuts = np.setdiff1d(_known_at(other, reference), _known_at(reference, other))
    at = set(bins_of_numbers(cuts, edges).tolist())
    if few_values(edges):
        at -= set(range(1, len(edges)))
    return max((reference.counts[one] for one in at), default=0)
