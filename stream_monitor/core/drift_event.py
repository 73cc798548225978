"""The published statistical fact, and the operational state it belongs to, as values. Knows no wire format."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from stream_monitor.core.detector import Kind, Scalar
from stream_monitor.core.performance.note import PerformanceNote


class Status(StrEnum):
    """What a drift event says of its alert."""

    OPENED = "opened"
    UPDATED = "updated"
    RESOLVED = "resolved"


class Severity(StrEnum):
    """How bad: by effect size, never by statistical significance."""

    WARNING = "warning"
    CRITICAL = "critical"


class Direction(StrEnum):
    """Where the values went."""

    UP = "up"
    DOWN = "down"
    OTHER = "other"


class Claim(StrEnum):
    """What a piece of evidence says. Only the first can have a bound on false alarms: a fixed reference breaks any."""

    CHANGED = "changed"  # from the series' own past
    DIFFERS = "differs_from_reference"  # from the reference given in the configuration
    OBSERVED = "observed"  # a plain fact, no statistics: nothing comes any more, a feature is gone


class Resolution(StrEnum):
    """Why an alert was resolved."""

    RECOVERED = "recovered"  # back within the tolerance of the reference
    VERSION_RETIRED = "version_retired"
    ADOPTED = "adopted"  # the new regime is the reference from now on


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What one detector saw.

    claim: what it says. bounded: whether its false alarms are held by the sequential test's share of the alarm budget;
    otherwise the token bucket holds them.
    view: which transform of the values it watched; `shape` is the distribution function as a whole.
    statistic, threshold: in the detector's own unit.
    effect: mean of that view since the change point, in standard deviations of the reference; the tolerance bounds it.
    Of the shape: the shift, in standard deviations, that moves a normal distribution function as far. Of a figure of performance,
    which is its own view: the drop, in standard deviations of what one pair adds; threshold is its tolerance, in its own unit.
    """

    detector: str
    claim: Claim
    bounded: bool
    view: str
    statistic: float
    threshold: float
    effect: float
    direction: Direction
    parameters: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectSize:
    """One effect size beside the default threshold that was published for it, and whether it reaches that."""

    value: float
    threshold: float
    exceeded: bool

    @classmethod
    def of(cls, value: float, threshold: float) -> "EffectSize":
        """`value` held against `threshold`."""
        return cls(value=value, threshold=threshold, exceeded=value >= threshold)


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectSizes:
    """Distances between reference and current window, from the counts of the same bins; None where its kind has none, and for the
    figures of performance, which have no bins.

    psi: population stability index (>= 0). js_distance: Jensen-Shannon distance, base 2 (0..1).
    Numeric series: wasserstein: in standard deviations of the reference (>= 0). ks: largest difference of the distribution
    functions (0..1). Categorical and boolean series: chi_square: Pearson's statistic (>= 0), which grows with the window.
    cramers_v: the same without the sizes of the samples (0..1). l_infinity: largest difference of a share (0..1).
    """

    psi: EffectSize | None
    js_distance: EffectSize | None
    wasserstein: EffectSize | None
    ks: EffectSize | None
    chi_square: EffectSize | None
    cramers_v: EffectSize | None
    l_infinity: EffectSize | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Summary of some values, without any raw value: how many, their moments and a histogram.

    bins: a label per bin, same order as `shares` (each 0..1, sum 1 over all cells that took part).
    mean, standard_deviation: of the usable numbers; None for categories. Of a figure of performance: size is the number of pairs
    (0 for one that was given), mean the figure itself, and there are no bins.
    """

    size: int
    mean: float | None
    standard_deviation: float | None
    missing: float
    bins: tuple[str, ...]
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Positions:
    """Where in one source the new regime lies, so that exactly this data can be read again. Offsets inclusive."""

    topic: str
    partition: int
    first_offset: int
    last_offset: int


class Importance(StrEnum):
    """Where the importance of inputs is from."""

    CONFIGURED = "configured"
    ESTIMATED = "estimated"  # how strongly each goes with what the model puts out: association, no cause
    EQUAL = "equal"  # nothing is known of it: each weighs 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedInput:
    """An input that moved together with an output. series: a feature, or the indicator of its missing values.

    view, effect, direction: as in `Evidence`, from the change point of the output on. score: size of the effect times importance.
    alert_id, since: of its own alert and that alert's change point (ms UTC), if one is open.
    """

    series: str
    view: str
    effect: float
    direction: Direction
    importance: float
    score: float
    alert_id: str | None
    since: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """What moved with an output, by score. inputs: that were looked at. visible: effect from which on half of them would be told
    from chance. moved: how many did; only the first are ranked.
    """

    importance: Importance
    inputs: int
    visible: float
    moved: int
    ranked: tuple[MovedInput, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureFaults:
    """In how many of the latest events with a fault it was this feature."""

    feature: str
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftEvent:
    """One transition of one alert.

    id: the same for the same input, so that a reader can deduplicate. number: 0-based place of this event in its alert.
    claim: the stronger one of its evidence. time, change_point: event time, ms UTC. row, change_point_row: 0-based ordinal among
    the model's observed rows. attribution: of outputs, what moved with them; None for inputs, or where no input can be looked at.
    at_fault: of the series of faults and outliers, the features that were, most often first.
    performance: what is known of the model's; None where it has no labels.
    """

    id: str
    alert_id: str
    incident_id: str
    number: int
    status: Status
    claim: Claim
    severity: Severity
    resolution: Resolution | None
    summary: str
    model: str
    version: str | None
    segment: str | None
    series: str
    kind: Kind
    time: int
    row: int
    change_point: int
    change_point_row: int
    evidence: tuple[Evidence, ...]
    effect_sizes: EffectSizes
    reference: Distribution
    current: Distribution
    positions: tuple[Positions, ...]
    labels: Mapping[str, str]
    attribution: Attribution | None = None
    at_fault: tuple[FeatureFaults, ...] = ()
    performance: PerformanceNote | None = None
