"""The metrics of those who serve sinks, part of the catalogue in `metrics`; recorded by `deliveries`."""

from typing import Final

from stream_monitor.telemetry.metric import SLOW, Metric, Type

SINK_DELIVERIES: Final = Metric(
    "sink_deliveries_total",
    Type.COUNTER,
    ("sink", "outcome"),
    "What became of drift events and of tries to deliver them.",
)
SINK_LAST_SUCCESS: Final = Metric(
    "sink_last_success_timestamp_seconds",
    Type.GAUGE,
    ("sink",),
    "When a sink last took a delivery; absent before the first.",
)
SINK_SECONDS: Final = Metric(
    "sink_delivery_seconds",
    Type.HISTOGRAM,
    ("sink",),
    "Time of a try to deliver, failed ones included.",
    SLOW,
)
DELIVERED: Final = (SINK_DELIVERIES, SINK_LAST_SUCCESS, SINK_SECONDS)
