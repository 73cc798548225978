"""Core values for the tests of formats: records, drift events, a status."""

from collections.abc import Mapping
from dataclasses import replace

from stream_monitor.core.detector import Kind
from stream_monitor.core.drift_event import (
    Attribution,
    Claim,
    Direction,
    Distribution,
    DriftEvent,
    EffectSize,
    EffectSizes,
    Evidence,
    Importance,
    MovedInput,
    Positions,
    Resolution,
    Severity,
    Status,
)
from stream_monitor.core.events import Record, Source
from stream_monitor.core.performance.expected import Origin
from stream_monitor.core.performance.note import Basis, NotedFigure, PerformanceNote, Span, Verdict
from stream_monitor.core.performance.probabilistic import CalibrationBin
from stream_monitor.core.performance.task import TaskKind
from stream_monitor.core.performance.trials import Score
from stream_monitor.core.retrain_request import RetrainEvidence, RetrainRequest
from stream_monitor.core.status import (
    EstimateStatus,
    FairnessFigure,
    FairnessStatus,
    FigureStatus,
    LabelStatus,
    ModelStatus,
    OutlierStatus,
    PerformanceStatus,
    Phase,
    SegmentStatus,
    SequentialStatus,
    SeriesStatus,
)

SOURCE = Source("fraud.events", 3)
NOON = 1795255200123  # 2026-11-21T10:00:00.123Z


def record(value: bytes | None, *, offset: int = 41, timestamp: int = NOON) -> Record:
    return Record(offset, timestamp, None, value)


