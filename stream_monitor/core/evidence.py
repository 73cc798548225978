"""What the detectors of a series tell of themselves, and the one figure that says how near an alarm is."""

from collections.abc import Mapping

from stream_monitor.core.diagnosis import sequential_status
from stream_monitor.core.series_monitor import SeriesMonitor
from stream_monitor.core.status import SequentialStatus, largest_evidence


def gauges_of(series: SeriesMonitor) -> Mapping[str, float]:
    """Those of all its detectors, keyed `detector/view/gauge`."""
    return {
        f"{watch.name}/{name}": value
        for watch in series.watches
        for name, value in watch.detector.gauges().items()
    }


def test_of(series: SeriesMonitor) -> SequentialStatus | None:
    """Its sequential test; None where none is run."""
    return sequential_status(series.tests.diagnosis(series.key)) if series.tested else None


def evidence_of(series: SeriesMonitor) -> float | None:
    """As `SeriesStatus.evidence`."""
    return largest_evidence(gauges_of(series), test_of(series))
