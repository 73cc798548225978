"""The `segments` and `fairness` keys of a model: which slices are watched, and between which groups treatment is compared."""

from itertools import pairwise
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from stream_monitor.config.fields import Name, Section, Shorthand, Whole, refuse
from stream_monitor.config.outcome_settings import ClassName
from stream_monitor.core.segments.parameters import (
    DEFAULT_VALUES,
    MOST_VALUES,
    STEP,
    TOLERANCES,
    FairnessParameters,
    SegmentParameters,
    Slicing,
)

_FAIRNESS: Final = FairnessParameters(feature="any", favourable="any")
LONGEST_WINDOW: Final = 32_768

Edges = Annotated[
    list[Annotated[float, Field(allow_inf_nan=False)]], Field(min_length=1, max_length=MOST_VALUES - 1)
]
Values = Annotated[list[ClassName], Field(min_length=1, max_length=MOST_VALUES)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


def _check_groups(edges: list[float] | None, values: list[str] | None) -> None:
    if edges is not None and values is not None:
        raise refuse("gives both edges and values", "write edges for numbers, or values for anything else")
    if edges is not None and any(b <= a for a, b in pairwise(edges)):
        raise refuse("its edges do not rise", "write them in ascending order, each once")
    if values is not None and len(set(values)) < len(values):
        raise refuse("names a value twice", "keep one of the two")


class SegmentSettings(Section):
    """Slices of the model's events: what is predicted and its errors are watched in each."""

    feature: Name | None = Field(None, description="Feature whose values are the segments.")
    label: Literal[True] | None = Field(
        None, description="`true` instead of a feature: pairs of prediction and label by the label."
    )
    edges: Edges | None = Field(
        None,
        description="Of a numeric feature: borders between segments, ascending; a segment holds its lower border.",
    )
    values: Values | None = Field(
        None,
        description="Values that have a segment each; all others are one segment, `(other)`. If absent: those that appear"
        " first, up to `max_values`.",
    )
    max_values: Annotated[Whole, Field(ge=1, le=MOST_VALUES)] | None = Field(
        None,
        description=f"Values that get a segment each, the first that appear. If absent: {DEFAULT_VALUES}.",
    )
    features: list[Name] = Field(
        default_factory=list, description="Features that are watched in each segment, too."
    )

    @model_validator(mode="after")
    def _is_one_slicing(self) -> "SegmentSettings":
        if (self.feature is None) == (self.label is None):
            raise refuse("says not by what to slice", "write either feature: NAME or label: true")
        if self.label and (self.edges or self.features):
            raise refuse("slices by label, which are classes of pairs", "remove edges and features")
        if self.max_values is not None and (self.edges or self.values):
            raise refuse("max_values is for values that are not named", "remove it")
        _check_groups(self.edges, self.values)
        return self


class FairnessTolerances(Section):
    """What is still accepted; beyond, with its whole interval, an alert is opened."""

    demographic_parity_difference: Share = Field(
        TOLERANCES["demographic_parity_difference"],
        description="Largest difference between groups of the rate of favourable predictions.",
    )
    equal_opportunity_difference: Share = Field(
        TOLERANCES["equal_opportunity_difference"],
        description="Largest difference of that rate among cases whose label is favourable.",
    )
    disparate_impact: Share = Field(
        TOLERANCES["disparate_impact"],
        description="Smallest ratio of the lowest rate of favourable predictions to the highest: the four-fifths rule.",
    )


class FairnessSettings(Section):
    """Whether the groups of a feature are treated alike."""

    feature: Name = Field(description="Feature whose values are the groups.")
    favourable: ClassName = Field(
        description="The class that is good to get, as predictions and labels name it."
    )
    edges: Edges | None = Field(None, description="Of a numeric feature: borders between groups, ascending.")
    values: Values | None = Field(
        None, description=f"The groups; if absent: the first {MOST_VALUES} values that appear."
    )
    window: Annotated[Whole, Field(ge=STEP, le=LONGEST_WINDOW)] = Field(
        _FAIRNESS.window,
        description=f"Latest predictions of a version that figures are made of, a multiple of {STEP}.",
    )
    min_cases: Annotated[Whole, Field(ge=1)] = Field(
        _FAIRNESS.least, description="Cases of a group in the window before it is compared with others."
    )
    tolerance: FairnessTolerances = Field(
        default_factory=FairnessTolerances, description="What is still accepted, by figure."
    )

    @model_validator(mode="after")
    def _fits(self) -> "FairnessSettings":
        if self.window % STEP:
            below = self.window // STEP * STEP
            raise refuse(
                f"a window of {self.window} is no multiple of {STEP}", f"write {below} or {below + STEP}"
            )
        _check_groups(self.edges, self.values)
        return self


SegmentChoice = Annotated[
    SegmentSettings,
    Shorthand(lambda value: {"feature": value} if isinstance(value, str) else value, {"type": "string"}),
]


def segment_parameters(
    segments: list[SegmentSettings], fairness: FairnessSettings | None
) -> SegmentParameters:
    """What the core is told. Raises ValueError for what `check_segments` finds."""
    return SegmentParameters(
        slicings=tuple(
            Slicing(
                feature=one.feature,
                edges=tuple(one.edges or ()),
                values=tuple(one.values or ()),
                most=one.max_values or DEFAULT_VALUES,
                features=tuple(one.features),
            )
            for one in segments
        ),
        fairness=None if fairness is None else _fairness(fairness),
    )


def _fairness(fairness: FairnessSettings) -> FairnessParameters:
    return FairnessParameters(
        feature=fairness.feature,
        favourable=fairness.favourable,
        values=tuple(fairness.values or ()),
        edges=tuple(fairness.edges or ()),
        window=fairness.window,
        least=fairness.min_cases,
        tolerances=fairness.tolerance.model_dump(),
    )
