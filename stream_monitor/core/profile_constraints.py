"""What a profile demands of a model's features: suggested by what all of its data keep to, and merged. Knows no stream.

A suggestion is an offer to the people who know the model: it stands in their file, and they take out what is chance. So it
is made only where chance is unlikely, and what breaks it later raises no alarm by itself: its rate must rise.
"""

import math
from dataclasses import replace
from typing import Final

from stream_monitor.core.derived.parameters import Constraints
from stream_monitor.core.detector import Kind
from stream_monitor.core.reference import Reference

LEAST: Final = 1_000  # values: what none of them did, at most 0.3 % of all do (95 %, the rule of three)
FEW: Final = 32  # categories
EARLY: Final = 0.1  # share of the values in which all categories came: nine times as many brought no other


def suggested(reference: Reference, *, all_known: float) -> Constraints | None:
    """What the values behind `reference` keep to; None for nothing.

    all_known: share of them (0..1) after which no new category came; 1 where that is not known.

    >>> from stream_monitor.core.reference import learn_categorical
    >>> suggested(learn_categorical(["a", "b"] * 600, unusable=0, cap=64), all_known=0.01)
    Constraints(low=None, high=None, allowed=('a', 'b'), required=True, at_most=None)
    """
    if reference.size < LEAST:
        return None
    low, high = non_negative(reference) or (None, None)
    found = Constraints(
        low=low,
        high=high,
        allowed=_allowed(reference, all_known),
        required=True if reference.unusable == 0 else None,
    )
    return None if found.is_empty else found


def non_negative(reference: Reference) -> tuple[float, float] | None:
    """From 0 to where a number is no rare value any more but another unit; None where some were below 0, or all the same.

    Above the largest number by the width of the reference, rounded up: what is counted as out of range where nothing is
    demanded, so that the bound at 0 is all that is new.
    """
    edges = reference.edges
    if reference.kind is not Kind.NUMERIC or edges[0] < 0 or edges[0] == edges[-1]:
        return None
    if reference.counts[0] > 0 or reference.counts[-1] > 0:
        return None
    beyond = edges[-1] + (edges[-1] - edges[0])
    digit = 10.0 ** (math.floor(math.log10(beyond)) - 1)
    return 0.0, max(beyond, float(f"{math.ceil(beyond / digit) * digit:.3g}"))


def merged(a: Constraints | None, b: Constraints | None) -> Constraints | None:
    """What the data of both keep to: of two bounds the wider one, and nothing that one of them does not demand.

    >>> merged(Constraints(low=0.0, high=5.0, required=True), Constraints(low=0.0, high=9.0))
    Constraints(low=0.0, high=9.0, allowed=None, required=None, at_most=None)
    """
    if a is None or b is None:
        return None
    shares = [one.at_most for one in (a, b) if one.at_most is not None]
    found = Constraints(
        low=None if a.low is None or b.low is None else min(a.low, b.low),
        high=None if a.high is None or b.high is None else max(a.high, b.high),
        allowed=None if a.allowed is None or b.allowed is None else tuple(sorted({*a.allowed, *b.allowed})),
        required=True if a.required and b.required else None,
        at_most=max(shares) if len(shares) == 2 else None,
    )
    return None if found.is_empty else found


def with_missing(demanded: Constraints | None) -> Constraints | None:
    """What is left of it where rows without the feature are added."""
    if demanded is None:
        return None
    left = replace(demanded, required=None)
    return None if left.is_empty else left


def _allowed(reference: Reference, all_known: float) -> tuple[str, ...] | None:
    if reference.kind is not Kind.CATEGORICAL or reference.counts[-1] > 0:
        return None
    few = len(reference.categories) <= FEW and all_known <= EARLY
    return tuple(sorted(reference.categories)) if few else None
