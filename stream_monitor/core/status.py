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
class SeriesStatus:
    """One series right now. warm_up: 0..1. effect: recent, in standard deviations of the reference. quality: cells by code.

    waiting: it drifts, but the alarm budget has held no credit yet to open an alert. blind: no detector watches it, although
    it is meant to be watched. gauges: `detector/view/gauge`.
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
