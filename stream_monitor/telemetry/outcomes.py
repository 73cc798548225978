"""Samples of what became of a model's predictions: labels, and the performance of its versions. Knows no registry.

Figures of single classes are capped: a model of 32 classes has 170 figures, and five samples each.
"""

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from stream_monitor.core.status import (
    EstimateStatus,
    FigureStatus,
    LabelStatus,
    ModelStatus,
    PerformanceStatus,
)
from stream_monitor.telemetry import metrics
from stream_monitor.telemetry.metric import Metric

VERSIONS: Final = 20  # of a model that are exported, those with most labelled predictions
FIGURES: Final = 40  # of a version; those of the whole come before those of single classes

Sample: TypeAlias = tuple[Metric, list[str], float]


def of_outcomes(model: ModelStatus) -> Iterator[Sample]:
    """All samples of the model; none while it has no labels and none are expected."""
    if model.labels is not None:
        yield from _of_labels(model.model, model.labels)
    if not model.performance:
        return
    shown = sorted(model.performance, key=lambda one: (-one.pairs, one.version or ""))[:VERSIONS]
    for one in shown:
        yield from _of_version(model.model, one)
    hidden = sum(len(one.figures) for one in model.performance) - sum(
        len(_chosen(one.figures)) for one in shown
    )
    yield metrics.PERFORMANCE_HIDDEN, [model.model], hidden


def _of_labels(model: str, labels: LabelStatus) -> Iterator[Sample]:
    for outcome, n in labels.outcomes.items():
        yield metrics.LABELS, [model, outcome], n
    yield metrics.PENDING, [model], labels.pending
    yield metrics.EARLY, [model], labels.early
    if labels.coverage is not None:
        yield metrics.COVERAGE, [model], labels.coverage
    for quantile, delay in labels.delays.items():
        yield metrics.LABEL_DELAY, [model, quantile], delay / 1000


def _of_version(model: str, one: PerformanceStatus) -> Iterator[Sample]:
    version = [model, one.version or ""]
    yield metrics.PERFORMANCE_PAIRS, version, one.pairs
    yield metrics.PERFORMANCE_WITHHELD, version, float(one.withheld is not None)
    for name, figure in _chosen(one.figures).items():
        parts = {
            metrics.PERFORMANCE: figure.value,
            metrics.PERFORMANCE_LOW: figure.low,
            metrics.PERFORMANCE_HIGH: figure.high,
            metrics.PERFORMANCE_EXPECTED: figure.expected,
        }
        for metric, value in parts.items():
            if value is not None:
                yield metric, [*version, *_named(name)], value
    if one.estimate is not None:
        yield from _of_estimate(version, one.estimate)


def _of_estimate(version: list[str], estimate: EstimateStatus) -> Iterator[Sample]:
    for name, figure in _chosen(estimate.figures).items():
        if figure.value is not None:
            yield metrics.PERFORMANCE_ESTIMATE, [*version, *_named(name)], figure.value
    for name, score in estimate.scores.items():
        labels = [*version, *_named(name)]
        yield metrics.PERFORMANCE_ESTIMATE_ERROR, labels, score.mean_error
        yield metrics.PERFORMANCE_ESTIMATE_ABSOLUTE_ERROR, labels, score.mean_absolute_error
        yield metrics.PERFORMANCE_ESTIMATE_INSIDE, labels, score.inside
        yield metrics.PERFORMANCE_ESTIMATE_UNRELIABLE, labels, float(score.unreliable)
    if estimate.scores or estimate.unlabelled:
        yield metrics.PERFORMANCE_ESTIMATE_TRIALS, [*version, "scored"], estimate.trials
        yield metrics.PERFORMANCE_ESTIMATE_TRIALS, [*version, "unlabelled"], estimate.unlabelled


def _chosen(figures: Mapping[str, FigureStatus]) -> dict[str, FigureStatus]:
    names = sorted(figures, key=lambda name: ":" in name)  # stable: in the order of the metrics otherwise
    return {name: figures[name] for name in names[:FIGURES]}


def _named(name: str) -> tuple[str, str]:
    """Figure and class of `METRIC:CLASS`; the class is empty for a figure of the whole."""
    figure, _, of_class = name.partition(":")
    return figure, of_class
