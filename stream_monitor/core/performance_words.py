"""Performance in a drift event's sentence: what fell, from where to where, or what the drift of another series did to it."""

from typing import Final

from stream_monitor.core.drift_event import DriftEvent, Resolution, Status
from stream_monitor.core.performance.note import Basis, NotedFigure, Span, Verdict

PERFORMANCE: Final = "performance:"
_NAMES: Final = {
    "f1": "F1",
    "roc_auc": "ROC AUC",
    "pr_auc": "PR AUC",
    "log_loss": "log loss",
    "brier": "Brier score",
    "calibration_error": "calibration error",
    "mae": "MAE",
    "rmse": "RMSE",
    "mape": "MAPE",
    "r2": "R²",
}
_RESOLVED: Final = {
    Resolution.RECOVERED: "is back within the tolerance",
    Resolution.ADOPTED: "is what is expected of it from now on",
    Resolution.VERSION_RETIRED: "is watched no more: the version is retired",
}


def fall_of(event: DriftEvent, since: str) -> str:
    """For example: `accuracy of fraud version 7 fell from 0.95 to 0.88 (0.86 to 0.90) of the last 2,048 labelled predictions,
    since 2026-11-21T10:00:00Z; 0.82 of the 900 since then`. since: the change point, in words.
    """
    name = f"{_named(event.series.removeprefix(PERFORMANCE))} of {event.model}"
    name += f" version {event.version}" if event.version else ""
    figures = {} if event.performance is None else {one.span: one for one in event.performance.figures}
    window, after = figures.get(Span.WINDOW), figures.get(Span.SINCE_CHANGE)
    if event.status is Status.RESOLVED:
        said = _RESOLVED[event.resolution or Resolution.RECOVERED]
        return f"{name} {said}" + ("" if window is None else f": {_valued(window)}")
    if window is None or window.expected is None:
        return f"{name} got worse since {since}"
    moved = "fell" if window.value < window.expected else "rose"
    text = f"{name} {moved} from {window.expected:.3g} to {_valued(window)}"
    text += f" of the last {window.pairs:,} labelled predictions, since {since}"
    return text if after is None else f"{text}; {after.value:.3g} of the {after.pairs:,} since then"


def beside(event: DriftEvent) -> str:
    """What the drift of a series did to performance, to be put behind its sentence; nothing where that is not known."""
    note = event.performance
    if note is None or note.verdict is Verdict.UNKNOWN or not note.figures:
        return ""
    first = note.figures[0]
    text = f"{_named(first.figure)} {_valued(first)}, expected {first.expected:.3g}"
    if note.basis is Basis.ESTIMATE:
        text = f"estimated {text}"
    return f"; performance is {'worse' if note.verdict is Verdict.WORSE else 'unchanged'}: {text}"


def _named(figure: str) -> str:
    """`f1:fraud` is F1 of fraud."""
    metric, _, of_class = figure.partition(":")
    for suffix in ("_macro", "_weighted"):
        if metric.endswith(suffix):
            base = metric.removesuffix(suffix)
            return f"{suffix[1:]} {_NAMES.get(base, base)}"
    return _NAMES.get(metric, metric) + (f" for {of_class}" if of_class else "")


def _valued(one: NotedFigure) -> str:
    interval = "" if one.low is None or one.high is None else f" ({one.low:.3g} to {one.high:.3g})"
    return f"{one.value:.3g}{interval}"
