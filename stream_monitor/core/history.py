"""What a model's history says of the time between two snapshots: values. How they are gathered is in `history_counts`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

WithInterval: TypeAlias = tuple[float | None, float | None, float | None]
"""A figure with its 95 %: value, low, high; None where it is not defined."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesHistory:
    """What one series brought against one reference, by time: values in whole blocks of 32.

    reference: `id` of the reference whose groups were counted; a series has two entries where it changed meanwhile.
    evidence: largest over its detectors at the time of the snapshot, 1 is an alarm; None: nothing that watches it tells.
    at: places in `starts` of the model's history, ascending; the other sequences hold one item for each of them.
    values: usable ones. unusable: cells passed over. counts: the values by group of the reference.
    """

    series: str
    version: str | None
    segment: str | None
    reference: str
    evidence: float | None
    at: tuple[int, ...]
    values: tuple[int, ...]
    unusable: tuple[int, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceHistory:
    """How well one version predicted at the time of the snapshot. pairs: labelled predictions in its window."""

    version: str | None
    pairs: int
    figures: Mapping[str, WithInterval]
    estimate: Mapping[str, WithInterval]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelHistory:
    """Label coverage, pending predictions and delays at the time of the snapshot, as `LabelStatus`."""

    coverage: float | None
    pending: int
    delays: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelHistory:
    """What came since the record before: increments; add up those of equal starts, finer widths into coarser ones.

    as_of: latest event time observed, ms UTC. width: of a bucket in ms. starts: of buckets, ms UTC, ascending, multiples of the
    width. rows: of the model in each bucket; none in parts after the first. performance, labels: in the first part only.
    part, parts: a record that would be too large is written as several, from part 0 on.
    """

    model: str
    as_of: int
    width: int
    starts: tuple[int, ...]
    rows: tuple[int, ...]
    series: tuple[SeriesHistory, ...]
    performance: tuple[PerformanceHistory, ...] = ()
    labels: LabelHistory | None = None
    part: int = 0
    parts: int = 1
