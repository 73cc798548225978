"""The state of a model as people look at it: what the status topic, metrics and dashboards show. Derived, never restored."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from stream_monitor.core.detector import Kind
from stream_monitor.core.drift_event import DriftEvent, Importance
from stream_monitor.core.performance.expected import Origin
from stream_monitor.core.performance.probabilistic import CalibrationBin
from stream_monitor.core.performance.task import TaskKind
from stream_monitor.core.performance.trials import Score


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


def largest_evidence(gauges: Mapping[str, float], test: SequentialStatus | None) -> float | None:
    """Of the detectors of a series, relative to their thresholds: 1 is an alarm. gauges: `detector/view/gauge`.

    None where none of them tells.
    """
    told = [value for name, value in gauges.items() if name.split("/", 2)[-1] == "evidence"]
    if test is not None:
        told.append(test.evidence)
    return max((value for value in told if math.isfinite(value)), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesStatus:
    """One series right now. warm_up: 0..1. effect: recent, in standard deviations of the reference. quality: cells by code.

    segment: the slice of the rows it is made of; None for all. importance: what a feature weighs where it is told what moved with
    an output; None for its segments and all other series.
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
    segment: str | None = None
    importance: float | None = None

    @property
    def evidence(self) -> float | None:
        """Largest over its detectors; None where none of them tells."""
        return largest_evidence(self.gauges, self.test)


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureStatus:
    """One metric of a version, in its own unit; low, high: 95 %. n: pairs, of an estimate predictions, that it is made of.

    value: None where it is not defined, and `reason` says why. expected: what was promised, or seen first. drop: how much worse
    it is than that, with its own 95 %; below 0 it is better.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    reason: str | None
    expected: float | None
    drop: float | None
    drop_low: float | None
    drop_high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateStatus:
    """What the figures are estimated to be without labels, as good as the assumptions. reason: why there is no estimate.

    scores: by figure, how earlier estimates did once labels had come. trials: that were scored; unlabelled: that were given up.
    unreliable: in words, which figures' estimates proved wrong too often to be chance; None: no figure's.
    """

    figures: Mapping[str, FigureStatus]
    assumptions: tuple[str, ...]
    reason: str | None
    scores: Mapping[str, Score] = field(default_factory=dict)
    trials: int = 0
    unlabelled: int = 0
    unreliable: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceStatus:
    """How well one version predicts. Figures by name; `METRIC:CLASS` is of one class.

    task: None until it is told. positive: of two classes. pairs: labelled predictions in the window; left_out: those ever that
    had no place in the task. withheld: why no figure is shown, in words; None: they are. origin: of the expected figures.
    """

    version: str | None
    task: TaskKind | None
    positive: str | None
    pairs: int
    left_out: int
    withheld: str | None
    origin: Origin | None
    figures: Mapping[str, FigureStatus]
    calibration: tuple[CalibrationBin, ...]
    estimate: EstimateStatus | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelStatus:
    """What became of the model's predictions and labels. pending: predictions that wait for their label; early: the reverse.

    coverage: share of the predictions whose labels are due that have one; None while none is due. due_after: how old a prediction
    is by then, in ms. outcomes: predictions and labels so far, by what became of them. delays: of labels, in ms, by quantile
    (`0.5`, `0.9`, `0.99`); at most 19 % too high.
    """

    pending: int
    early: int
    coverage: float | None
    due_after: int
    outcomes: Mapping[str, int]
    delays: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentStatus:
    """What one version did in one segment: labelled predictions in its window, and the figures of these."""

    segment: str
    version: str | None
    pairs: int
    figures: Mapping[str, FigureStatus]


@dataclass(frozen=True, slots=True, kw_only=True)
class FairnessFigure:
    """value, low, high: as `segments.fairness_figures`; None where `reason` says why. lowest, highest: the groups compared.

    tolerance: what is accepted; beyond: it was found not to be kept, and is not back within since.
    """

    value: float | None
    low: float | None
    high: float | None
    lowest: str | None
    highest: str | None
    tolerance: float
    beyond: bool
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FairnessStatus:
    """How one version treats groups. cases: predictions in the window; positives: with a favourable label; both by group."""

    version: str | None
    figures: Mapping[str, FairnessFigure]
    cases: Mapping[str, int]
    positives: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SideBySideStatus:
    """Two versions on the same cases: by how much the second one is worse in `figure` (`accuracy`, or `mae`), with its 95 %."""

    first: str
    second: str
    figure: str
    worse: float
    low: float | None
    high: float | None
    cases: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlierStatus:
    """An unusual event of late, by its place in the log. time: of the event, ms UTC. score: how many powers of ten rarer than any
    event it is, by the most unusual of its features; 3 is one in a thousand. features: their scores, the highest first.
    """

    topic: str
    partition: int
    offset: int
    time: int
    score: float
    features: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStatus:
    """One model right now. open_alerts: the latest drift event of every alert that is not resolved.

    budget_credit: alarms that could be raised at once. time: latest event time observed, ms UTC. performance: of the versions
    with labels. labels: None while there are none and none are expected. segments: those with labels, the 100 with most.
    segment_predictions: so far, by segment. fairness: of the versions, where groups are declared. side_by_side: every
    two versions that predicted the same cases. outliers: the 10 most unusual events of the last 32,768 rows or more, the highest
    score first. importance_origin: of that of its features.
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
    performance: tuple[PerformanceStatus, ...] = ()
    labels: LabelStatus | None = None
    segments: tuple[SegmentStatus, ...] = ()
    segment_predictions: Mapping[str, int] = field(default_factory=dict)
    fairness: tuple[FairnessStatus, ...] = ()
    side_by_side: tuple[SideBySideStatus, ...] = ()
    outliers: tuple[OutlierStatus, ...] = ()
    importance_origin: Importance = Importance.EQUAL