OPENED = DriftEvent(
    id="5d2f7a90c1e34b68",
    alert_id="9a1c0c4de2f85b37",
    incident_id="c0ffee1234567890",
    number=0,
    status=Status.OPENED,
    claim=Claim.CHANGED,
    severity=Severity.WARNING,
    resolution=None,
    summary="feature:amount of fraud rose by 0.5 standard deviations of the reference",
    model="fraud",
    version=None,
    segment=None,
    series="feature:amount",
    kind=Kind.NUMERIC,
    time=NOON,
    row=60_000,
    change_point=NOON - 1_000_123,
    change_point_row=59_500,
    evidence=(
        Evidence(
            detector="adwin",
            claim=Claim.CHANGED,
            bounded=False,
            view="value",
            statistic=0.52,
            threshold=0.21,
            effect=0.5,
            direction=Direction.UP,
            parameters={"delta": 0.002, "clock": 32, "mode": "both", "warm": True, "seed": None},
        ),
    ),
    effect_sizes=EffectSizes(
        psi=EffectSize.of(0.23, 0.1),
        js_distance=EffectSize.of(0.17, 0.1),
        wasserstein=EffectSize.of(0.5, 0.1),
        ks=EffectSize.of(0.2, 0.1),
        chi_square=None,
        cramers_v=None,
        l_infinity=None,
    ),
    reference=Distribution(
        size=1000,
        mean=12.5,
        standard_deviation=3.25,
        missing=0.01,
        bins=("< 10", "10 .. 15", ">= 15", "missing"),
        shares=(0.25, 0.5, 0.24, 0.01),
    ),
    current=Distribution(
        size=500,
        mean=14.125,
        standard_deviation=3.5,
        missing=0.0,
        bins=("< 10", "10 .. 15", ">= 15", "missing"),
        shares=(0.125, 0.5, 0.375, 0.0),
    ),
    positions=(Positions(topic="fraud.events", partition=3, first_offset=14_850, last_offset=15_000),),
    labels={"owner": "risk-ml", "runbook": "https://example.org/drift"},
    performance=PerformanceNote(
        verdict=Verdict.UNCHANGED,
        basis=Basis.ESTIMATE,
        figures=(
            NotedFigure(
                version="7",
                figure="f1",
                span=Span.SINCE_CHANGE,
                value=0.875,
                low=0.85,
                high=0.89,
                pairs=480,
                expected=0.88,
                drop=0.005,
                drop_low=-0.01,
                drop_high=0.03,
            ),
        ),
        reason=None,
    ),
)
UPDATED = replace(
    OPENED,
    id="77aa0b1c2d3e4f50",
    number=1,
    status=Status.UPDATED,
    severity=Severity.CRITICAL,
    time=NOON + 60_000,
    row=61_000,
)
ATTRIBUTION = Attribution(
    importance=Importance.CONFIGURED,
    inputs=12,
    visible=0.21,
    moved=2,
    ranked=(
        MovedInput(
            series="feature:amount",
            view="value",
            effect=1.25,
            direction=Direction.UP,
            importance=2.0,
            score=2.5,
            alert_id="9a1c0c4de2f85b37",
            since=NOON - 3_600_000,
        ),
        MovedInput(
            series="feature:country",
            view="mix",
            effect=0.5,
            direction=Direction.OTHER,
            importance=1.0,
            score=0.5,
            alert_id=None,
            since=None,
        ),
    ),
)
RESOLVED = replace(
    OPENED,
    id="0b1c2d3e4f5077aa",
    alert_id="1111222233334444",
    number=2,
    status=Status.RESOLVED,
    resolution=Resolution.VERSION_RETIRED,
    series="prediction",
    version="7/β 1",
    kind=Kind.CATEGORICAL,
    attribution=ATTRIBUTION,
    effect_sizes=EffectSizes(
        psi=EffectSize.of(0.09, 0.1),
        js_distance=EffectSize.of(0.1, 0.1),
        wasserstein=None,
        ks=None,
        chi_square=EffectSize.of(28.5, 5.991),
        cramers_v=EffectSize.of(0.15, 0.2),
        l_infinity=EffectSize.of(0.14, 0.3),
    ),
    reference=replace(OPENED.reference, mean=None, standard_deviation=None),
    positions=(),
    labels={},
    performance=None,
)
_FELL = NotedFigure(
    version="7",
    figure="f1",
    span=Span.WINDOW,
    value=0.8125,
    low=0.79,
    high=0.83,
    pairs=2_048,
    expected=0.88,
    drop=0.0675,
    drop_low=0.05,
    drop_high=0.085,
)
FELL = replace(
    OPENED,
    id="4f5077aa0b1c2d3e",
    claim=Claim.DIFFERS,
    summary="F1 of fraud version 7 fell from 0.88 to 0.812",
    version="7",
    series="performance:f1",
    evidence=(
        Evidence(
            detector="performance",
            claim=Claim.DIFFERS,
            bounded=False,
            view="f1",
            statistic=0.04,
            threshold=0.02,
            effect=-0.15,
            direction=Direction.DOWN,
            parameters={},
        ),
    ),
    effect_sizes=EffectSizes(
        psi=None,
        js_distance=None,
        wasserstein=None,
        ks=None,
        chi_square=None,
        cramers_v=None,
        l_infinity=None,
    ),
    reference=Distribution(size=1_024, mean=0.88, standard_deviation=None, missing=0.0, bins=(), shares=()),
    current=Distribution(size=1_298, mean=0.8125, standard_deviation=None, missing=0.0, bins=(), shares=()),
    performance=PerformanceNote(
        verdict=Verdict.WORSE,
        basis=Basis.LABELS,
        figures=(_FELL, replace(_FELL, span=Span.SINCE_CHANGE, value=0.7, low=0.65, high=0.75, pairs=640)),
        reason=None,
    ),
)


def series_status(series: str, phase: Phase, gauges: Mapping[str, float] | None = None) -> SeriesStatus:
    return SeriesStatus(
        series=series,
        version=None,
        kind=Kind.NUMERIC if phase is not Phase.WARMING else None,
        phase=phase,
        warm_up=0.5 if phase is Phase.WARMING else 1.0,
        values=60_000,
        missing=0.01,
        effect=0.5,
        gauges=gauges or {},
        quality={"null": 600},
        waiting=False,
        blind=False,
        test=SequentialStatus(
            evidence=0.25,
            learning=False,
            view="residual",
            lag_1=0.5,
            effective_share=0.33,
            bounded=False,
            words="its values depend on those before",
        ),
        importance=0.75,
    )


