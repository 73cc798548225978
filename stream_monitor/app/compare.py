"""A new version of a model against an old one, from the status that a running monitor has published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stream_monitor.app.explain import NotKnown
from stream_monitor.core.performance.comparison import LEAST, Compared, Verdict, unpaired, verdict_of
from stream_monitor.core.performance.expected import Drop
from stream_monitor.core.performance.figure import Figure
from stream_monitor.core.performance.task import TaskKind
from stream_monitor.core.status import FigureStatus, ModelStatus, PerformanceStatus, SideBySideStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """least: labelled predictions of each version. tolerance: a difference that does not matter, in the unit of the figure.

    by_class: figures of single classes, too.
    """

    least: int = LEAST
    tolerance: float = 0.0
    by_class: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """verdict: that of `lead`, the figure that stands for all. time: event time of the status, ms UTC.

    reasons: why a version has no figures yet, by version.
    """

    model: str
    old: str
    new: str
    time: int
    lead: str | None
    verdict: Verdict
    figures: Sequence[Compared]
    reasons: Mapping[str, str]


def compare(status: ModelStatus, old: str, new: str, criteria: Criteria) -> Comparison:
    """What `status` says of two versions. Raises NotKnown for one without labels, or of another task."""
    before, now = _of(status, old), _of(status, new)
    if before.task is not None and now.task is not None and before.task is not now.task:
        raise NotKnown(f"version {old} is a {before.task} model and version {new} a {now.task} one")
    lead = _lead(before, now)
    names = [name for name in before.figures if criteria.by_class or ":" not in name]
    found = [
        unpaired(
            name,
            _figure(before.figures[name]),
            _figure(now.figures[name]),
            least=criteria.least,
            tolerance=criteria.tolerance,
        )
        for name in names
        if name in now.figures
    ]
    beside = _paired(status, old, new, criteria)
    if beside is not None:
        found = [_on_same_cases(one, beside) if one.figure == beside.figure else one for one in found]
    verdict = next((one.verdict for one in found if one.figure == lead), Verdict.NOT_ENOUGH)
    reasons = {name: one.withheld for name, one in ((old, before), (new, now)) if one.withheld is not None}
    return Comparison(
        model=status.model,
        old=old,
        new=new,
        time=status.time,
        lead=lead,
        verdict=verdict,
        figures=found,
        reasons=reasons,
    )


def _of(status: ModelStatus, version: str) -> PerformanceStatus:
    found = next((one for one in status.performance if one.version == version), None)
    if found is None:
        known = [one.version for one in status.performance if one.version is not None]
        there = f"there are {', '.join(known)}" if known else "no version has any"
        raise NotKnown(f"version {version!r} of {status.model} has no labels; {there}")
    return found


def _lead(before: PerformanceStatus, now: PerformanceStatus) -> str | None:
    kind = before.task or now.task
    if kind is None:
        return None
    return "mae" if kind is TaskKind.REGRESSION else "accuracy"


def _figure(of: FigureStatus) -> Figure:
    return Figure(value=of.value, low=of.low, high=of.high, n=of.n, reason=of.reason)


def _paired(status: ModelStatus, old: str, new: str, criteria: Criteria) -> Compared | None:
    """The two on the cases that both predicted; None where these are too few."""
    for one in status.side_by_side:
        if {one.first, one.second} == {old, new} and one.cases >= criteria.least:
            worse = _turned(one, turn=one.first == new)
            verdict = verdict_of(worse, one.cases, least=criteria.least, tolerance=criteria.tolerance)
            return Compared(
                figure=one.figure, verdict=verdict, old=None, new=None, worse=worse, n=one.cases, paired=True
            )
    return None


def _turned(one: SideBySideStatus, *, turn: bool) -> Drop:
    """By how much the new one is worse."""
    if not turn:
        return Drop(value=one.worse, low=one.low, high=one.high)
    low, high = (None if end is None else -end for end in (one.high, one.low))
    return Drop(value=-one.worse, low=low, high=high)


def _on_same_cases(apart: Compared, beside: Compared) -> Compared:
    """The verdict of the same cases, beside the figures that each version has."""
    return Compared(
        figure=apart.figure,
        verdict=beside.verdict,
        old=apart.old,
        new=apart.new,
        worse=beside.worse,
        n=beside.n,
        paired=True,
    )
