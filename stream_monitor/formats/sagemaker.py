"""Baselines of SageMaker Model Monitor (`statistics.json`, `constraints.json`) → reference profiles.

Read by Amazon's published schemas ("Schema for Statistics", "Schema for Constraints", SageMaker developer guide). What a
profile cannot carry is said in notes, never dropped in silence. Knows no file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import msgspec
import numpy as np

from stream_monitor.core.bin_edges import numeric_edges
from stream_monitor.core.cells import LARGEST
from stream_monitor.core.derived.parameters import Constraints
from stream_monitor.core.detector import FloatArray, Kind
from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.profile import LEAST_SCALE, Origin, Profile, categorical
from stream_monitor.core.profile_constraints import non_negative
from stream_monitor.core.reference import (
    Moments,
    Reference,
    bins_of_numbers,
    boolean,
    identifier,
    raw_views,
)

Read = TypeVar("Read")

_NONE: FloatArray = np.zeros(0)
_POINTS = 64  # stand for the values of a bucket where there is no sketch
_NEAR_UNIQUE, _MANY = 0.5, 100  # as for learned references: near-unique texts are identifiers
_ANY_NUMBER = {"Integral", "Fractional"}


class _Common(msgspec.Struct):
    num_present: float
    num_missing: float = 0


class _Bucket(msgspec.Struct):
    lower_bound: float
    upper_bound: float
    count: float


class _Sketch(msgspec.Struct):
    data: list[list[float]] = []


class _Kll(msgspec.Struct):
    buckets: list[_Bucket] = []
    sketch: _Sketch | None = None


class _NumberDistribution(msgspec.Struct):
    kll: _Kll | None = None


class _Numbers(msgspec.Struct):
    common: _Common
    mean: float | None = None
    std_dev: float | None = None
    min: float | None = None
    max: float | None = None
    distribution: _NumberDistribution | None = None


class _Category(msgspec.Struct):
    value: str
    count: float


class _Categories(msgspec.Struct):
    buckets: list[_Category] = []


class _TextDistribution(msgspec.Struct):
    categorical: _Categories | None = None


class _Texts(msgspec.Struct):
    common: _Common
    distinct_count: float = 0
    distribution: _TextDistribution | None = None


class _Feature(msgspec.Struct):
    name: str
    inferred_type: str = "Unknown"
    numerical_statistics: _Numbers | None = None
    string_statistics: _Texts | None = None


class _Dataset(msgspec.Struct):
    item_count: int = 0


class _Statistics(msgspec.Struct):
    features: list[_Feature]
    dataset: _Dataset = msgspec.field(default_factory=_Dataset)


class _NumberConstraints(msgspec.Struct):
    is_non_negative: bool = False


class _TextConstraints(msgspec.Struct):
    domains: list[str] = []


class _Constraint(msgspec.Struct):
    name: str
    inferred_type: str = "Unknown"
    completeness: float | None = None
    num_constraints: _NumberConstraints | None = None
    string_constraints: _TextConstraints | None = None
    monitoringConfigOverrides: dict[str, msgspec.Raw] = {}  # noqa: N815  # the published name


class _Constraints(msgspec.Struct):
    features: list[_Constraint]


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What the files do not say. name: of the statistics file."""

    name: str
    model: str | None = None
    version: str | None = None
    categories: int = 64


def imported(statistics: bytes, constraints: bytes | None, labels: Labels) -> tuple[Profile, list[str]]:
    """The profile of a baseline, and notes on what it does not carry, each naming its feature.

    Raises StreamMonitorError for what is not as published, with the place, and where no feature can be used.
    """
    read = _decoded(statistics, _Statistics, "the statistics")
    wanted: Mapping[str, _Constraint] = {}
    if constraints is not None:
        wanted = {one.name: one for one in _decoded(constraints, _Constraints, "the constraints").features}
    features, notes = {}, []
    demanded: dict[str, Constraints] = {}
    for feature in read.features:
        constraint = wanted.get(feature.name)
        found, said = _reference(feature, constraint, labels.categories)
        notes += [f"{feature.name}: {text}" for text in said]
        if found is not None:
            features[feature.name] = found
        if found is not None and constraint is not None:
            one, said = _demanded(constraint, found)
            notes += [f"{feature.name}: {text}" for text in said]
            demanded |= {} if one.is_empty else {feature.name: one}
    unknown = wanted.keys() - {feature.name for feature in read.features}
    notes += [f"{name}: is in the constraints only, and not imported" for name in sorted(unknown)]
    if not features:
        raise StreamMonitorError(
            f"no feature of {labels.name} can be used: {'; '.join(notes) or 'it has none'}"
        )
    rows = read.dataset.item_count or max(one.size + one.unusable for one in features.values())
    origin = Origin(kind="sagemaker", name=labels.name, rows=rows)
    profile = Profile(
        model=labels.model,
        version=labels.version,
        created_from=(origin,),
        rows=rows,
        features=features,
        constraints=demanded,
    )
    return profile, notes