ACCURACY = FigureStatus(
    value=0.875,
    low=0.86,
    high=0.8885,
    n=2_048,
    reason=None,
    expected=0.95,
    drop=0.075,
    drop_low=0.0615,
    drop_high=0.09,
)
PERFORMANCE = PerformanceStatus(
    version="7",
    task=TaskKind.BINARY,
    positive="fraud",
    pairs=2_048,
    left_out=3,
    withheld=None,
    origin=Origin.GIVEN,
    figures={
        "accuracy": ACCURACY,
        "precision:fraud": FigureStatus(
            value=None,
            low=None,
            high=None,
            n=0,
            reason="never predicted fraud",
            expected=None,
            drop=None,
            drop_low=None,
            drop_high=None,
        ),
    },
    calibration=(
        CalibrationBin(low=0.0, high=0.1, n=40, expected=0.05, observed=0.125),
        CalibrationBin(low=0.1, high=0.2, n=0, expected=None, observed=None),
    ),
    estimate=EstimateStatus(
        figures={"accuracy": ACCURACY},
        assumptions=("no concept drift",),
        reason=None,
        scores={
            "accuracy": Score(
                estimated=0.875,
                realised=0.75,
                trials=4,
                inside=0.0,
                mean_error=0.125,
                mean_absolute_error=0.125,
                unreliable=True,
            )
        },
        trials=4,
        unlabelled=1,
        unreliable="estimates proved wrong",
    ),
)
LABELS = LabelStatus(
    pending=120,
    early=4,
    coverage=0.625,
    due_after=60_000,
    outcomes={"joined": 3_000, "expired": 7},
    delays={"0.5": 1_000, "0.99": 60_500},
)
IMPACT = FairnessFigure(
    value=0.5, low=0.375, high=0.625, lowest="sex=f", highest="sex=m", tolerance=0.8, beyond=True, reason=None
)
FAIRNESS = FairnessStatus(
    version="7",
    figures={"disparate_impact": IMPACT},
    cases={"sex=f": 400, "sex=m": 500},
    positives={"sex=f": 20},
)
STATUS = ModelStatus(
    model="fraud",
    time=NOON,
    rows=60_000,
    late_rows=2,
    held_rows=17,
    series=(
        series_status("feature:amount", Phase.DRIFTING, {"adwin.width": 512.0}),
        series_status("prediction", Phase.WARMING),
    ),
    series_dropped=0,
    open_alerts=(OPENED,),
    budget_credit=0.75,
    drift_events=1,
    suppressed=0,
    performance=(PERFORMANCE,),
    labels=LABELS,
    segments=(SegmentStatus(segment="country=DE", version="7", pairs=512, figures={"accuracy": ACCURACY}),),
    segment_predictions={"country=DE": 900},
    fairness=(FAIRNESS,),
    outliers=(
        OutlierStatus(
            topic="features",
            partition=3,
            offset=812,
            time=NOON,
            score=7.5,
            features={"amount": 7.5, "age": 3.25},
        ),
    ),
    importance_origin=Importance.ESTIMATED,
)
REQUEST = RetrainRequest(
    id="c3d4e5f60718293a",
    number=2,
    summary="fraud version 7/β 1 should be trained anew: error has drifted for 12,345 rows; moved with: amount (+1.2 sd)",
    model="fraud",
    version="7/β 1",
    time=NOON,
    row=80_000,
    change_point=NOON - 7_200_123,
    change_point_row=67_656,
    rows=12_345,
    ongoing=True,
    evidence=(
        RetrainEvidence(
            alert_id="9a1c0c4de2f85b37",
            series="error",
            segment=None,
            severity=Severity.CRITICAL,
            opened_at=NOON - 7_000_000,
            change_point=NOON - 7_200_123,
            summary="error of fraud version 7/β 1 rose: rate 0.1 → 0.3 since 2026-11-21T08:00:00Z",
            attribution=ATTRIBUTION,
        ),
    ),
    positions=OPENED.positions,
    labels=OPENED.labels,
)
