"""What is told about segments and fairness before the first row."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from stream_monitor.core.batch import FEATURE
from stream_monitor.core.performance.columns import LABEL

MOST_SLICINGS: Final = 8  # by features: their places share one cell of the label join
MOST_VALUES: Final = 50  # segments of one slicing; a place is six bits
DEFAULT_VALUES: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Slicing:
    """Rows sliced by the values of a feature, or pairs by their label (feature None).

    edges: of numbers, ascending: below the first, between two, from the last on. values: those that have a segment each, in
    order; empty: the first `most` that appear. What is neither is one segment more, `other`.
    features: watched in each segment, beside what is predicted and the error. watched: whether segments have series at all.
    Raises ValueError for what cannot be.
    """

    feature: str | None
    edges: tuple[float, ...] = ()
    values: tuple[str, ...] = ()
    most: int = DEFAULT_VALUES
    features: tuple[str, ...] = ()
    watched: bool = True

    def __post_init__(self) -> None:
        if self.edges and self.values:
            raise ValueError("segments by edges and by values at once")
        if any(b <= a for a, b in zip(self.edges, self.edges[1:], strict=False)):
            raise ValueError("edges of segments that do not rise")
        if not 1 <= self.most <= MOST_VALUES or max(len(self.edges) + 1, len(self.values)) > MOST_VALUES:
            raise ValueError(f"more than {MOST_VALUES} segments")

    @property
    def name(self) -> str:
        """What its segments are named by."""
        return LABEL if self.feature is None else self.feature

    @property
    def column(self) -> str:
        """Where its values are in a batch, or in pairs."""
        return LABEL if self.feature is None else FEATURE + self.feature


DEMOGRAPHIC_PARITY: Final = "demographic_parity_difference"
EQUAL_OPPORTUNITY: Final = "equal_opportunity_difference"
DISPARATE_IMPACT: Final = "disparate_impact"
TOLERANCES: Final[Mapping[str, float]] = MappingProxyType(
    {
        DEMOGRAPHIC_PARITY: 0.1,
        EQUAL_OPPORTUNITY: 0.1,
        # the four-fifths rule: Uniform Guidelines on Employee Selection Procedures, EEOC 1978, 29 CFR 1607.4 D
        DISPARATE_IMPACT: 0.8,
    }
)
"""By figure: how far a difference may go, and what a ratio must not fall below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FairnessParameters:
    """feature: whose values are the groups; favourable: the class that is good to get. window: predictions of a version, and
    labelled ones, that figures are made of, a multiple of 256. least: cases of a group in it before it is compared; raising it
    makes intervals narrower and leaves small groups out. tolerances: by figure, see TOLERANCES.
    """

    feature: str
    favourable: str
    values: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()
    window: int = 2_048
    least: int = 30
    tolerances: Mapping[str, float] = field(default_factory=lambda: TOLERANCES)

    def __post_init__(self) -> None:
        if self.window < STEP or self.window % STEP:
            raise ValueError(f"a window of {self.window} is no multiple of {STEP}")
        if self.least < 1 or self.tolerances.keys() != TOLERANCES.keys():
            raise ValueError(f"no fairness: {self}")

    @property
    def slicing(self) -> Slicing:
        """Its groups."""
        return Slicing(
            feature=self.feature, values=self.values, edges=self.edges, most=MOST_VALUES, watched=False
        )


STEP: Final = 256  # predictions between two looks at fairness


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentParameters:
    """All of a model. window: labelled predictions that a segment's performance is made of, a multiple of 32."""

    slicings: tuple[Slicing, ...] = ()
    fairness: FairnessParameters | None = None
    window: int = 512

    def __post_init__(self) -> None:
        names = [slicing.name for slicing in self.slicings]
        if len(set(names)) < len(names):
            raise ValueError("two slicings by one feature")
        if sum(slicing.feature is not None for slicing in self.all) > MOST_SLICINGS:
            raise ValueError(f"more than {MOST_SLICINGS} slicings")

    @property
    def all(self) -> tuple[Slicing, ...]:
        """With that of fairness, last."""
        return self.slicings if self.fairness is None else (*self.slicings, self.fairness.slicing)
