"""Reference profiles: the references of a model together, and where they came from. Knows no file and no format.

A profile holds no raw rows. What `Reference` says of one series, this says of a model: of its features, which all versions
share, and of what each version puts out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from stream_monitor.core.batch import Column
from stream_monitor.core.derived.parameters import Constraints
from stream_monitor.core.detector import Kind
from stream_monitor.core.performance.promise import Promise
from stream_monitor.core.reference import Moments, Reference, category_scores
from stream_monitor.core.warm_up import learn

LEAST_SCALE = 1e-3  # of a view, as learned references have it
NO_VERSION = ""  # what events are of that name no version; no event can name it


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a profile was made from. kind: how it was written (csv, json lines, parquet, topic, sagemaker).

    name: of a file without folders; of a topic with the offsets that were read.
    """

    kind: str
    name: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionProfile:
    """What one version of a model puts out. rows: predictions behind it. series: `prediction`, `probability:fraud` … → its
    reference. performance: of its labelled predictions; None where there were too few.
    """

    rows: int
    series: Mapping[str, Reference]
    performance: Promise | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The references of one model.

    model: None where nobody said. version: whose data it was made from; None where nobody said, or of several. rows: events
    with features behind it. versions: version, or NO_VERSION → its predictions. constraints: what is demanded of features,
    of some of them.
    """

    model: str | None
    version: str | None
    created_from: tuple[Origin, ...]
    rows: int
    features: Mapping[str, Reference]
    versions: Mapping[str, VersionProfile] = field(default_factory=dict)
    constraints: Mapping[str, Constraints] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReferences:
    """What is known to be normal of a model before its first row.

    features: by name; versions share them. outputs: version, None for events that name none → `prediction`, `probability` …
    → reference. promises: by version likewise, of its performance. constraints: on features, by name.
    """

    features: Mapping[str, Reference] = field(default_factory=dict)
    outputs: Mapping[str | None, Mapping[str, Reference]] = field(default_factory=dict)
    promises: Mapping[str | None, Promise] = field(default_factory=dict)
    constraints: Mapping[str, Constraints] = field(default_factory=dict)


def learn_feature(column: Column, kind: Kind | None, *, categories: int) -> Reference:
    """The reference of a feature from all its cells (n,), n >= 1, by the rules of a warm-up."""
    return learn(column, kind, unusable=0, categories=categories)


def categorical(tally: Mapping[str, int], *, other: int, unusable: int, cap: int) -> Reference:
    """Reference of categories that were counted: the `cap` most frequent (ties by name), the rest is other.

    Exact: what detectors watch of a category hangs on its count alone.
    """
    ranked = sorted(tally.items(), key=lambda entry: (-entry[1], entry[0]))
    kept, rest = ranked[:cap], sum(count for _, count in ranked[cap:])
    counts = np.array([*(count for _, count in kept), other + rest], np.int64)
    shares = counts / max(1, int(counts.sum()))
    views = {}
    for name, score in zip(("rarity", "mix"), category_scores(counts), strict=True):
        mean = float((shares * score).sum())
        deviation = float(np.sqrt((shares * (score - mean) ** 2).sum()))
        views[name] = Moments(mean=mean, scale=max(deviation, LEAST_SCALE))
    return Reference(
        kind=Kind.CATEGORICAL,
        size=int(counts.sum()),
        unusable=unusable,
        edges=(),
        categories=tuple(name for name, _ in kept),
        counts=tuple(counts.tolist()),
        mean=0.0,
        scale=1.0,
        views=views,
    )


def capped(reference: Reference, categories: int) -> Reference:
    """`reference` with at most so many categories; what is beyond counts as other."""
    if reference.kind is not Kind.CATEGORICAL or len(reference.categories) <= categories:
        return reference
    tally = dict(zip(reference.categories, reference.counts, strict=False))
    return categorical(tally, other=reference.counts[-1], unusable=reference.unusable, cap=categories)
