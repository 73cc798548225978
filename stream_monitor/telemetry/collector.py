"""Turns the latest view into metrics when somebody scrapes, so that nothing is written per event for them.

What has left the view (revoked partitions, models of another worker) is gone from the metrics with it. Series are
capped: a model with 2,000 series must not become 20,000 time series. Knows no HTTP; never touches the worker.
"""

import heapq
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final, TypeAlias

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector, CollectorRegistry

from stream_monitor.core.drift_event import Claim, Severity
from stream_monitor.core.series import SEQUENTIAL
from stream_monitor.core.status import ModelStatus, Phase, SeriesStatus
from stream_monitor.telemetry import metrics
from stream_monitor.telemetry.metric import Metric, Type
from stream_monitor.telemetry.metrics import PHASES
from stream_monitor.telemetry.outcomes import of_outcomes
from stream_monitor.telemetry.segments import of_segments
from stream_monitor.telemetry.view import Loss, View, ViewHolder

SERIES_LIMIT: Final = 300
_STAYS: Final = 1.25  # how much more effect a newcomer needs to push out a series that was exported last time

_Series: TypeAlias = tuple[str, SeriesStatus]
_Key: TypeAlias = tuple[str, str | None, str | None, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What is running. librdkafka: empty without Kafka. configuration: digest of the effective configuration."""

    version: str
    python: str
    librdkafka: str = ""
    configuration: str = ""


class ViewCollector(Collector):
    """Exports the view of `holder`; registered with the `registry` it is given.

    series_limit: series exported over all models; those that drift come first, then by effect. 10,000 time series take
    about 50 ms a scrape.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        holder: ViewHolder,
        build: Build,
        *,
        series_limit: int = SERIES_LIMIT,
    ) -> None:
        self._holder = holder
        self._build = build
        self._limit = series_limit
        self._exported: frozenset[_Key] = frozenset()
        registry.register(self)

    def describe(self) -> Iterable[Family]:
        """The families it may export, so that a registry refuses a second one of the same name."""
        return [InfoMetricFamily(metrics.BUILD.family, metrics.BUILD.help), *_families().values()]

    def collect(self) -> Iterable[Family]:
        """The families that have a value now, in the order of the catalogue."""
        build = InfoMetricFamily(metrics.BUILD.family, metrics.BUILD.help)
        build.add_metric([], {label: getattr(self._build, label) for label in metrics.BUILD.labels})
        families = _families()
        view = self._holder.view
        chosen = self._choose(view.models)
        shown = Counter(model for model, _ in chosen)
        for metric, labels, value in self._samples(view, chosen, shown):
            if math.isfinite(value):
                families[metric].add_metric(labels, value)
        return [build, *(family for family in families.values() if family.samples)]

    def _samples(self, view: View, chosen: Iterable[_Series], shown: Counter[str]) -> Iterator["_Sample"]:
        yield from _of_worker(view)
        yield from _of_partitions(view)
        for model in view.models:
            yield from _of_model(model, hidden=len(model.series) - shown[model.model])
            yield from of_outcomes(model)
            yield from of_segments(model)
        for name, series in chosen:
            yield from _of_series(name, series)

    def _choose(self, models: Iterable[ModelStatus]) -> list[_Series]:
        """The series to export, by model and name; one exported last time does not flicker out at a small change."""
        everything = [(model.model, series) for model in models for series in model.series]
        best = heapq.nlargest(self._limit, everything, key=self._rank)
        self._exported = frozenset(_key(name, series) for name, series in best)
        return sorted(
            best, key=lambda pair: (pair[0], pair[1].series, pair[1].version or "", pair[1].segment or "")
        )

    def _rank(self, pair: _Series) -> tuple[bool, float]:
        name, series = pair
        effect = abs(series.effect) if math.isfinite(series.effect) else 0.0
        stays = _STAYS if _key(name, series) in self._exported else 1.0
        return series.phase is Phase.DRIFTING, effect * stays


_Sample: TypeAlias = tuple[Metric, list[str], float]


def _of_worker(view: View) -> Iterator[_Sample]:
    yield metrics.WORKER_START, [], view.started / 1000
    yield metrics.WORKER_READY, [], float(view.ready)
    yield metrics.RESTORING, [], view.restoring
    if view.beat_wall is not None:
        yield metrics.LAST_POLL, [], view.beat_wall / 1000
    if view.last_checkpoint is not None:
        yield metrics.LAST_CHECKPOINT, [], view.last_checkpoint / 1000