def _decoded(data: bytes, kind: type[Read], what: str) -> Read:
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.DecodeError as error:
        raise StreamMonitorError(f"{what} are not those of SageMaker Model Monitor: {error}") from error


def _reference(
    feature: _Feature, constraint: _Constraint | None, categories: int
) -> tuple[Reference | None, list[str]]:
    numbers, texts = feature.numerical_statistics, feature.string_statistics
    stated = feature.inferred_type if constraint is None else constraint.inferred_type
    notes = []
    if stated != feature.inferred_type and {stated, feature.inferred_type} != _ANY_NUMBER:
        notes.append(
            f"the constraints call it {stated}, the statistics count it as {feature.inferred_type}, which is imported"
        )
    if constraint is not None and constraint.monitoringConfigOverrides:
        notes.append("monitoringConfigOverrides is not kept: one alarm budget replaces thresholds by feature")
    completeness = None if constraint is None else constraint.completeness
    if numbers is not None:
        reference, said = _of_numbers(numbers, feature.inferred_type, completeness)
    elif texts is not None:
        reference, said = _of_texts(texts, completeness, categories)
    else:
        reference, said = None, "has no statistics, and is learned from the stream instead"
    return reference, [*notes, said] if said else notes


def _demanded(constraint: _Constraint, reference: Reference) -> tuple[Constraints, list[str]]:
    """What the baseline demands of a feature, and what of it does not fit what was seen of it. Of a completeness below 1 the
    missing values are the normal of the feature.
    """
    low, high, allowed, notes = None, None, None, []
    if constraint.num_constraints is not None and constraint.num_constraints.is_non_negative:
        lowest = reference.edges[0] if reference.edges else 0.0
        if reference.kind is Kind.NUMERIC and lowest < 0:
            notes.append(f"is_non_negative is not kept: the baseline itself goes down to {lowest:g}")
        elif reference.kind is Kind.NUMERIC:
            low, high = non_negative(reference) or (0.0, None)
    domains = constraint.string_constraints.domains if constraint.string_constraints else []
    if domains and reference.kind is Kind.CATEGORICAL:
        allowed = tuple(dict.fromkeys(domains))
    elif domains:
        notes.append(f"its domains are not kept: it is imported as {reference.kind}")
    required = True if constraint.completeness == 1 and reference.unusable == 0 else None
    return Constraints(low=low, high=high, allowed=allowed, required=required), notes


def _unusable(common: _Common, completeness: float | None) -> int:
    """Missing rows: those of the baseline, or as many as the constraint accepts if it accepts more."""
    present = max(0.0, common.num_present)
    accepted = 0.0 if completeness is None or not 0 < completeness <= 1 else present / completeness - present
    return round(max(common.num_missing, accepted))


def _of_numbers(
    numbers: _Numbers, inferred: str, completeness: float | None
) -> tuple[Reference | None, str | None]:
    size, unusable = round(numbers.common.num_present), _unusable(numbers.common, completeness)
    if size <= 0:
        return identifier(size=0, unusable=unusable), None
    kll = numbers.distribution.kll if numbers.distribution else None
    if kll is None or None in (numbers.mean, numbers.std_dev, numbers.min, numbers.max):
        return (
            None,
            "has no distribution (mean, std_dev, min, max and kll), and is learned from the stream instead",
        )
    assert numbers.mean is not None
    assert numbers.std_dev is not None
    assert numbers.min is not None
    assert numbers.max is not None
    if inferred == "Integral" and 0 <= numbers.min <= numbers.max <= 1:
        return boolean(trues=round(numbers.mean * size), size=size, unusable=unusable), None
    if max(-numbers.min, numbers.max) > LARGEST:
        return None, f"has values beyond ±{LARGEST:g}, and is learned from the stream instead"
    sketched = _sketched(kll, size)
    if sketched is None and (not kll.buckets or sum(bucket.count for bucket in kll.buckets) <= 0):
        return None, "its distribution is empty; it is learned from the stream instead"
    edges, points, weights = _from_sketch(sketched, numbers) if sketched else _from_buckets(kll.buckets)
    counts = np.bincount(bins_of_numbers(points, edges), weights=weights, minlength=len(edges) + 1)
    scale = max(numbers.std_dev, 1e-9 * (max(abs(numbers.min), abs(numbers.max)) or 1e-3), 1e-150)
    reference = Reference(
        kind=Kind.NUMERIC,
        size=size,
        unusable=unusable,
        edges=tuple(edges.tolist()),
        categories=(),
        counts=_whole(np.asarray(counts, np.float64), size),
        mean=numbers.mean,
        scale=scale,
        views=_views(points, weights, mean=numbers.mean, scale=scale),
    )
    said = None if sketched else "no sketch: only as fine as its buckets, see docs/reference-profiles.md"
    return reference, said


