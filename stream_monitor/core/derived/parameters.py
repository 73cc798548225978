"""Which series are computed from the rows of a model, and what is demanded of its features."""

from dataclasses import dataclass

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedParameters:
    """traffic_ms: span of the counts of `traffic`, ms of event time; None: there is no such series.

    absence: whether silence is told; after absent_ms, or if that is None after the usual silence of the model.
    """

    traffic_ms: int | None = None
    absence: bool = False
    absent_ms: int | None = None
    quality: bool = False
    outliers: bool = False
    confidence: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """What is demanded of the values of one feature. low, high: of numbers, both allowed. allowed: categories, as text.

    required: it must not be missing. at_most: share of events that may break it before that is told, 0..1; None: only its
    rate is watched.
    """

    low: float | None = None
    high: float | None = None
    allowed: frozenset[str] | None = None
    required: bool = False
    at_most: float | None = None
