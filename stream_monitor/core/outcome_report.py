"""What became of a model's predictions, as people look at it: label figures and performance by version. Derived, never restored.

Numbers are cut to five digits: more would say more than the intervals do, and the status of a model must stay small.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Final

from stream_monitor.core.join.figures import Counts
from stream_monitor.core.outcomes import Outcomes
from stream_monitor.core.performance.expected import Drop, Expected, drop_of
from stream_monitor.core.performance.figure import Figure, undefined
from stream_monitor.core.performance.probabilistic import CalibrationBin
from stream_monitor.core.performance.trials import Score, Scores
from stream_monitor.core.performance.version import Report
from stream_monitor.core.side_by_side import SideBySide
from stream_monitor.core.status import (
    EstimateStatus,
    FigureStatus,
    LabelStatus,
    PerformanceStatus,
    SideBySideStatus,
)

_QUANTILES: Final = (0.5, 0.9, 0.99)
OUTCOMES: Final = tuple(field.name for field in fields(Counts) if field.name not in ("predictions", "labels"))
"""Every outcome that a prediction or a label can have."""


def label_status(outcomes: Outcomes) -> LabelStatus | None:
    """None while there are no labels and none are expected."""
    if not outcomes.active:
        return None
    join = outcomes.join
    delays = {str(share): join.delays.quantile(share) for share in _QUANTILES}
    coverage = outcomes.coverage().share
    return LabelStatus(
        pending=join.pending,
        early=join.early,
        coverage=None if coverage is None else cut(coverage),
        due_after=outcomes.due_after,
        outcomes={name: getattr(join.counts, name) for name in OUTCOMES},
        delays={share: delay for share, delay in delays.items() if delay is not None},
    )


def performance_status(outcomes: Outcomes) -> tuple[PerformanceStatus, ...]:
    """By version. Cost: milliseconds a version."""
    coverage = outcomes.coverage().share
    return tuple(
        _of_version(version, outcomes.versions[version].report(coverage=coverage))
        for version in sorted(outcomes.versions, key=lambda version: version or "")
    )


def side_by_side_status(beside: SideBySide, outcomes: Outcomes) -> tuple[SideBySideStatus, ...]:
    """Every two versions with cases in common. Cost: 0.1 ms each."""
    return tuple(
        SideBySideStatus(
            first=two.first,
            second=two.second,
            figure=one.figure,
            worse=cut(one.worse.value),
            low=_known(one.worse.low),
            high=_known(one.worse.high),
            cases=one.cases,
        )
        for two, one in beside.compared(outcomes)
    )


def _of_version(version: str | None, report: Report) -> PerformanceStatus:
    task = report.task
    return PerformanceStatus(
        version=version,
        task=None if task is None else task.kind,
        positive=None if task is None else task.positive,
        pairs=report.pairs,
        left_out=report.left_out,
        withheld=report.reason,
        origin=None if report.expected is None else report.expected.origin,
        figures=_figures(report.figures, report.drops, report.expected),
        calibration=tuple(_bin(one) for one in report.bins),
        estimate=_estimate(report),
    )


def _estimate(report: Report) -> EstimateStatus | None:
    estimate = report.estimate
    if estimate is None or report.scores is None:
        return None
    drops = {} if report.expected is None else drop_of(estimate.figures, report.expected)
    return EstimateStatus(
        figures=_figures(estimate.figures, drops, report.expected),
        assumptions=estimate.assumptions,
        reason=estimate.reason,
        scores={name: _score(one) for name, one in report.scores.figures.items()},
        trials=report.scores.scored,
        unlabelled=report.scores.unlabelled,
        unreliable=_unreliable(report.scores),
    )


def _unreliable(scores: Scores) -> str | None:
    wrong = [
        f"{name} ({round((1.0 - one.inside) * one.trials)} of the last {one.trials} outside their interval, "
        f"{abs(one.mean_error):.3g} too {'high' if one.mean_error > 0 else 'low'} on average)"
        for name, one in scores.figures.items()
        if one.unreliable
    ]
    return f"estimates proved wrong once labels had come: {', '.join(wrong)}" if wrong else None


def _score(one: Score) -> Score:
    return Score(
        estimated=cut(one.estimated),
        realised=cut(one.realised),
        trials=one.trials,
        inside=cut(one.inside),
        mean_error=cut(one.mean_error),
        mean_absolute_error=cut(one.mean_absolute_error),
        unreliable=one.unreliable,
    )


def _figures(
    figures: Mapping[str, Figure], drops: Mapping[str, Drop], expected: Expected | None
) -> dict[str, FigureStatus]:
    promised = {} if expected is None else expected.figures
    return {
        name: figure_status(one, drops.get(name), promised.get(name, undefined("nothing is expected")))
        for name, one in figures.items()
    }


def figure_status(one: Figure, drop: Drop | None, expected: Figure) -> FigureStatus:
    """One figure, with what it dropped and what was expected."""
    return FigureStatus(
        value=_known(one.value),
        low=_known(one.low),
        high=_known(one.high),
        n=one.n,
        reason=one.reason,
        expected=_known(expected.value),
        drop=None if drop is None else cut(drop.value),
        drop_low=None if drop is None else _known(drop.low),
        drop_high=None if drop is None else _known(drop.high),
    )


def _bin(one: CalibrationBin) -> CalibrationBin:
    return CalibrationBin(
        low=cut(one.low),
        high=cut(one.high),
        n=one.n,
        expected=_known(one.expected),
        observed=_known(one.observed),
    )


def _known(number: float | None) -> float | None:
    return None if number is None else cut(number)


def cut(number: float) -> float:
    """`number` with five digits."""
    return float(f"{number:.5g}")