def _sketched(kll: _Kll, size: int) -> tuple[FloatArray, FloatArray] | None:
    """Values and weights of a KLL sketch, if it stands for all values: an item of level i stands for 2^i values.

    Karnin, Lang and Liberty, Optimal quantile approximation in streams, FOCS 2016.
    """
    levels = kll.sketch.data if kll.sketch else []
    if not any(levels) or len(levels) > 60:
        return None
    values = np.concatenate([np.array(level, np.float64) for level in levels])
    weights = np.concatenate([np.full(len(level), float(2**at)) for at, level in enumerate(levels)])
    stands_for = float(weights.sum())
    return (values, weights) if abs(stands_for - size) <= max(1.0, 0.01 * size) else None


def _from_sketch(
    sketched: tuple[FloatArray, FloatArray], numbers: _Numbers
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Edges of equal shares, and the sketch as points with weights; the outer edges are the true minimum and maximum."""
    assert numbers.min is not None
    assert numbers.max is not None
    values, weights = np.clip(sketched[0], numbers.min, numbers.max), sketched[1]
    order = np.argsort(values, kind="stable")
    values, weights = values[order], weights[order]
    # a few thousand values, each as often as its weight says, are as good as the sketch for placing edges
    at = (np.cumsum(weights) - weights / 2) / weights.sum()
    even = values[np.minimum(np.searchsorted(at, (np.arange(8192) + 0.5) / 8192), len(values) - 1)]
    edges = numeric_edges(np.concatenate([[numbers.min], even, [numbers.max]]))
    return edges, values, weights


def _from_buckets(buckets: list[_Bucket]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The bounds as edges, and evenly spaced points for the values of each bucket."""
    bounds = [bucket.lower_bound for bucket in buckets] + [buckets[-1].upper_bound]
    edges = np.array(bounds, np.float64)
    if (edges == edges[0]).all():  # a constant
        return edges[:2], edges[:1], np.array([1.0])
    if not np.isfinite(edges).all() or (np.diff(edges) <= 0).any():
        raise StreamMonitorError("the buckets of a distribution in the statistics are not in ascending order")
    inside = (np.arange(_POINTS) + 0.5) / _POINTS
    points = (edges[:-1, None] + np.diff(edges)[:, None] * inside).ravel()
    weights = np.repeat(np.array([max(0.0, bucket.count) / _POINTS for bucket in buckets]), _POINTS)
    return edges, points, weights


def _whole(counts: FloatArray, size: int) -> tuple[int, ...]:
    """Whole numbers in the proportions of `counts` that add up to `size`."""
    upto = np.rint(np.cumsum(counts) * (size / counts.sum())).astype(np.int64)
    return tuple(np.diff(upto, prepend=0).tolist())


def _views(points: FloatArray, weights: FloatArray, *, mean: float, scale: float) -> dict[str, Moments]:
    shares = weights / weights.sum()
    views = {}
    for name, values in raw_views(
        Kind.NUMERIC, points, mean=mean, scale=scale, surprise=_NONE, mix=_NONE
    ).items():
        centre = float((shares * values).sum())
        spread = float(np.sqrt((shares * (values - centre) ** 2).sum()))
        views[name] = Moments(mean=centre, scale=max(spread, LEAST_SCALE))
    return views


def _of_texts(
    texts: _Texts, completeness: float | None, categories: int
) -> tuple[Reference | None, str | None]:
    size, unusable = round(texts.common.num_present), _unusable(texts.common, completeness)
    if size <= 0:
        return identifier(size=0, unusable=unusable), None
    if texts.distinct_count > _MANY and texts.distinct_count > _NEAR_UNIQUE * size:
        return identifier(size=size, unusable=unusable), None
    listed = texts.distribution.categorical if texts.distribution else None
    if listed is None or not listed.buckets:
        return None, "has no distribution of categories, and is learned from the stream instead"
    tally: dict[str, int] = {}
    for bucket in listed.buckets:
        tally[bucket.value] = tally.get(bucket.value, 0) + max(0, round(bucket.count))
    other = max(0, size - sum(tally.values()))
    return categorical(tally, other=other, unusable=unusable, cap=categories), None
