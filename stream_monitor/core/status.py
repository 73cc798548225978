"""The state of a model as people look at it: what the status topic, metrics and dashboards show. Derived, never restored."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from stream_monitor.core.detector import Kind
from stream_monitor.core.drift_event import DriftEvent


class Phase(StrEnum):
    """Where a series stands."""

    WARMING = "warming"
    WATCHING = "watching"
    DRIFTING = "drifting"  # an alert is open
    UNWATCHED = "unwatched"  # identifier, or excluded


@dataclass(frozen=True, slots=True, kw_only=True)
class SequentialStatus:
    """What the sequential test of a series can see. evidence: 1 is an alarm. learning: it gathers no evidence yet.

    view: what it watches, `value`, `residual` (of a forecast), `hour` (less the usual of the hour) or `hour_residual`; None
    while it is blind. lag_1: autocorrelation of the values. effective_share: of them that count as independent, 0..1.
    bounded: the bound on its false alarms is a theorem here. words: all of it for people.
    """

    evidence: float
    learning: bool
    view: str | None
    lag_1: float
    effective_share: float
    bounded: bool
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesStatus:
    """One series right now. warm_up: 0..1. effect: recent, in standard deviations of the reference. quality: cells by code.

    waiting: it drifts, but the alarm budget has held no credit yet to open an alert. blind: nothing that is meant to watch it
    can see it: no detector, or a sequential test that is blind. gauges: `detector/view/gauge`. test: None where none is run.
    """

    series: str
    version: str | None
    kind: Kind | None
    phase: Phase
    warm_up: float
    values: int
    missing: float
    effect: float
    gauges: Mapping[str, float]
    quality: Mapping[str, int]
    waiting: bool
    blind: bool
    test: SequentialStatus | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStatus:
    """One model right now. open_alerts: the latest drift event of every alert that is not resolved.

    budget_credit: alarms that could be raised at once. time: latest event time observed, ms UTC.
    """

    model: str
    time: int
    rows: int
    late_rows: int
    held_rows: int
    series: tuple[SeriesStatus, ...]
    series_dropped: int
    open_alerts: tuple[DriftEvent, ...]
    budget_credit: float
    drift_events: int
    suppressed: int
