"""Tells a change that does not matter from one that makes a model worse: how its versions have done since a row.

By the labels of the predictions since then, where there are enough; else by the estimate, which cannot see a concept drift. One
figure a version, the leading one of its task. "Unchanged" needs more than no sign of a fall: a critical one must be ruled out.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import numpy as np

from stream_monitor.core.decline import CRITICAL, noted
from stream_monitor.core.performance.calibration import FEWEST
from stream_monitor.core.performance.expectation import expectation_of, expected_figures
from stream_monitor.core.performance.expected import tolerated
from stream_monitor.core.performance.figure import Figure
from stream_monitor.core.performance.figures import figures_named
from stream_monitor.core.performance.note import Basis, NotedFigure, PerformanceNote, Span, Verdict
from stream_monitor.core.performance.task import TaskKind
from stream_monitor.core.performance.version import Since
from stream_monitor.core.window import BLOCK

LEAST: Final = BLOCK  # predictions since the change; the verdict knows how little so few say
VERSIONS: Final = 4  # of which a note tells the figures
_LEADING: Final = MappingProxyType(
    {
        TaskKind.BINARY: ("f1", "accuracy"),
        TaskKind.MULTICLASS: ("accuracy", "f1_macro"),
        TaskKind.REGRESSION: ("mae", "rmse"),
    }
)
_ESTIMATED: Final = frozenset({"f1", "accuracy"})  # macro figures hang on classes that nobody has seen yet
_RANK: Final = MappingProxyType({Verdict.WORSE: 0, Verdict.UNCHANGED: 1, Verdict.UNKNOWN: 2})


def judged(
    version: str | None, since: Since | None, *, tolerance: float, held_back: str | None
) -> PerformanceNote:
    """What became of one version. held_back: why labels may not be used. Cost: below a millisecond for two classes."""
    if since is None:
        return unknown("it is not told yet what is predicted, or what to expect")
    name = next((one for one in _LEADING[since.task.kind] if one in since.expected.figures), None)
    if name is None:
        return unknown(f"nothing is expected of {' or '.join(_LEADING[since.task.kind])}")
    reasons = []
    for basis in Basis:
        n, figure, reason = (
            _labelled(name, since, held_back) if basis is Basis.LABELS else _estimated(name, since)
        )
        one = figure and noted(version, name, figure, since.expected, pairs=n, span=Span.SINCE_CHANGE)
        if one:
            bar = tolerated(name, since.expected, tolerance)
            if basis is Basis.ESTIMATE and _has_fallen(version, name, since, bar):
                return unknown(
                    "labels of earlier predictions tell a fall already: no estimate can be trusted"
                )
            verdict = verdict_of(one, bar)
            why = "too few predictions to tell" if verdict is Verdict.UNKNOWN else None
            return PerformanceNote(verdict=verdict, basis=basis, figures=(one,), reason=why)
        reasons.append(reason)
    return unknown("; ".join(reasons))


def together(notes: Mapping[str | None, PerformanceNote]) -> PerformanceNote:
    """What became of a model with these versions, at least one: that of the version that did worst."""
    ranked = sorted(
        notes.items(), key=lambda of: (_RANK[of[1].verdict], -_size(of[1]), of[0] is None, of[0] or "")
    )
    worst = ranked[0][1]
    figures = [figure for _, note in ranked for figure in note.figures]
    if worst.verdict is Verdict.UNCHANGED and any(note.verdict is Verdict.UNKNOWN for note in notes.values()):
        worst = unknown("only some versions can be judged")
    return PerformanceNote(
        verdict=worst.verdict, basis=worst.basis, figures=tuple(figures[:VERSIONS]), reason=worst.reason
    )


def verdict_of(one: NotedFigure, bar: float) -> Verdict:
    """What a figure says of which `bar` is tolerated."""
    if one.drop is None or one.drop_low is None or one.drop_high is None:
        return Verdict.UNKNOWN
    if one.drop_low > bar:
        return Verdict.WORSE
    if one.drop_low <= 0.0 and one.drop_high < max(CRITICAL * bar, 0.0):
        return Verdict.UNCHANGED
    return Verdict.UNKNOWN


def unknown(reason: str) -> PerformanceNote:
    """Nothing can be said, and why."""
    return PerformanceNote(verdict=Verdict.UNKNOWN, basis=None, figures=(), reason=reason)


def _labelled(name: str, since: Since, held_back: str | None) -> tuple[int, Figure | None, str]:
    n = len(since.labelled)
    if n < LEAST:
        return n, None, f"labels for {n} predictions since the change, {LEAST} are needed"
    if held_back is not None:
        return n, None, held_back
    return n, figures_named(since.labelled, since.task, [name])[name], f"{name} is not defined"


def _has_fallen(version: str | None, name: str, since: Since, bar: float) -> bool:
    """Whether the latest labelled predictions, from before the change too, are worse: probabilities do not mean what they did."""
    n = len(since.latest)
    figure = figures_named(since.latest, since.task, [name])[name]
    one = noted(version, name, figure, since.expected, pairs=n, span=Span.WINDOW)
    return one is not None and verdict_of(one, bar) is Verdict.WORSE


def _estimated(name: str, since: Since) -> tuple[int, Figure | None, str]:
    predicted, probabilities = since.predicted
    n = len(predicted)
    if name not in _ESTIMATED:
        return n, None, f"{name} cannot be estimated without labels"
    if name in since.unreliable:
        return (
            n,
            None,
            f"no estimate of {name} can be trusted: the last ones lay too far from what labels told",
        )
    if since.calibration is None:
        return n, None, f"no estimate: fewer than {FEWEST} labelled predictions with probabilities"
    if n < LEAST:
        return (
            n,
            None,
            f"no estimate: {n} predictions with probabilities since the change, {LEAST} are needed",
        )
    task = since.estimated
    if task.kind is TaskKind.MULTICLASS:  # classes that came later must not change a bit
        likely = (probabilities > 0.0).any(axis=0) | np.isin(np.arange(probabilities.shape[1]), predicted)
        used = np.flatnonzero(likely)
        task = replace(task, classes=tuple(task.classes[at] for at in used.tolist()))
        predicted = np.searchsorted(used, predicted).astype(np.float64)
        probabilities = probabilities[:, used]
    of = expectation_of(since.calibration, predicted, probabilities, task)
    return n, expected_figures(of).get(name), f"no estimate of {name}"


def _size(note: PerformanceNote) -> float:
    drop = note.figures[0].drop if note.figures else None
    return 0.0 if drop is None else drop
