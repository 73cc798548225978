"""Samples of segments and of fairness. Knows no registry. The status is capped, and so are these."""

from collections.abc import Iterator
from typing import TypeAlias

from stream_monitor.core.status import ModelStatus
from stream_monitor.telemetry import metrics
from stream_monitor.telemetry.metric import Metric

Sample: TypeAlias = tuple[Metric, list[str], float]


def of_segments(model: ModelStatus) -> Iterator[Sample]:
    """None for a model without segments and without declared groups."""
    for segment, n in model.segment_predictions.items():
        yield metrics.SEGMENT_PREDICTIONS, [model.model, segment], n
    for one in model.segments:
        for name, figure in one.figures.items():
            if figure.value is not None:
                labels = [model.model, one.version or "", one.segment, name]
                yield metrics.SEGMENT_PERFORMANCE, labels, figure.value
    for fairness in model.fairness:
        for name, of in fairness.figures.items():
            labels = [model.model, fairness.version or "", name]
            yield metrics.FAIRNESS_BEYOND, labels, float(of.beyond)
            for metric, value in (
                (metrics.FAIRNESS, of.value),
                (metrics.FAIRNESS_LOW, of.low),
                (metrics.FAIRNESS_HIGH, of.high),
            ):
                if value is not None:
                    yield metric, labels, value
