"""One sentence that says what happened, for people. No raw values beyond means and rates."""

from datetime import UTC, datetime
from typing import Final

from stream_monitor.core.batch import FEATURE
from stream_monitor.core.derived.words import at_fault_in_words, fact_in_words
from stream_monitor.core.detector import Kind
from stream_monitor.core.drift_event import (
    Claim,
    Direction,
    Distribution,
    DriftEvent,
    Evidence,
    MovedInput,
    Resolution,
    Status,
)
from stream_monitor.core.performance_words import PERFORMANCE, beside, fall_of

_NAMED: Final = 2  # inputs that moved too
_JUDGED: Final = frozenset({"error", "performance"})  # series that labels are needed for
FAIRNESS = "fairness"  # what says that groups are treated differently, in evidence
_BY_VIEW = {
    ("value", Direction.UP): "rose",
    ("value", Direction.DOWN): "fell",
    ("deviation", Direction.UP): "spreads wider",
    ("deviation", Direction.DOWN): "spreads narrower",
    ("rarity", Direction.UP): "takes rare or unseen categories more often",
    ("rarity", Direction.DOWN): "takes rare categories less often",
    ("mix", Direction.OTHER): "has another mix of categories",
    ("shape", Direction.OTHER): "has another distribution",
}

_RESOLVED = {
    Resolution.RECOVERED: " is back within the tolerance",
    Resolution.ADOPTED: ": what it has become is its reference from now on",
    Resolution.VERSION_RETIRED: ": the version is retired",
}


def summary_of(event: DriftEvent, *, timed: bool = True) -> str:
    """For example: `feature:amount of fraud rose: mean 50.1 → 62.3 (+1.2 sd) since 2026-11-21T10:00:00Z`.

    timed: rows carry event time; else the onset is told as a row.
    """
    name = f"{event.series} of {event.model}" + (f" version {event.version}" if event.version else "")
    name += f" where {event.segment}" if event.segment else ""
    since = _since(event, timed=timed)
    if event.claim is Claim.OBSERVED:
        clause = fact_in_words(event)
        return f"{name}: {clause}" + ("" if event.status is Status.RESOLVED else f" since {since}")
    if event.series.startswith(PERFORMANCE):
        moved = "" if event.status is Status.RESOLVED else moved_with(event)
        return fall_of(event, since) + moved
    if event.status is Status.RESOLVED:
        return name + _RESOLVED[event.resolution or Resolution.RECOVERED]
    if event.evidence[0].detector == FAIRNESS:
        return f"{name} is {_treatment(event)}"
    strongest = max(
        event.evidence, key=lambda e: (e.view == "value", abs(e.effect))
    )  # a moved mean also widens
    what = _BY_VIEW.get((strongest.view, strongest.direction), "changed")
    if event.claim is Claim.DIFFERS:
        what = "differs from its reference"
    behind = f"{moved_with(event)}{_at_fault(event)}{beside(event)}"
    return f"{name} {what}: {_figures(event, strongest)} since {since}{behind}"


def _since(event: DriftEvent, *, timed: bool) -> str:
    if not timed:
        return f"row {event.change_point_row}"
    return datetime.fromtimestamp(event.change_point / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moved_with(event: DriftEvent) -> str:
    """What moved with an output; where labels say that it became worse and nothing did, that is concept drift."""
    attribution = event.attribution
    if attribution is None:
        return ""
    if attribution.ranked:
        shown = [_named(one) for one in attribution.ranked[:_NAMED]]
        more = attribution.moved - len(shown)
        return f"; moved with: {', '.join(shown)}" + (f" and {more} more" if more else "")
    nothing = f"; no input moved by {attribution.visible:.2g} sd or more"
    judged = event.series.partition(":")[0] in _JUDGED
    return nothing + (": the relation itself has changed" if judged else "")


def _named(one: MovedInput) -> str:
    signed = "" if one.direction is Direction.OTHER else "+"
    return f"{one.series.removeprefix(FEATURE)} ({one.effect:{signed}.2g} sd)"


def _at_fault(event: DriftEvent) -> str:
    clause = at_fault_in_words(event.at_fault)
    return f"; {clause}" if clause else ""


def _figures(event: DriftEvent, strongest: Evidence) -> str:
    effect = f"{strongest.effect:+.2f} sd"
    before, after = event.reference, event.current
    if strongest.view == "shape" and event.effect_sizes.ks is not None:
        return f"Kolmogorov-Smirnov distance {event.effect_sizes.ks.value:.2f}"
    if event.kind is Kind.BOOLEAN:
        return f"rate {_of(before):.3g} → {_of(after):.3g}"
    if event.kind is Kind.NUMERIC and strongest.view == "value":
        return f"mean {_of(before):.6g} → {_of(after):.6g} ({effect})"
    if (
        event.kind is Kind.NUMERIC
        and before.standard_deviation is not None
        and after.standard_deviation is not None
    ):
        return f"standard deviation {before.standard_deviation:.6g} → {after.standard_deviation:.6g}"
    assert event.effect_sizes.js_distance is not None  # every series with bins has it
    return f"Jensen-Shannon distance {event.effect_sizes.js_distance.value:.2f} ({effect})"


def _treatment(event: DriftEvent) -> str:
    """How the two groups are treated that differ most."""
    said = event.evidence[0]
    of = {name: value for name, value in said.parameters.items() if isinstance(value, str | float)}
    return (
        f"{of['figure']:.3g} ({of['low']:.3g} to {of['high']:.3g}, accepted {said.threshold:g}):"
        f" {of['favourable']} for {_of(event.current):.1%} where {of['lowest']} and"
        f" {_of(event.reference):.1%} where {of['highest']}"
    )


def _of(distribution: Distribution) -> float:
    return distribution.mean if distribution.mean is not None else float("nan")
