"""Telemetry: the worker says what happened, per batch; this place makes it a metric and, where it matters, a log line.

After Vector's RFC 2064 "event-driven observability". It decides nothing and knows neither Kafka nor HTTP. Logs are
written when a state changes, never per event: what repeats is logged when its total passes 1, 10, 100, …
"""

from collections.abc import Iterable
from itertools import product

from prometheus_client import Counter, Histogram
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector, CollectorRegistry

from stream_monitor.core.drift_event import Claim, DriftEvent, Severity, Status
from stream_monitor.core.events import Reason, Source
from stream_monitor.core.retrain_request import RetrainRequest
from stream_monitor.telemetry import metrics
from stream_monitor.telemetry.logs import get_logger
from stream_monitor.telemetry.metric import Abort, Discard, Metric, Rebalance, Stage, Type


class Telemetry(Collector):
    """What a worker tells; registered with the `registry` it is given, never with a global one.

    Methods cost about a microsecond; call them once a batch. One thread writes, any number scrape.

    >>> registry = CollectorRegistry()
    >>> Telemetry(registry).rejected(Reason.NOT_JSON, 3)
    >>> registry.get_sample_value("stream_monitor_records_rejected_total", {"reason": "not_json"})
    3.0
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._log = get_logger("stream_monitor.worker")
        self._counters = {m: _counter(m) for m in metrics.RECORDED if m.type is Type.COUNTER}
        self._histograms = {m: _histogram(m) for m in metrics.RECORDED if m.type is Type.HISTOGRAM}
        self._totals: dict[tuple[str, ...], int] = {}
        self._show_zeros()
        registry.register(self)

    def records_consumed(self, source: Source, n: int, size: int) -> None:
        """`n` records of `source` with `size` bytes of values were read."""
        self._add(metrics.RECORDS_CONSUMED, n, source.topic)
        self._add(metrics.BYTES_CONSUMED, size, source.topic)

    def rows_decoded(self, source: Source, n: int) -> None:
        """`n` events of `source` were understood."""
        self._add(metrics.ROWS_DECODED, n, source.topic)

    def event_delay(self, source: Source, seconds: float) -> None:
        """The newest event of a batch of `source` was so old when it was decoded."""
        self._histograms[metrics.EVENT_DELAY].labels(source.topic).observe(seconds)

    def rejected(self, reason: Reason, n: int) -> None:
        """`n` events were bad and go to the dead-letter topic."""
        self._add(metrics.REJECTED, n, reason)
        if total := self._passed_a_power_of_ten(n, "rejected", reason):
            self._log.warning("events rejected", reason=reason.value, total=total)

    def rows_observed(self, model: str, n: int) -> None:
        """`n` rows were shown to the detectors of `model`."""
        self._add(metrics.ROWS_OBSERVED, n, model)

    def late_rows(self, model: str, n: int) -> None:
        """`n` rows of `model` came after the watermark had passed them."""
        self._add(metrics.ROWS_LATE, n, model)
        if total := self._passed_a_power_of_ten(n, "late", model):
            self._log.warning("rows came late", model=model, total=total)

    def rebalanced(self, kind: Rebalance, sources: Iterable[Source]) -> None:
        """The group assigned, revoked or took away `sources`."""
        self._add(metrics.REBALANCES, 1, kind)
        by_topic: dict[str, list[int]] = {}
        for topic, partition in sorted(sources):
            by_topic.setdefault(topic, []).append(partition)
        say = self._log.warning if kind is Rebalance.LOST else self._log.info
        say(f"partitions {kind.value}", partitions=by_topic)

    def checkpoint_committed(self, seconds: float, records: int, size: int) -> None:
        """A checkpoint of `records` records and `size` bytes became visible `seconds` after its commit began."""
        self._histograms[metrics.CHECKPOINT_SECONDS].observe(seconds)
        self._add(metrics.RECORDS_PRODUCED, records)
        self._add(metrics.BYTES_PRODUCED, size)

    def checkpoint_aborted(self, reason: Abort, detail: str) -> None:
        """A checkpoint was given up; nothing of it is visible. `detail`: what was the matter, in words."""
        self._add(metrics.CHECKPOINTS_ABORTED, 1, reason)
        self._log.warning("checkpoint aborted", reason=reason.value, detail=detail)

    def snapshots_written(self, n: int, size: int) -> None:
        """`n` snapshots of `size` bytes were committed."""
        self._add(metrics.SNAPSHOTS, n)
        self._add(metrics.SNAPSHOT_BYTES, size)

    def snapshot_discarded(self, key: str, reason: Discard, detail: str) -> None:
        """The snapshot stored under `key` could not be used: what it held warms up again."""
        self._add(metrics.DISCARDED, 1, reason)
        self._log.warning("snapshot discarded, warming up again", key=key, reason=reason.value, detail=detail)

    def restored(self, partition: int, seconds: float, rows: int) -> None:
        """The state of a columns partition is back; `rows` were observed again since the snapshots."""
        self._histograms[metrics.RESTORE_SECONDS].observe(seconds)
        self._add(metrics.ROWS_RESTORED, rows)
        self._log.info("state restored", partition=partition, seconds=round(seconds, 3), refolded_rows=rows)

    def drift_event(self, event: DriftEvent) -> None:
        """A drift event was committed to the alerts topic."""
        self._add(metrics.DRIFT_EVENTS, 1, event.model, event.status, event.severity, event.claim)
        self._log.info(
            f"drift {event.status.value}",
            model=event.model,
            series=event.series,
            severity=event.severity.value,
            claim=event.claim.value,
            alert_id=event.alert_id,
            summary=event.summary,
        )

    def retrain_requested(self, request: RetrainRequest) -> None:
        """A request to train a model anew was committed to the alerts topic."""
        self._add(metrics.RETRAIN_REQUESTS, 1, request.model)
        self._log.info(
            "retraining requested",
            model=request.model,
            version=request.version,
            request_id=request.id,
            summary=request.summary,
        )

    def suppressed(self, model: str, n: int) -> None:
        """`n` confirmed detections of `model` were not published: the alarm budget held no credit."""
        self._add(metrics.SUPPRESSED, n, model)
        if total := self._passed_a_power_of_ten(n, "suppressed", model):
            self._log.warning("detections suppressed, the alarm budget is spent", model=model, total=total)

    def stage_seconds(self, stage: Stage, seconds: float) -> None:
        """One step of the loop over one batch took `seconds`."""
        self._histograms[metrics.STAGE_SECONDS].labels(stage.value).observe(seconds)

    def model_seen(self, model: str) -> None:
        """A model is there: its counters are exported from 0 on, so that `rate` sees the first increase of each."""
        for metric in (
            metrics.ROWS_OBSERVED,
            metrics.ROWS_LATE,
            metrics.SUPPRESSED,
            metrics.RETRAIN_REQUESTS,
        ):
            self._counters[metric].labels(model)
        for status, severity, claim in product(Status, Severity, Claim):
            self._counters[metrics.DRIFT_EVENTS].labels(model, status.value, severity.value, claim.value)

    def describe(self) -> Iterable[Family]:
        """The families it may export, so that a registry refuses a second one of the same name."""
        return [family for metric in metrics.RECORDED for family in self._parent(metric).describe()]

    def collect(self) -> Iterable[Family]:
        """The families with their values, in the order of the catalogue."""
        return self.families(metrics.RECORDED)

    def families(self, wanted: Iterable[Metric]) -> Iterable[Family]:
        """Those of these recorded metrics, with their values.

        Without the `_created` samples of the client library: in the text format they are one more gauge per series.
        """
        for metric in wanted:
            for family in self._parent(metric).collect():
                family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
                yield family

    def _parent(self, metric: Metric) -> Counter | Histogram:
        return self._counters[metric] if metric.type is Type.COUNTER else self._histograms[metric]

    def _add(self, metric: Metric, n: int, *labels: str) -> None:
        if n:
            counter = self._counters[metric]
            (counter.labels(*labels) if labels else counter).inc(n)

    def _show_zeros(self) -> None:
        closed: dict[Metric, Iterable[str]] = {
            metrics.REJECTED: Reason,
            metrics.REBALANCES: Rebalance,
            metrics.CHECKPOINTS_ABORTED: Abort,
            metrics.DISCARDED: Discard,
        }
        for metric, values in closed.items():
            for value in values:
                self._counters[metric].labels(value)
        for stage in Stage:
            self._histograms[metrics.STAGE_SECONDS].labels(stage)

    def _passed_a_power_of_ten(self, n: int, *key: str) -> int:
        """The new total of `key` if it has more digits than the old one, else 0."""
        before = self._totals.get(key, 0)
        self._totals[key] = total = before + n
        return total if total and (before == 0 or len(str(total)) > len(str(before))) else 0


def _counter(metric: Metric) -> Counter:
    return Counter(metric.full_name, metric.help, metric.labels, registry=None)


def _histogram(metric: Metric) -> Histogram:
    return Histogram(metric.full_name, metric.help, metric.labels, buckets=metric.buckets, registry=None)
