"""Which series are computed from the rows of a model, and what is demanded of its features."""

from dataclasses import dataclass, replace

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
    """What is demanded of the values of one feature; None where nothing is said. low, high: of numbers, both allowed.

    allowed: categories, as text. required: it must not be missing. at_most: share of events that may break it before that is
    told, 0..1; None: only its rate is watched.
    """

    low: float | None = None
    high: float | None = None
    allowed: tuple[str, ...] | None = None
    required: bool | None = None
    at_most: float | None = None

    @property
    def is_ranged(self) -> bool:
        """Whether numbers have a bound."""
        return self.low is not None or self.high is not None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is demanded, so that nothing can break it."""
        return not (self.is_ranged or self.allowed is not None or self.required)


def in_force(configured: Constraints | None, known: Constraints | None) -> Constraints | None:
    """What the configuration demands, and of what it says nothing what the reference does; a range is one thing."""
    if configured is None or known is None:
        return configured or known
    both = replace(
        configured,
        allowed=known.allowed if configured.allowed is None else configured.allowed,
        required=known.required if configured.required is None else configured.required,
        at_most=known.at_most if configured.at_most is None else configured.at_most,
    )
    return both if configured.is_ranged else replace(both, low=known.low, high=known.high)
