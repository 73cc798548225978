"""What the core needs to know about a model before its first row: plain values, made by `config`, never read from files here."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase

from stream_monitor.core.batch import FEATURE
from stream_monitor.core.derived.names import FAULTS, TRAFFIC, Fault
from stream_monitor.core.derived.parameters import Constraints, DerivedParameters, in_force
from stream_monitor.core.detector import Kind, Scalar
from stream_monitor.core.drift_event import Severity
from stream_monitor.core.join.parameters import JoinParameters
from stream_monitor.core.performance.errors import ERROR
from stream_monitor.core.performance.expected import Expected
from stream_monitor.core.performance.version import PerformanceParameters
from stream_monitor.core.plain import plain_of
from stream_monitor.core.reference import Reference, boolean
from stream_monitor.core.segments.parameters import SegmentParameters
from stream_monitor.core.snapshot import digest

WEEK_MS = 7 * 24 * 3600 * 1000


class BudgetUnit(StrEnum):
    """What the alarm budget is counted in."""

    MILLISECONDS = "milliseconds"  # of event time
    EVENTS = "events"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Accepted false alarms of a model as a whole: `alarms` per `span` of `unit`."""

    alarms: float
    span: float
    unit: BudgetUnit

    @property
    def rate(self) -> float:
        """Alarms per one event or per one millisecond of event time."""
        return self.alarms / self.span


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A length of event time (ms), or a number of events."""

    length: int
    unit: BudgetUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainPolicy:
    """When a model should be trained anew. on: names or globs of series. severity: at least.

    after: for how long an alert must have been open. apart: two requests. rows: of the model since the change point, at least.
    """

    on: tuple[str, ...]
    severity: Severity
    after: Span
    apart: Span
    rows: int


PER_WEEK = Budget(alarms=1, span=WEEK_MS, unit=BudgetUnit.MILLISECONDS)
PER_100K_EVENTS = Budget(alarms=1, span=100_000, unit=BudgetUnit.EVENTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorChoice:
    """A detector by its registered id, with the parameters that differ from its defaults."""

    id: str
    parameters: Mapping[str, Scalar] = field(default_factory=dict)


_BOUNDED = (DetectorChoice(id="sequential"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesParameters:
    """How one series is watched. `detectors` None: the default set of its kind. `kind` None: inferred at the end of warm-up."""

    kind: Kind | None = None
    detectors: tuple[DetectorChoice, ...] | None = None
    tolerance: float = (
        0.2  # effect below which nobody wants to be called, in standard deviations of the reference
    )
    warm_up: int = 1000  # values
    reference: Reference | None = None
    upward: bool = False  # only a rise is a drift
    constraints: Constraints | None = None  # what is demanded of its values

    def digest(self) -> str:
        """Of what must not change for the state of a series to stay meaningful: neither budget nor tolerance."""
        return digest([self.kind, plain_of(self.detectors), self.warm_up, plain_of(self.reference)])


class AfterDrift(StrEnum):
    """What becomes of a reference once a drift has lasted."""

    KEEP = "keep"  # the alert stays open until the series is back
    ADOPT = "adopt"  # the alert is resolved and the new regime learned as the new normal


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """Bounds on memory; passing one is counted and visible, never an error."""

    series: int = 2_000  # per model
    classes: int = 50  # whose probabilities are series, per version
    categories: int = 64  # per categorical series; the rest is "other"
    held_rows: int = 200_000  # per model, waiting for the watermark
    text_length: int = 256  # characters of a category kept


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeParameters:
    """expected: labels are known to come, so predictions wait for them from the first row on.

    promised: by version, None for events that name none: figures that count where `performance` expects none itself.
    """

    expected: bool = False
    join: JoinParameters = field(default_factory=JoinParameters)
    performance: PerformanceParameters = field(default_factory=PerformanceParameters)
    promised: Mapping[str | None, Expected] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelParameters:
    """Everything the core is told about one model.

    budget None: 1 per week of event time where events carry a time, else 1 per 100,000 events.
    overrides: feature name or glob → parameters, first match wins; None means: do not watch it.
    importance: feature name or glob → weight of a feature where it is told what moved with an output; first match wins.
    references: of features. outputs: version, None for events that name none → `prediction`, `probability` … → reference.
    constraints: what the reference demands of features; of what the configuration says itself, nothing.
    topics None: every topic that delivers rows of the model. group: the consumer group, part of every alert id. retrain None: a
    new training is never asked for.
    """

    name: str
    group: str = "stream-monitor"
    budget: Budget | None = None
    default: SeriesParameters = SeriesParameters()
    overrides: Mapping[str, SeriesParameters | None] = field(default_factory=dict)
    importance: Mapping[str, float] = field(default_factory=dict)
    references: Mapping[str, Reference] = field(default_factory=dict)
    constraints: Mapping[str, Constraints] = field(default_factory=dict)
    outputs: Mapping[str | None, Mapping[str, Reference]] = field(default_factory=dict)
    topics: tuple[str, ...] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    lateness_ms: int = 1_000
    after_drift: AfterDrift = AfterDrift.KEEP
    caps: Caps = Caps()
    outcomes: OutcomeParameters = field(default_factory=OutcomeParameters)
    retrain: RetrainPolicy | None = None
    derived: DerivedParameters = field(default_factory=DerivedParameters)
    segments: SegmentParameters = field(default_factory=SegmentParameters)

    def of_indicator(self, name: str) -> SeriesParameters | None:
        """Parameters of the missing indicator of the feature `name`; None if the feature is not watched."""
        feature = self.of_feature(name)
        if feature is None:
            return None
        known = (
            feature.reference
        )  # a feature whose normal is known also says how often it is missing normally
        reference = known and boolean(trues=known.unusable, size=known.size + known.unusable, unusable=0)
        return SeriesParameters(
            kind=Kind.BOOLEAN, tolerance=feature.tolerance, warm_up=feature.warm_up, reference=reference
        )

    def of_feature(self, name: str) -> SeriesParameters | None:
        """Parameters of the feature `name`; None if it is not watched."""
        chosen = self.configured(name)
        if chosen is None:
            return None
        known = self.references.get(name, chosen.reference)
        return replace(chosen, reference=known, constraints=in_force(chosen.constraints, self.demanded(name)))

    def configured(self, name: str) -> SeriesParameters | None:
        """Those of the feature `name` without what its reference says; None if it is not watched."""
        return next(
            (chosen for pattern, chosen in self.overrides.items() if fnmatchcase(name, pattern)), self.default
        )

    def demanded(self, name: str) -> Constraints | None:
        """What the reference demands of the feature `name`; nothing where faults are not looked for."""
        return self.constraints.get(name) if self.derived.quality else None

    def of_output(self, name: str, version: str | None) -> SeriesParameters:
        """Parameters of a series that belongs to a version: with the reference of this version, if there is one."""
        known = self.outputs.get(version, {}).get(name)
        chosen = replace(self.default, upward=True) if name == ERROR else self.default
        if name in FAULTS:
            chosen = replace(chosen, upward=True, kind=Kind.BOOLEAN)
        if name == Fault.OUTLIER:  # rare, never none: else two in a row would be a drift
            chosen = replace(chosen, detectors=_BOUNDED, tolerance=max(1.0, chosen.tolerance))
        elif name == TRAFFIC:  # it has its times of day: only the test knows them, or says that it is blind
            chosen = replace(chosen, kind=Kind.NUMERIC, detectors=_BOUNDED)
        return chosen if known is None else replace(chosen, reference=known)

    def of_segment(self, name: str) -> SeriesParameters | None:
        """Parameters of a series of one segment: as of all rows, but for their reference: what is normal is learned."""
        feature = name.removeprefix(FEATURE)
        chosen = self.of_feature(feature) if feature != name else self.of_output(name, None)
        return chosen and replace(chosen, reference=None)
