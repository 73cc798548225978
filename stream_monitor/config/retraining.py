"""The `retrain` section of a model: which drifts ask for a new training, for how long, and how often at most."""

import re
from typing import Annotated, Final, Literal

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from stream_monitor.config.fields import (
    RATE_PATTERN,
    Name,
    Section,
    Whole,
    format_budget,
    format_duration,
    parse_budget,
    parse_duration,
    refuse,
    shown,
)
from stream_monitor.core.drift_event import Severity
from stream_monitor.core.parameters import Budget, BudgetUnit, RetrainPolicy, Span

_EVENTS: Final = re.compile(r"([0-9][0-9_,]*)\s+events?")
_RATE_FORM: Final = "write for example 1 per day, 2 per week or 1 per 1_000_000 events"


def parse_span(value: object) -> Span:
    """Event time with its unit, or a number of events. Raises a validation error for anything else.

    >>> parse_span("5_000 events").length, parse_span("1h").length
    (5000, 3600000)
    """
    if isinstance(value, Span):
        return value
    found = _EVENTS.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is not None:
        return Span(length=int(found[1].replace(",", "").replace("_", "")), unit=BudgetUnit.EVENTS)
    try:
        length = round(parse_duration(value).total_seconds() * 1000)
    except PydanticCustomError:
        raise refuse(
            f"{shown(value)} is neither a time nor a number of events", "write 30m, 1h, 2d or 10_000 events"
        ) from None
    return Span(length=length, unit=BudgetUnit.MILLISECONDS)


def format_span(span: Span) -> str:
    """The words `parse_span` reads back."""
    if span.unit is BudgetUnit.EVENTS:
        return f"{span.length:_} events"
    return format_duration(parse_duration(f"{span.length}ms"))


def parse_rate(value: object) -> Budget:
    """How often at most: `1 per day`, `1 per 100_000 events`. Raises a validation error for anything else."""
    try:
        return parse_budget(value)
    except PydanticCustomError:
        raise refuse(f"{shown(value)} is not a number of times per time or events", _RATE_FORM) from None


Lasting = Annotated[
    Span,
    PlainValidator(parse_span, json_schema_input_type=str),
    PlainSerializer(format_span, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^[0-9][0-9_,.]*\s*(ms|s|m|h|d|w|\s+events?)$",
            "examples": ["1h", "2d", "10_000 events"],
        }
    ),
]
AtMost = Annotated[
    Budget,
    PlainValidator(parse_rate, json_schema_input_type=str),
    PlainSerializer(format_budget, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": RATE_PATTERN,
            "examples": ["1 per day", "1 per week", "1 per 1_000_000 events"],
        }
    ),
]


class RetrainSettings(Section):
    """When to ask for a new training of the model: a retrain request is published on the alerts topic."""

    on: Annotated[list[Name], Field(min_length=1)] = Field(
        default_factory=lambda: ["error", "performance:*"],
        description="Names or globs of series whose open alerts ask for it, such as error, prediction or feature:*.",
    )
    severity: Literal["warning", "critical"] = Field(
        "warning", description="An alert below it does not ask for retraining."
    )
    after: Lasting = Field(
        Span(length=3_600_000, unit=BudgetUnit.MILLISECONDS),
        description="For how long an alert must have been open: event time, or a number of events of the model.",
    )
    at_most: AtMost = Field(
        Budget(alarms=1, span=86_400_000, unit=BudgetUnit.MILLISECONDS),
        description="How often it is asked for at most; while the alert stays open it is asked for again.",
    )
    rows: Annotated[Whole, Field(ge=1)] = Field(
        10_000, description="Events of the model since the change point that there must be to train on."
    )

    def policy(self) -> RetrainPolicy:
        """As the core wants it."""
        apart = Span(length=max(1, round(self.at_most.span / self.at_most.alarms)), unit=self.at_most.unit)
        return RetrainPolicy(
            on=tuple(self.on),
            severity=Severity(self.severity),
            after=self.after,
            apart=apart,
            rows=self.rows,
        )
