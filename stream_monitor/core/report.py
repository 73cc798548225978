"""The state of a model as people look at it, derived from the monitors on demand: never in the way of the data."""

import numpy as np

from stream_monitor.core.alerts import Alerts
from stream_monitor.core.attribution import Weights
from stream_monitor.core.batch import FEATURE, Cell
from stream_monitor.core.derived.outlying import Outlier
from stream_monitor.core.derived.quality_counts import NOT_ALLOWED, OUT_OF_RANGE, OUTLYING, UNSEEN, WRONG_KIND
from stream_monitor.core.detector import Kind
from stream_monitor.core.episode import RECENT
from stream_monitor.core.evidence import gauges_of, test_of
from stream_monitor.core.measure import mean_effect
from stream_monitor.core.outcome_report import label_status, performance_status, side_by_side_status
from stream_monitor.core.partition_monitor import ModelTask
from stream_monitor.core.segments.report import fairness_status, segment_status
from stream_monitor.core.series_monitor import SeriesMonitor
from stream_monitor.core.status import ModelStatus, OutlierStatus, Phase, SeriesStatus

_QUALITY = {
    "null": Cell.NULL,
    "absent": Cell.ABSENT,
    "nan": Cell.NAN,
    "infinite": Cell.INFINITE,
    "wrong_type": Cell.WRONG,
    "wrong_kind": WRONG_KIND,
    "unseen_category": UNSEEN,
    "out_of_range": OUT_OF_RANGE,
    "not_allowed": NOT_ALLOWED,
    "outlier": OUTLYING,
}


def status_of(task: ModelTask) -> ModelStatus:
    """Cost: some µs a series, some ms a version with labels."""
    monitor, order = task.monitor, task.order
    alerts, weights = monitor.alerts, monitor.inputs.weights()
    series = sorted(monitor.series.values(), key=lambda s: s.key.order)
    return ModelStatus(
        model=monitor.parameters.name,
        time=monitor.clock,
        rows=monitor.rows,
        late_rows=order.late,
        held_rows=order.held_rows,
        series=tuple(_status_of_series(s, alerts, weights) for s in series),
        series_dropped=len(monitor.dropped),
        open_alerts=tuple(alerts.open[key] for key in sorted(alerts.open, key=lambda k: k.order)),
        budget_credit=alerts.credit.level(monitor.rows, monitor.clock),
        drift_events=alerts.raised,
        suppressed=alerts.suppressed,
        performance=performance_status(monitor.outcomes),
        labels=label_status(monitor.outcomes),
        segments=segment_status(monitor.segments),
        segment_predictions=dict(sorted(monitor.segments.predictions.items())),
        side_by_side=side_by_side_status(monitor.side_by_side, monitor.outcomes),
        fairness=fairness_status(monitor.treatment, monitor.segments),
        outliers=tuple([_outlier(one) for one in monitor.derived.outlying.top()]),
        importance_origin=weights.origin,
    )


def _status_of_series(series: SeriesMonitor, alerts: Alerts, weights: Weights) -> SeriesStatus:
    quality = series.quality.tolist()
    cells = sum(quality[Cell.NUMBER : WRONG_KIND])
    values = sum(quality[Cell.NUMBER : Cell.NULL]) - quality[WRONG_KIND]
    test = test_of(series)
    return SeriesStatus(
        series=series.key.name,
        version=series.key.version,
        segment=series.key.segment,
        kind=None if series.lens is None else series.lens.kind,
        phase=_phase(series, drifting=series.key in alerts.open),
        warm_up=1.0 if series.warm_up is None else series.warm_up.ratio,
        values=values,
        missing=1.0 - values / cells if cells else 0.0,
        effect=_effect(series),
        gauges=gauges_of(series),
        quality={name: quality[at] for name, at in _QUALITY.items()},
        waiting=series.key in alerts.waiting,
        blind=_is_unseen(series) or (test is not None and test.view is None),
        test=test,
        importance=weights.of(series.key.name.removeprefix(FEATURE)) if _is_feature(series) else None,
    )


def _is_feature(series: SeriesMonitor) -> bool:
    return series.key.name.startswith(FEATURE) and series.key.segment is None


def _outlier(one: Outlier) -> OutlierStatus:
    return OutlierStatus(
        topic=one.topic,
        partition=one.partition,
        offset=one.offset,
        time=one.time,
        score=one.score,
        features=dict(zip(one.features, one.scores, strict=True)),
    )


def _is_unseen(series: SeriesMonitor) -> bool:
    """Whether a series that is meant to be watched brought nothing that can be."""
    return (
        series.lens is not None
        and not series.watches
        and series.parameters.kind is not Kind.IDENTIFIER
        and series.lens.reference.size == 0
    )


def _phase(series: SeriesMonitor, *, drifting: bool) -> Phase:
    if drifting:
        return Phase.DRIFTING
    if series.lens is None:
        return Phase.WARMING
    return Phase.UNWATCHED if series.lens.kind is Kind.IDENTIFIER else Phase.WATCHING


def _effect(series: SeriesMonitor) -> float:
    """Largest recent effect over the views, in standard deviations of the reference."""
    if len(series.window) == 0:
        return 0.0
    effects = [mean_effect(series.window.views[:, at], RECENT) for at in range(series.window.views.shape[1])]
    return float(effects[int(np.argmax(np.abs(effects)))])
