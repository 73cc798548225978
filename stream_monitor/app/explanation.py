"""What can be said of how a series is watched: its share of the alarm budget, and from it what is found and how soon.

Plain values, made from parameters and from what is known of the model; where that comes from is `app.explain`, how it is
printed the command's.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from stream_monitor.app.outcomes import OutcomesExplained, outcomes_explained
from stream_monitor.core.allowance import TESTS_SHARE, bucket_budget
from stream_monitor.core.batch import FEATURE
from stream_monitor.core.changes import Change, Scale, scale_of
from stream_monitor.core.derived.parameters import Constraints
from stream_monitor.core.detector import Kind
from stream_monitor.core.expected_delay import Sensitivity
from stream_monitor.core.parameters import PER_WEEK, BudgetUnit, ModelParameters, SeriesParameters
from stream_monitor.core.performance.errors import ERROR
from stream_monitor.core.reference import Reference
from stream_monitor.core.series import SEQUENTIAL, DetectorCatalogue, SeriesKey, choices
from stream_monitor.core.status import SeriesStatus

WITHIN = (1_000, 10_000, 100_000)  # values
ASSUMED_PAST = 10_000  # values, where nobody has counted them
_MATERIAL = 1.1


class Limit(StrEnum):
    """Why no smaller change is found."""

    EVIDENCE = "evidence"  # its values bring too little in that time
    TOLERANCE = "tolerance"  # it would be found, and is not reported
    PAST = "past"  # too little is known of what is normal: the change becomes part of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of one series. reference: in force. values_per_ms: of event time. Each None where nobody says.

    file: of a reference that was given.
    """

    key: SeriesKey
    parameters: SeriesParameters
    status: SeriesStatus | None = None
    reference: Reference | None = None
    values_per_ms: float | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelKnowledge:
    """What is known of a model. series_count: among which the budget is split. source: where this was read, in words."""

    parameters: ModelParameters
    series: Mapping[SeriesKey, Known]
    series_count: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceExplained:
    """given: by a file, else learned from the first `values`; a given one has so many. file: None if learned."""

    given: bool
    file: str | None
    values: int


class Origin(StrEnum):
    """Who demands something of a feature."""

    CONFIGURATION = "configuration"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstraintsExplained:
    """What is demanded of a feature, as `core.derived.parameters`. origins: by field, of those that are said."""

    range: tuple[float | None, float | None] | None
    allowed: tuple[str, ...] | None
    required: bool | None
    at_most: float | None
    origins: Mapping[str, Origin]


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetExplained:
    """alarms per span of unit: of the model. tested: whether the sequential test watches this series.

    span_per_alarm: of unit, between two false alarms of this series; values_per_alarm: the same in values of it, None
    without a known rate. bucket_span: of unit, in which the token bucket of the model fills once.
    """

    alarms: float
    span: float
    unit: BudgetUnit
    series: int
    tested: bool
    tests_share: float
    span_per_alarm: float | None
    values_per_alarm: float | None
    values_per_second: float | None
    bucket_span: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A change and when it is found. size, before, after, effect: as of `core.changes`. evidence: nats a value, needed: nats.

    delay: expected values, None for never; delay_seconds of event time. reported: the effect reaches the tolerance.
    """

    size: float
    before: float | None
    after: float | None
    effect: float
    evidence: float
    needed: float
    delay: int | None
    delay_seconds: float | None
    reported: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Smallest:
    """The smallest change that is found within so many values on average, and why no smaller one; None: none is."""

    within: int
    change: Found | None
    limit: Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """What the sequential test finds. moves: what changes. exact: False where the reference is unknown: found at the latest.

    past: values that say what is normal; assumed where not counted.
    """

    moves: str
    exact: bool
    past: int
    past_assumed: bool
    changes: Sequence[Found]
    smallest: Sequence[Smallest]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One series. power: None where there is no sequential test, or the budget counts time and the rate is unknown.

    outcomes: of the series of errors, None of any other. constraints: on a feature, those in force; None: there are none.
    """

    model: str
    series: str
    version: str | None
    segment: str | None
    kind: Kind | None
    source: str
    reference: ReferenceExplained
    detectors: Sequence[str]
    tolerance: float
    after_drift: str
    budget: BudgetExplained
    power: Power | None
    outcomes: OutcomesExplained | None = None
    now: SeriesStatus | None = field(default=None)
    constraints: ConstraintsExplained | None = None


def explain(known: Known, model: ModelKnowledge, catalogue: DetectorCatalogue) -> Explanation:
    """All that can be said of one series of `model`. Cost: about a millisecond."""
    kind = _kind(known)
    chosen = choices(kind or Kind.NUMERIC, known.parameters.detectors, catalogue)
    detectors = [choice.id for choice in chosen]
    budget = _budget(known, model, tested=SEQUENTIAL in detectors)
    return Explanation(
        model=model.parameters.name,
        series=known.key.name,
        version=known.key.version,
        segment=known.key.segment,
        kind=kind,
        source=model.source,
        reference=_reference(known),
        detectors=detectors,
        tolerance=known.parameters.tolerance,
        after_drift=str(model.parameters.after_drift),
        budget=budget,
        power=_power(known, kind, budget),
        outcomes=outcomes_explained(model.parameters.outcomes) if known.key.name == ERROR else None,
        now=known.status,
        constraints=_constraints(known, model.parameters),
    )


