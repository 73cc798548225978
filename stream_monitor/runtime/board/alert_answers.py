"""What the board answers about alerts and mutes, as values: the JSON of the HTTP API, field by field. Times are ms UTC."""

from collections.abc import Mapping
from dataclasses import dataclass

from stream_monitor.core.detector import Kind
from stream_monitor.core.drift_event import (
    Attribution,
    Claim,
    Distribution,
    EffectSizes,
    Evidence,
    FeatureFaults,
    Positions,
    Resolution,
    Severity,
    Status,
)
from stream_monitor.core.performance.note import PerformanceNote
from stream_monitor.formats.operations import Mute


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One drift event of an alert."""

    status: Status
    severity: Severity
    time: int
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """Who knows of it, and why that is enough."""

    by: str
    reason: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Muted:
    """What mutes it: the mute that lasts longest."""

    mute_id: str
    by: str
    reason: str
    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertDetail:
    """An alert: the fields of its latest drift event, and what became of it. opened_at, resolved_at: event time."""

    alert_id: str
    incident_id: str
    status: Status
    claim: Claim
    severity: Severity
    resolution: Resolution | None
    summary: str
    model: str
    version: str | None
    segment: str | None
    series: str
    kind: Kind
    time: int
    row: int
    change_point: int
    change_point_row: int
    evidence: tuple[Evidence, ...]
    effect_sizes: EffectSizes
    reference: Distribution
    current: Distribution
    positions: tuple[Positions, ...]
    labels: Mapping[str, str]
    attribution: Attribution | None
    at_fault: tuple[FeatureFaults, ...]
    performance: PerformanceNote | None
    opened_at: int
    resolved_at: int | None
    transitions: tuple[Transition, ...]
    acknowledged: Acknowledged | None
    muted: Muted | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """The alerts of a model that opened together. open: how many of them still are."""

    incident_id: str
    model: str
    alert_ids: tuple[str, ...]
    open: int
    severity: Severity
    summary: str
    opened_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """Alerts, open ones first and then the latest; incidents of these. more: how many the limit left out."""

    alerts: tuple[AlertDetail, ...]
    incidents: tuple[Incident, ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertCounts:
    """Open alerts of all models; those acknowledged or muted are among the open ones."""

    open: int
    acknowledged: int
    muted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutes:
    """Mutes that hold now, the one that ends first at the front."""

    mutes: tuple[Mute, ...]
