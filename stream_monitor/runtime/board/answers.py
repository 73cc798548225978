"""What the board answers, as values: the JSON of the HTTP API and of `stream-monitor status --json`, field by field.

Times are ms UTC; what is not known is None. No raw feature values: statistics, counts, and names of categories.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from stream_monitor.core.detector import Kind
from stream_monitor.core.drift_event import Importance
from stream_monitor.core.reference_status import ReferenceOrigin
from stream_monitor.core.status import (
    FairnessStatus,
    LabelStatus,
    OutlierStatus,
    PerformanceStatus,
    Phase,
    SegmentStatus,
    SequentialStatus,
    SideBySideStatus,
)
from stream_monitor.formats.worker_status import PartitionLoss
from stream_monitor.runtime.board.alert_answers import AlertCounts, AlertDetail

Told: TypeAlias = tuple[int, float | None, float | None, float | None, float | None]
"""A figure at a time: time, value, low, high, estimate."""


class ModelState(StrEnum):
    """How a model stands, worst first."""

    NEEDS_ATTENTION = "needs_attention"  # an open alert that is neither acknowledged nor muted
    DRIFTING = "drifting"  # open alerts that somebody knows of
    SILENT = "silent"  # nothing was heard of it for five minutes
    WARMING = "warming"  # nothing is watched yet
    WATCHING = "watching"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesCounts:
    """Series of a model by where they stand."""

    warming: int
    watching: int
    drifting: int
    unwatched: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """The one figure of performance that is shown first, of the version with most predictions in its window."""

    version: str | None
    figure: str
    value: float
    low: float | None
    high: float | None
    expected: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmUpProgress:
    """Of the series that is furthest behind: values so far, of how many that its reference takes (None: not known yet)."""

    done: int
    of: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelGlance:
    """What is said of a model everywhere. time: latest event time; updated: when its status was last written.

    critical, muted: of the open alerts. blind: series that nothing can watch. sparkline: rows of the last 60 buckets.
    label_delay: median, ms. rows_per_second: None while only one status was seen.
    """

    model: str
    state: ModelState
    open_alerts: int
    critical: int
    muted: int
    incidents: int
    blind: int
    rows: int
    rows_per_second: float | None
    time: int
    updated: int
    held_rows: int
    late_rows: int
    budget_credit: float
    label_coverage: float | None
    label_delay: int | None
    headline: Headline | None
    warm_up: WarmUpProgress | None
    sparkline: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOverview(ModelGlance):
    """One model among the others."""

    series: SeriesCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceGroups:
    """The groups of a reference, with the share of it in each."""

    groups: tuple[str, ...]
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentShares:
    """Share of the values in each group of the reference, and how many values these were."""

    shares: tuple[float, ...]
    values: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesRow:
    """One series in the table of its model. values, missing, effect, importance, test: as in its status.

    evidence: of its detectors, 1 is an alarm. words: what its test sees.
    current: the last hour of its history. sparkline: score of each of the last 60 buckets, None where there are no values.
    """

    series: str
    version: str | None
    segment: str | None
    kind: Kind | None
    status: Phase
    warm_up: float
    values: int
    missing: float | None
    effect: float | None
    evidence: float | None
    importance: float | None
    blind: bool
    waiting: bool
    muted: bool
    alert_id: str | None
    words: str | None
    test: SequentialStatus | None
    reference: ReferenceGroups | None
    current: CurrentShares | None
    sparkline: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDetail(ModelGlance):
    """One model with its series. counts: of these, by where they stand. importance_origin: of that of its features.

    outliers: its most unusual events of late.
    """

    counts: SeriesCounts
    series: tuple[SeriesRow, ...]
    series_dropped: int
    drift_events: int
    suppressed: int
    labels: LabelStatus | None
    fairness: tuple[FairnessStatus, ...]
    side_by_side: tuple[SideBySideStatus, ...]
    importance_origin: Importance
    outliers: tuple[OutlierStatus, ...]
    segments: tuple[SegmentStatus, ...]
    segment_predictions: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatRow:
    """Scores of one series by bucket: 0..1, None where there are no values."""

    series: str
    version: str | None
    segment: str | None
    scores: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """Series × time. starts: of the buckets, (buckets,); width: of each, ms."""

    starts: tuple[int, ...]
    width: int
    series: tuple[HeatRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceDetail:
    """What is normal of a series; fields as in `SeriesReference`."""

    kind: Kind
    origin: ReferenceOrigin
    size: int
    missing: float
    mean: float | None
    sd: float | None
    groups: tuple[str, ...]
    edges: tuple[float, ...] | None
    categories: tuple[str, ...] | None
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantiles:
    """Of the values of a bucket, from the counts by group: at most a group's width off."""

    p10: float
    p50: float
    p90: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A series in one stretch of time. counts: by group of the reference, empty where they are of an earlier reference.

    score: distance to the reference, 0..1. evidence: the largest that was told in it.
    """

    start: int
    values: int
    unusable: int
    counts: tuple[int, ...]
    score: float | None
    evidence: float | None
    quantiles: Quantiles | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesDetail:
    """One series over time. width: of its buckets, ms; alerts: of this series, open ones first."""

    model: str
    status: SeriesRow | None
    reference: ReferenceDetail | None
    width: int
    buckets: tuple[Bucket, ...]
    alerts: tuple[AlertDetail, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionPerformance:
    """One version: its latest status, and its figures over time, by name."""

    version: str | None
    status: PerformanceStatus | None
    history: Mapping[str, tuple[Told, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """How well the versions of a model predict."""

    labels: LabelStatus | None
    versions: tuple[VersionPerformance, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOverview:
    """A worker that is alive. age: seconds since it was heard of; lag: records, of the partitions that know theirs."""

    worker: str
    ready: bool
    age: float
    partitions: int
    lag: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything at a glance, as of `time`. caught_up: what was published before the board began is all in it."""

    time: int
    caught_up: bool
    models: tuple[ModelOverview, ...]
    workers: tuple[WorkerOverview, ...]
    alerts: AlertCounts
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerDetail:
    """What a worker last said of itself. age: seconds ago; gone: longer ago than a minute."""

    worker: str
    group: str
    wall: int
    age: float
    gone: bool
    started: int
    release: str
    ready: bool
    last_checkpoint: int | None
    partitions: int
    rejected: Mapping[str, int]
    rebalances: Mapping[str, int]
    aborted: int
    losses: tuple[PartitionLoss, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionRow:
    """A partition and who owns it."""

    topic: str
    partition: int
    worker: str
    lag: int | None
    paused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """Workers and partitions. rejected, rebalances: of all workers that are known, since each started."""

    workers: tuple[WorkerDetail, ...]
    partitions: tuple[PartitionRow, ...]
    rejected: Mapping[str, int]
    rebalances: Mapping[str, int]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What has changed since a version of the board. version: to ask with the next time."""

    version: int
    models: tuple[str, ...]
    alerts: bool
    workers: bool
    operations: bool
