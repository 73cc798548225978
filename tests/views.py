"""What tests of telemetry and HTTP look at: one view with everything in it, and its parts with what matters named."""

from collections.abc import Mapping
from dataclasses import replace

from prometheus_client import CollectorRegistry

from stream_monitor.core.detector import Kind
from stream_monitor.core.drift_event import (
    Claim,
    Direction,
    Distribution,
    DriftEvent,
    EffectSize,
    EffectSizes,
    Evidence,
    Severity,
    Status,
)
from stream_monitor.core.events import Reason, Source
from stream_monitor.core.performance.expected import Origin
from stream_monitor.core.performance.task import TaskKind
from stream_monitor.core.performance.trials import Score
from stream_monitor.core.status import (
    EstimateStatus,
    FairnessFigure,
    FairnessStatus,
    FigureStatus,
    LabelStatus,
    ModelStatus,
    PerformanceStatus,
    Phase,
    SegmentStatus,
    SeriesStatus,
)
from stream_monitor.telemetry.collector import Build, ViewCollector
from stream_monitor.telemetry.deliveries import Deliveries
from stream_monitor.telemetry.metric import Abort, Discard, Rebalance, Stage
from stream_monitor.telemetry.recorder import Telemetry
from stream_monitor.telemetry.view import Loss, View, ViewHolder

BUILD = Build(version="1.2.3", python="3.11.7", librdkafka="2.16.0", configuration="0123abcd")
INPUT, COLUMNS = Source("fraud.events", 0), Source("stream-monitor.columns", 3)
RAW_CATEGORY = "a value that only the owner of the data may see"
A_SCORE = Score(
    estimated=0.8125,
    realised=0.75,
    trials=8,
    inside=0.875,
    mean_error=-0.0625,
    mean_absolute_error=0.125,
    unreliable=False,
)


def a_series(
    series: str = "feature:amount",
    *,
    phase: Phase = Phase.WATCHING,
    effect: float = 0.1,
    version: str | None = None,
    gauges: Mapping[str, float] | None = None,
) -> SeriesStatus:
    return SeriesStatus(
        series=series,
        version=version,
        kind=Kind.NUMERIC,
        phase=phase,
        warm_up=1.0,
        values=5000,
        missing=0.02,
        effect=effect,
        gauges={} if gauges is None else gauges,
        quality={"null": 100, "nan": 10, "wrong_type": 0},
        waiting=False,
        blind=False,
        test=None,
    )


def a_drift_event(*, status: Status = Status.OPENED, severity: Severity = Severity.CRITICAL) -> DriftEvent:
    distribution = Distribution(
        size=1000, mean=None, standard_deviation=None, missing=0.0, bins=(RAW_CATEGORY,), shares=(1.0,)
    )
    evidence = Evidence(
        detector="adwin",
        claim=Claim.CHANGED,
        bounded=False,
        view="value",
        statistic=0.3,
        threshold=0.2,
        effect=1.5,
        direction=Direction.UP,
        parameters={"delta": 0.002},
    )
    return DriftEvent(
        id="id-1",
        alert_id="alert-1",
        incident_id="incident-1",
        number=0,
        status=status,
        claim=Claim.CHANGED,
        severity=severity,
        resolution=None,
        summary="feature:amount rose by 1.5 standard deviations",
        model="fraud",
        version=None,
        segment=None,
        series="feature:amount",
        kind=Kind.NUMERIC,
        time=1_795_255_200_000,
        row=4321,
        change_point=1_795_255_100_000,
        change_point_row=4000,
        evidence=(evidence,),
        effect_sizes=EffectSizes(
            psi=EffectSize.of(0.4, 0.1),
            js_distance=EffectSize.of(0.3, 0.1),
            wasserstein=EffectSize.of(1.4, 0.1),
            ks=EffectSize.of(0.5, 0.1),
            chi_square=None,
            cramers_v=None,
            l_infinity=None,
        ),
        reference=distribution,
        current=distribution,
        positions=(),
        labels={"owner": "risk"},
    )


def a_figure(value: float, *, expected: float | None = None, n: int = 2048) -> FigureStatus:
    return FigureStatus(
        value=value,
        low=value - 0.0625,
        high=value + 0.0625,
        n=n,
        reason=None,
        expected=expected,
        drop=None if expected is None else expected - value,
        drop_low=None,
        drop_high=None,
    )


def a_figure_that_is_none(reason: str) -> FigureStatus:
    return FigureStatus(
        value=None,
        low=None,
        high=None,
        n=0,
        reason=reason,
        expected=None,
        drop=None,
        drop_low=None,
        drop_high=None,
    )


def a_performance(
    version: str | None = "7",
    *,
    figures: Mapping[str, FigureStatus] | None = None,
    withheld: str | None = None,
    pairs: int = 2048,
) -> PerformanceStatus:
    shown = {"accuracy": a_figure(0.75, expected=0.875), "f1:fraud": a_figure(0.5)}
    return PerformanceStatus(
        version=version,
        task=TaskKind.BINARY,
        positive="fraud",
        pairs=pairs,
        left_out=3,
        withheld=withheld,
        origin=Origin.GIVEN,
        figures=shown if figures is None else figures,
        calibration=(),
        estimate=EstimateStatus(
            figures={"accuracy": a_figure(0.8125, expected=0.875)},
            assumptions=("none drifts",),
            reason=None,
            scores={"accuracy": A_SCORE},
            trials=9,
            unlabelled=2,
        ),
    )