def _kind(known: Known) -> Kind | None:
    if known.status is not None and known.status.kind is not None:
        return known.status.kind
    reference = known.reference or known.parameters.reference
    return known.parameters.kind if reference is None else reference.kind


def _reference(known: Known) -> ReferenceExplained:
    given = known.parameters.reference
    if given is None:
        return ReferenceExplained(given=False, file=None, values=known.parameters.warm_up)
    return ReferenceExplained(given=True, file=known.file, values=given.size)


def _constraints(known: Known, model: ModelParameters) -> ConstraintsExplained | None:
    """Those on a feature as a whole: segments are not looked at for them."""
    demanded = known.parameters.constraints
    chosen = model.configured(known.key.name.removeprefix(FEATURE))
    if demanded is None or chosen is None or known.key.segment is not None:
        return None
    own = _said(chosen.constraints or Constraints())
    return ConstraintsExplained(
        range=(demanded.low, demanded.high) if demanded.is_ranged else None,
        allowed=demanded.allowed,
        required=demanded.required,
        at_most=demanded.at_most,
        origins={
            field: Origin.CONFIGURATION if field in own else Origin.REFERENCE for field in _said(demanded)
        },
    )


def _said(demanded: Constraints) -> list[str]:
    said = {
        "range": demanded.is_ranged,
        "allowed": demanded.allowed is not None,
        "required": demanded.required is not None,
        "at_most": demanded.at_most is not None,
    }
    return [field for field, is_said in said.items() if is_said]


def _budget(known: Known, model: ModelKnowledge, *, tested: bool) -> BudgetExplained:
    budget = model.parameters.budget or PER_WEEK
    span = model.series_count / (TESTS_SHARE * budget.rate) if tested else None
    rate = known.values_per_ms
    values = span
    if span is not None and budget.unit is BudgetUnit.MILLISECONDS:
        values = None if rate is None else span * rate
    return BudgetExplained(
        alarms=budget.alarms,
        span=budget.span,
        unit=budget.unit,
        series=model.series_count,
        tested=tested,
        tests_share=TESTS_SHARE,
        span_per_alarm=span,
        values_per_alarm=values,
        values_per_second=None if rate is None else rate * 1000,
        bucket_span=1 / bucket_budget(model.parameters).rate,
    )


def _power(known: Known, kind: Kind | None, budget: BudgetExplained) -> Power | None:
    upward = known.parameters.upward
    scale = scale_of(kind, known.reference or known.parameters.reference, upward=upward)
    if scale is None or budget.values_per_alarm is None or budget.values_per_alarm <= 1:
        return None
    seen = known.status.values if known.status is not None else 0
    past = seen or ASSUMED_PAST
    power = _Reckoning(
        scale=scale,
        test=Sensitivity(values_per_alarm=budget.values_per_alarm, past=past, upward=upward),
        tolerance=known.parameters.tolerance,
        values_per_ms=known.values_per_ms,
    )
    return Power(
        moves=scale.moves,
        exact=scale.exact,
        past=past,
        past_assumed=seen == 0,
        changes=[power.found(scale.at(size)) for size in scale.sizes],
        smallest=[power.smallest(within) for within in WITHIN],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reckoning:
    scale: Scale
    test: Sensitivity
    tolerance: float
    values_per_ms: float | None

    def found(self, change: Change) -> Found:
        delay = self.test.delay(change.information)
        never = math.isinf(delay)
        rate = self.values_per_ms
        return Found(
            size=change.size,
            before=change.before,
            after=change.after,
            effect=change.effect,
            evidence=change.information,
            needed=self.test.needed(change.information),
            delay=None if never else round(delay),
            delay_seconds=None if never or rate is None else delay / rate / 1000,
            reported=change.effect >= self.tolerance * (1 - 1e-9),
        )

    def smallest(self, within: int) -> Smallest:
        """The larger of what the evidence allows and what the tolerance lets through."""
        endless = replace(self.test, past=math.inf)
        found = self.scale.least(lambda change: self.test.delay(change.information) <= within)
        told = self.scale.least(lambda change: change.effect >= self.tolerance)
        at_best = self.scale.least(lambda change: endless.delay(change.information) <= within)
        if told is None:
            return Smallest(within=within, change=None, limit=Limit.TOLERANCE)
        if found is None:
            return Smallest(within=within, change=None, limit=Limit.PAST if at_best else Limit.EVIDENCE)
        if told.size >= found.size:
            return Smallest(within=within, change=self.found(told), limit=Limit.TOLERANCE)
        diluted = at_best is not None and at_best.size < found.size / _MATERIAL
        limit = Limit.PAST if diluted else Limit.EVIDENCE
        return Smallest(within=within, change=self.found(found), limit=limit)
