"""What those who serve sinks tell: metrics, and a log line where a sink begins to fail or something is given up."""

from collections.abc import Iterable

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector, CollectorRegistry

from stream_monitor.telemetry.logs import get_logger
from stream_monitor.telemetry.sink_metrics import SINK_DELIVERIES, SINK_LAST_SUCCESS, SINK_SECONDS


class Deliveries(Collector):
    """Registered with the `registry` it is given. May be called by the threads of several sinks."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._log = get_logger("stream_monitor.notify")
        found, last, seconds = SINK_DELIVERIES, SINK_LAST_SUCCESS, SINK_SECONDS
        self._outcomes = Counter(found.full_name, found.help, found.labels, registry=None)
        self._last = Gauge(last.full_name, last.help, last.labels, registry=None)
        self._seconds = Histogram(
            seconds.full_name, seconds.help, seconds.labels, buckets=seconds.buckets, registry=None
        )
        self._failing: set[str] = set()
        registry.register(self)

    def tried(self, sink: str, outcome: str, seconds: float, wall: int) -> None:
        """One request took so long. wall: ms UTC."""
        self._seconds.labels(sink).observe(seconds)
        self._outcomes.labels(sink, outcome).inc()
        if outcome == "delivered":
            self._last.labels(sink).set(wall / 1000)
            if sink in self._failing:
                self._failing.discard(sink)
                self._log.info("sink answers again", sink=sink)

    def skipped(self, sink: str, outcome: str) -> None:
        """An event was done with, without a request."""
        self._outcomes.labels(sink, outcome).inc()

    def failing(self, sink: str, why: str) -> None:
        """A try failed; there will be another."""
        if sink not in self._failing:
            self._failing.add(sink)
            self._log.warning("sink does not take deliveries, trying again", sink=sink, why=why)

    def buried(self, sink: str, outcome: str, why: str) -> None:
        """An event was given up, and written to the dead-letter topic."""
        if outcome != "refused":  # which the try has counted
            self._outcomes.labels(sink, outcome).inc()
        self._log.error("delivery given up, see the dead-letter topic", sink=sink, outcome=outcome, why=why)

    def served(self, sinks: Iterable[str]) -> None:
        """These are served here: zeros before anything happens."""
        for sink in sinks:
            self._outcomes.labels(sink, "delivered")
            self._outcomes.labels(sink, "unavailable")

    def collect(self) -> Iterable[Family]:
        """The families with their values, without the `_created` samples of the client library."""
        for parent in (self._outcomes, self._last, self._seconds):
            for family in parent.collect():
                family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
                yield family