def some_labels(*, coverage: float | None = 0.625) -> LabelStatus:
    return LabelStatus(
        pending=120,
        early=4,
        coverage=coverage,
        due_after=60_000,
        outcomes={"joined": 3000, "expired": 7, "conflicting_label": 0},
        delays={"0.5": 1_000, "0.99": 60_500},
    )


def a_model(
    *series: SeriesStatus,
    model: str = "fraud",
    open_alerts: tuple[DriftEvent, ...] = (),
    performance: tuple[PerformanceStatus, ...] = (),
    labels: LabelStatus | None = None,
) -> ModelStatus:
    return ModelStatus(
        model=model,
        time=1_795_255_200_123,
        rows=5000,
        late_rows=7,
        held_rows=12,
        series=series,
        series_dropped=1,
        open_alerts=open_alerts,
        budget_credit=0.75,
        drift_events=3,
        suppressed=2,
        performance=performance,
        labels=labels,
    )


def with_segments(model: ModelStatus) -> ModelStatus:
    """With two segments of one version, and what is said of its fairness."""
    unknown = FairnessFigure(
        value=None,
        low=None,
        high=None,
        lowest=None,
        highest=None,
        tolerance=0.1,
        beyond=False,
        reason="too few",
    )
    impact = FairnessFigure(
        value=0.5,
        low=0.375,
        high=0.625,
        lowest="sex=f",
        highest="sex=m",
        tolerance=0.8,
        beyond=True,
        reason=None,
    )
    figures = {"disparate_impact": impact, "equal_opportunity_difference": unknown}
    return replace(
        model,
        segments=(
            SegmentStatus(
                segment="country=DE", version="7", pairs=512, figures={"accuracy": a_figure(0.75, n=512)}
            ),
            SegmentStatus(segment="country=(other)", version="7", pairs=0, figures={}),
        ),
        segment_predictions={"country=(other)": 12, "country=DE": 900},
        fairness=(
            FairnessStatus(
                version="7", figures=figures, cases={"sex=f": 400, "sex=m": 500}, positives={"sex=f": 20}
            ),
        ),
    )


def a_view(
    *models: ModelStatus,
    running: bool = True,
    joined: bool = True,
    restored: bool = True,
    beat: float = 100.0,
    lag: Mapping[Source, int] | None = None,
) -> View:
    return View(
        worker="worker-1",
        group="stream-monitor",
        columns_topic=COLUMNS.topic,
        started=1_795_250_000_000,
        beat=beat,
        beat_wall=1_795_255_301_500,
        running=running,
        joined=joined,
        restored=restored,
        restoring=0 if restored else 2,
        assigned=(INPUT, COLUMNS),
        paused=(INPUT,),
        lag={INPUT: 42, COLUMNS: 0} if lag is None else lag,
        event_times={INPUT: 1_795_255_200_123},
        losses={INPUT: Loss(times=2, records=10)},
        models=models,
        last_checkpoint=1_795_255_300_000,
    )


def a_full_view() -> View:
    """Something of everything that can be shown."""
    gauges = {
        "adwin/value/width": 800.0,
        "adwin/square/width": 900.0,
        "page_hinkley/value/evidence": 0.4,
        "hddm_a/value/evidence": 1.1,
    }
    return a_view(
        with_segments(
            a_model(
                a_series(phase=Phase.DRIFTING, effect=1.5, gauges=gauges),
                a_series("feature:country", phase=Phase.WARMING, effect=0.0),
                a_series("prediction", version="7", effect=0.05),
                open_alerts=(a_drift_event(),),
                performance=(a_performance(),),
                labels=some_labels(),
            )
        )
    )


def tell_everything(telemetry: Telemetry) -> None:
    """Call every method of it, so that every recorded metric has a value."""
    telemetry.model_seen("fraud")
    telemetry.records_consumed(INPUT, 100, 33_900)
    telemetry.rows_decoded(INPUT, 99)
    telemetry.event_delay(INPUT, 2.0)
    telemetry.rejected(Reason.NOT_JSON, 1)
    telemetry.rows_observed("fraud", 90)
    telemetry.late_rows("fraud", 2)
    telemetry.rebalanced(Rebalance.ASSIGNED, [INPUT, COLUMNS])
    telemetry.checkpoint_committed(0.125, 12, 4_096)
    telemetry.checkpoint_aborted(Abort.TRANSACTION, "the broker said so")
    telemetry.snapshots_written(3, 1_024)
    telemetry.snapshot_discarded("series/fraud//feature:amount", Discard.CORRUPT, "checksum")
    telemetry.restored(3, 0.5, 1_000)
    telemetry.drift_event(a_drift_event())
    telemetry.suppressed("fraud", 1)
    for stage in Stage:
        telemetry.stage_seconds(stage, 0.0625)


def full_registry() -> CollectorRegistry:
    """A registry in which every metric has a value."""
    registry = CollectorRegistry()
    tell_everything(Telemetry(registry))
    ViewCollector(registry, ViewHolder(a_full_view()), BUILD)
    Deliveries(registry).tried("webhook", "delivered", 0.1, 1_795_255_200_000)
    return registry
