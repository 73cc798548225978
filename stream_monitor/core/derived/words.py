"""Facts in words: one clause for each, from what its drift event holds."""

from collections.abc import Mapping
from typing import Final

from stream_monitor.core.detector import Scalar
from stream_monitor.core.drift_event import DriftEvent, FeatureFaults, Resolution

SILENT: Final = "silent"
VANISHED: Final = "vanished"
OTHER_KIND: Final = "other_kind"
CONSTANT: Final = "constant"
APPEARED: Final = "appeared"
BROKEN: Final = "broken"

_OVER: Final = {
    SILENT: "events come again",
    VANISHED: "the feature is back",
    OTHER_KIND: "its values are of its kind again",
    CONSTANT: "it changes again",
    APPEARED: "the feature is watched now",
    BROKEN: "the constraints hold again",
}
_UNITS: Final = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"), (1, "ms"))


def fact_in_words(event: DriftEvent) -> str:
    """For example `no event for 10 min (usually one in 1.2 s)`; of a resolved one what ended it."""
    evidence = event.evidence[0]
    if event.resolution is not None:
        ended = event.resolution is Resolution.VERSION_RETIRED
        return "the version is retired" if ended else _OVER.get(evidence.view, "it is over")
    figures = evidence.parameters
    match evidence.view:
        case "silent":
            return f"no event for {duration(evidence.statistic)}{_usually(figures)}"
        case "vanished":
            return f"no event has had the feature for {evidence.statistic:.0f} events"
        case "other_kind":
            return f"{evidence.statistic:.0%} of its values are of another kind than {event.kind}"
        case "constant":
            return f"always the same value for {evidence.statistic:.0f} values"
        case "appeared":
            return "a feature that was not there before"
        case "broken":
            said = f"{evidence.statistic:.2%} of events break its constraints"
            return f"{said}, at most {evidence.threshold:.2%} may"
    return evidence.view


def at_fault_in_words(found: tuple[FeatureFaults, ...], *, names: int = 3) -> str:
    """For example `mostly amount (12), country (3)`; empty if no feature is known to be at fault."""
    if not found:
        return ""
    return "mostly " + ", ".join(f"{one.feature} ({one.events})" for one in found[:names])


def duration(ms: float) -> str:
    """A duration in its largest unit that leaves at least 1, two digits or so.

    >>> duration(600_000), duration(1_234), duration(90_000_000)
    ('10 min', '1.2 s', '1 d')
    """
    size, unit = next((one for one in _UNITS if ms >= one[0]), _UNITS[-1])
    return f"{ms / size:.2g} {unit}" if ms / size < 10 else f"{ms / size:.0f} {unit}"


def _usually(figures: Mapping[str, Scalar]) -> str:
    usual = figures.get("usual_ms")
    return f" (usually one in {duration(float(usual))})" if isinstance(usual, int | float) else ""
