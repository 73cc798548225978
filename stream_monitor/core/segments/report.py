"""Segments and fairness as people look at them. Derived, never restored."""

from collections.abc import Mapping
from typing import Final

from stream_monitor.core.outcome_report import cut, figure_status
from stream_monitor.core.performance.figure import Figure, undefined
from stream_monitor.core.segments.fairness import Fairness
from stream_monitor.core.segments.fairness_figures import Rate, Unfairness
from stream_monitor.core.segments.parameters import FairnessParameters
from stream_monitor.core.segments.placing import Placing
from stream_monitor.core.segments.segments import Segments
from stream_monitor.core.segments.treatment import Treatment
from stream_monitor.core.status import FairnessFigure, FairnessStatus, FigureStatus, SegmentStatus

MOST: Final = 100  # segments of versions, those with most labelled predictions: a status must stay small
_NOTHING: Final = undefined("nothing is expected")


def segment_status(segments: Segments) -> tuple[SegmentStatus, ...]:
    """Cost: 0.3 ms a segment and version."""
    found = [
        (version, name, performance.task, window)
        for version, performance in segments.versions.items()
        for name, window in performance.windows.items()
    ]
    found.sort(key=lambda one: (-len(one[3]), one[1], one[0] or ""))
    return tuple(
        SegmentStatus(
            segment=name,
            version=version,
            pairs=len(window),
            figures=_figures(window.figures(task) if len(window) else {}),
        )
        for version, name, task, window in sorted(found[:MOST], key=lambda one: (one[1], one[0] or ""))
    )


def _figures(figures: Mapping[str, Figure]) -> dict[str, FigureStatus]:
    return {name: figure_status(one, None, _NOTHING) for name, one in figures.items()}


def fairness_status(treatment: Treatment, segments: Segments) -> tuple[FairnessStatus, ...]:
    """By version."""
    parameters = treatment.parameters
    if parameters is None:
        return ()
    placing = segments.placings[-1]
    return tuple(
        _of_version(version, treatment.versions[version], parameters, placing)
        for version in sorted(treatment.versions, key=lambda version: version or "")
    )


def _of_version(
    version: str | None, fairness: Fairness, parameters: FairnessParameters, placing: Placing
) -> FairnessStatus:
    return FairnessStatus(
        version=version,
        figures={
            name: _figure(one, placing, parameters.tolerances[name], beyond=name in fairness.since)
            for name, one in fairness.figures().items()
        },
        cases=_by_group(fairness.predicted.counts()[1].tolist(), placing),
        positives=_by_group(fairness.positive.counts()[1].tolist(), placing),
    )


def _by_group(counts: list[int], placing: Placing) -> dict[str, int]:
    return {placing.name(place): counts[place] for place in placing.known if counts[place]}


def _figure(one: Unfairness, placing: Placing, tolerance: float, *, beyond: bool) -> FairnessFigure:
    return FairnessFigure(
        value=_known(one.value),
        low=_known(one.low),
        high=_known(one.high),
        lowest=_name(one.lowest, placing),
        highest=_name(one.highest, placing),
        tolerance=tolerance,
        beyond=beyond,
        reason=one.reason,
    )


def _known(number: float | None) -> float | None:
    return None if number is None else cut(number)


def _name(rate: Rate | None, placing: Placing) -> str | None:
    return None if rate is None else placing.name(rate.place)
