"""What a series is called, and what it says when something happened: the words between series and model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import Column, ColumnBatch
from stream_monitor.core.detector import DetectorSpec, Kind
from stream_monitor.core.drift_event import (
    Claim,
    Distribution,
    EffectSizes,
    Evidence,
    FeatureFaults,
    Severity,
)
from stream_monitor.core.parameters import DetectorChoice
from stream_monitor.core.performance.note import PerformanceNote

MISSING = "missing:"


class SeriesKey(NamedTuple):
    """Feature series belong to the model (version None), prediction and error series to a version.

    segment: the slice of the rows that it is made of, such as `country=DE`; None for all of them.
    """

    name: str
    version: str | None
    segment: str | None = None

    @property
    def order(self) -> tuple[str, str, str]:
        """What to sort by: series of one name together, then by version, all rows before their segments."""
        return self.name, self.version or "", self.segment or ""


class SeriesSlice(NamedTuple):
    """Cells of one series, none of them NONE, with the model's row ordinals, ascending, and event times: all (n,), n >= 1."""

    key: SeriesKey
    column: Column
    rows: NDArray[np.int64]
    times: NDArray[np.int64]


class Deriver(Protocol):
    """Makes series out of rows that do not carry them as columns: errors of joined predictions, faults, rates."""

    def observe(self, batch: ColumnBatch, first_row: int) -> Sequence[SeriesSlice]:
        """Take the rows of `batch` (n >= 1) that follow those observed before. Returns the cells of its series."""
        ...

    def retire(self, version: str) -> None:
        """A version has ended: forget it."""
        ...


class Transition(StrEnum):
    """What became of the drift of a series at the end of a block."""

    BEGAN = "began"
    CHANGED = "changed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A series drifts, drifts otherwise, or drifts no more: what its own data say, before budget and alerts.

    row, time: last value of the block that decided. change_row, change_time: first value of the new regime.
    """

    series: SeriesKey
    kind: Kind
    transition: Transition
    row: int
    time: int
    change_row: int
    change_time: int
    severity: Severity
    effect: float
    evidence: tuple[Evidence, ...]
    effect_sizes: EffectSizes
    reference: Distribution
    current: Distribution
    at_fault: tuple[FeatureFaults, ...] = ()
    performance: PerformanceNote | None = None

    @property
    def claim(self) -> Claim:
        """The strongest that any evidence makes: that the series changed, that it differs, or else a plain fact."""
        claims = {evidence.claim for evidence in self.evidence}
        return next(claim for claim in Claim if claim in claims)

    @property
    def bounded(self) -> bool:
        """Whether the sequential test vouches for it."""
        return any(evidence.bounded for evidence in self.evidence)


class DetectorCatalogue(Protocol):
    """Where the core finds detectors: passed in, so that it imports none."""

    def get(self, name: str) -> DetectorSpec:
        """The detector registered as `name`. Raises ValueError."""
        ...


SEQUENTIAL = "sequential"  # one test of the whole distribution, advanced for all series of a model at once
RIVER_DEFAULT = "adwin"
_DEFAULT_SET = (DetectorChoice(id=SEQUENTIAL), DetectorChoice(id=RIVER_DEFAULT))
_DEFAULT: Mapping[Kind, tuple[DetectorChoice, ...]] = {
    Kind.NUMERIC: _DEFAULT_SET,
    Kind.CATEGORICAL: _DEFAULT_SET,
    Kind.BOOLEAN: _DEFAULT_SET,
    Kind.IDENTIFIER: (),
}


def choices(
    kind: Kind, chosen: Sequence[DetectorChoice] | None, catalogue: DetectorCatalogue
) -> Sequence[DetectorChoice]:
    """The detectors of a series of `kind`: those chosen that can watch it, or else the default set.

    The standardised views of categories are numbers, so whatever watches numbers can watch them.
    """
    watchable = {Kind.NUMERIC} if kind is Kind.CATEGORICAL else {kind}
    fitting = [choice for choice in chosen or () if watchable & catalogue.get(choice.id).kinds]
    return fitting or _DEFAULT[kind]