def _of_partitions(view: View) -> Iterator[_Sample]:
    for source in sorted(view.assigned):
        labels = [view.group, source.topic, str(source.partition)]
        yield metrics.ASSIGNED, labels, 1.0
        yield metrics.PAUSED, labels, float(source in view.paused)
        lag = view.lag.get(source)
        if lag is not None and lag >= 0:  # librdkafka says -1 for "not known"; that is no number of records
            yield metrics.LAG, labels, lag
        if source in view.event_times:
            yield metrics.EVENT_TIME, labels, view.event_times[source] / 1000
    # From 0 on, so that `rate` sees the first one; and after a revoke too: a counter that comes back lower is a restart.
    for source in sorted({*view.assigned, *view.losses}):
        labels = [view.group, source.topic, str(source.partition)]
        loss = view.losses.get(source, Loss(times=0, records=0))
        yield metrics.LOSSES, labels, loss.times
        yield metrics.RECORDS_LOST, labels, loss.records


def _of_model(model: ModelStatus, *, hidden: int) -> Iterator[_Sample]:
    name = [model.model]
    phases = Counter(series.phase for series in model.series)
    for phase in Phase:
        yield metrics.MODEL_SERIES, [model.model, phase.value], phases[phase]
    alerts = Counter((event.severity, event.claim) for event in model.open_alerts)
    for severity, claim in product(Severity, Claim):
        yield metrics.MODEL_OPEN_ALERTS, [model.model, severity.value, claim.value], alerts[severity, claim]
    yield metrics.MODEL_SERIES_DROPPED, name, model.series_dropped
    yield metrics.MODEL_SERIES_HIDDEN, name, hidden
    yield metrics.MODEL_BLIND, name, sum(series.blind for series in model.series)
    yield metrics.MODEL_WAITING, name, sum(series.waiting for series in model.series)
    evidence = [one.evidence for one in model.series if one.evidence is not None]
    if evidence:
        yield metrics.MODEL_EVIDENCE, name, max(evidence)
    yield metrics.MODEL_HELD_ROWS, name, model.held_rows
    yield metrics.MODEL_BUDGET, name, model.budget_credit
    if model.rows:
        yield metrics.MODEL_LAST_EVENT, name, model.time / 1000


def _of_series(model: str, series: SeriesStatus) -> Iterator[_Sample]:
    labels = [model, series.version or "", series.segment or "", series.series]
    yield metrics.SERIES_STATUS, labels, PHASES[series.phase]
    yield metrics.SERIES_WARM_UP, labels, series.warm_up
    yield metrics.SERIES_EFFECT, labels, series.effect
    yield metrics.SERIES_MISSING, labels, series.missing
    yield metrics.SERIES_VALUES, labels, series.values
    yield metrics.SERIES_BLIND, labels, float(series.blind)
    yield metrics.SERIES_WAITING, labels, float(series.waiting)
    for cell, n in series.quality.items():
        if n:
            yield metrics.SERIES_CELLS, [*labels, cell], n
    yield from _of_detectors(labels, series)


def _of_detectors(labels: list[str], series: SeriesStatus) -> Iterator[_Sample]:
    for key, value in series.gauges.items():
        *owner, gauge = key.split("/", 2)
        detector, view = (*owner, "", "")[:2]
        yield metrics.SERIES_DETECTOR, [*labels, detector, view, gauge], value
    test = series.test
    if test is not None:
        shown = {
            "evidence": test.evidence,
            "lag_1": test.lag_1,
            "effective_share": test.effective_share,
            "bounded": float(test.bounded),
            "learning": float(test.learning),
        }
        for gauge, value in shown.items():
            yield metrics.SERIES_DETECTOR, [*labels, SEQUENTIAL, test.view or "", gauge], value
    if series.evidence is not None:
        yield metrics.SERIES_EVIDENCE, labels, series.evidence


def _key(model: str, series: SeriesStatus) -> _Key:
    return model, series.version, series.segment, series.series


def _families() -> dict[Metric, GaugeMetricFamily | CounterMetricFamily]:
    """Empty ones of all that is read from the view but the build."""
    types = {Type.GAUGE: GaugeMetricFamily, Type.COUNTER: CounterMetricFamily}
    return {
        metric: types[metric.type](metric.family, metric.help, labels=metric.labels)
        for metric in metrics.VIEWED
        if metric is not metrics.BUILD
    }
