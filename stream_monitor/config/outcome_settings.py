"""The `labels` and `performance` sections: whether labels come and how long predictions wait for them, and what is promised."""

from collections.abc import Callable
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, WithJsonSchema

from stream_monitor.config.fields import (
    Duration,
    Name,
    Section,
    Shorthand,
    Whole,
    duration_between,
    kind,
    refuse,
    shown,
)
from stream_monitor.core.cells import text_of_number
from stream_monitor.core.join.parameters import MOST_EARLY, MOST_WAITING, JoinParameters
from stream_monitor.core.performance.version import STEP, PerformanceParameters
from stream_monitor.core.window import BLOCK

_JOIN: Final = JoinParameters()
_PERFORMANCE: Final = PerformanceParameters()
LONGEST_WINDOW: Final = (
    16_384  # labelled predictions: what is known of a version must fit into one record of the state topic
)

Wait = Annotated[Duration, duration_between("1s", "520w")]


class LabelSettings(Section):
    """Whether labels come, how long predictions wait for theirs, and how many."""

    expected: bool | None = Field(
        None,
        description="Predictions wait for their label from the first event on; else from the first label on. `labels: true`"
        " says the same. If absent: true for a model with a source of the role label, or with `labels` of its own; else false.",
    )
    delay: Wait | None = Field(
        None,
        description="How long, in event time, a prediction waits for its label; later ones are counted as late."
        " If absent: 7d.",
    )
    pending: Annotated[Whole, Field(ge=1, le=MOST_WAITING)] | None = Field(
        None,
        description="Predictions that may wait at a time, 85 to 130 bytes each; one more displaces the oldest."
        f" If absent: {_JOIN.pending}.",
    )
    early_delay: Wait | None = Field(
        None,
        description="How long a label waits that comes before its prediction. If absent: 1d.",
    )
    early: Annotated[Whole, Field(ge=1, le=MOST_EARLY)] | None = Field(
        None, description=f"Labels that may wait for their prediction. If absent: {_JOIN.early}."
    )
    remembered: Annotated[Whole, Field(ge=1, le=MOST_WAITING)] | None = Field(
        None,
        description="Labelled and expired predictions still known by id, to tell duplicate, conflicting and late labels,"
        f" which count as orphans otherwise; 45 bytes each. If absent: {_JOIN.remembered}.",
    )


LabelChoice = Annotated[
    LabelSettings,
    Shorthand(lambda value: {"expected": value} if isinstance(value, bool) else value, {"type": "boolean"}),
]


def _multiple_of(step: int) -> Callable[[int], int]:
    def check(number: int) -> int:
        if number % step:
            below = number // step * step
            near = " or ".join(str(one) for one in (below, below + step) if one >= STEP)
            raise refuse(f"{number} is no multiple of {step}", f"write {near}")
        return number

    return check


_PAIRS: Final = Field(ge=STEP, le=LONGEST_WINDOW)


class PerformanceSettings(Section):
    """What the figures of performance are made of, when they are shown, and which drop is none."""

    window: Annotated[Whole, _PAIRS, AfterValidator(_multiple_of(BLOCK))] | None = Field(
        None,
        description="Latest labelled predictions of a version that its figures are made of, a multiple of 32. Beyond 2048"
        f" the task must be known, and not multiclass. If absent: {_PERFORMANCE.window}.",
    )
    reference: Annotated[Whole, _PAIRS, AfterValidator(_multiple_of(STEP))] | None = Field(
        None,
        description="First labelled predictions of a version that say what to expect where nothing else does, a multiple of"
        f" 256, at most `window`. If absent: {_PERFORMANCE.reference}, or what of that fits into the window.",
    )
    min_labels: Annotated[Whole, Field(ge=1, le=LONGEST_WINDOW)] | None = Field(
        None,
        description="Labelled predictions in the window before any figure is shown. If absent:"
        f" {_PERFORMANCE.gate.minimum_pairs}.",
    )
    min_coverage: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = Field(
        None,
        description="Share of the predictions whose label is due that must have one before any figure is shown."
        f" If absent: {_PERFORMANCE.gate.minimum_coverage}.",
    )
    tolerance: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = Field(
        None,
        description="Drop below the expected figure that nobody wants to be called for: in the figure's own unit (0.02 is two"
        " points of accuracy); for mae, rmse and bias a share of the expected error."
        f" If absent: {_PERFORMANCE.tolerance}.",
    )


def _number(value: object) -> object:
    if isinstance(value, bool):
        raise refuse(f"must be a number, not {kind(value)}", "write a number such as 0.95")
    return value


Figures = Annotated[
    dict[Name, Annotated[float, Field(allow_inf_nan=False), BeforeValidator(_number)]], Field(min_length=1)
]


class ModelPerformanceSettings(PerformanceSettings):
    """As the global performance section, for this model, and what is promised of it."""

    expected: Figures | None = Field(
        None,
        description="Name of a figure → its expected value, as {accuracy: 0.95}; instead of what the reference file holds, or"
        " the first labelled predictions say.",
    )


def _class(value: object) -> str:
    """A class by the name that its cells have."""
    if isinstance(value, str) and value.strip():
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return text_of_number(value)
    raise refuse(f"{shown(value)} is no class", "write the class as it is predicted, such as fraud or 1")


ClassName = Annotated[
    str,
    PlainValidator(_class, json_schema_input_type=Any),
    WithJsonSchema({"type": ["string", "number", "boolean"]}),
]
