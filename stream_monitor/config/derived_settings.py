"""The `derived` section: series that are computed from the events of a model; and what is demanded of a feature."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema

from stream_monitor.config.fields import (
    Section,
    duration_between,
    format_duration,
    kind,
    parse_duration,
    refuse,
)

OFF = "off"
Switch: TypeAlias = Literal["on", "off"]


def _or_off(lowest: str, highest: str) -> Callable[[object], timedelta | str]:
    bounds = duration_between(lowest, highest).func

    def read(value: object) -> timedelta | str:
        return OFF if value == OFF else bounds(parse_duration(value))  # type: ignore[call-arg]  # it takes the value alone

    return read


def _written(value: timedelta | str) -> str:
    return value if isinstance(value, str) else format_duration(value)


_SCHEMA = WithJsonSchema(
    {
        "type": "string",
        "pattern": r"^(off|[0-9]+(\.[0-9]+)?\s*(ms|s|m|h|d|w))$",
        "examples": ["1m", "off"],
    }
)
Span = Annotated[
    timedelta | str,
    PlainValidator(_or_off("1s", "1d"), json_schema_input_type=str),
    PlainSerializer(_written, return_type=str),
    _SCHEMA,
]
Silence = Annotated[
    timedelta | str,
    PlainValidator(_or_off("10s", "30d"), json_schema_input_type=str),
    PlainSerializer(_written, return_type=str),
    _SCHEMA,
]


class DerivedSettings(Section):
    """Series that no event carries, computed from the events of a model."""

    traffic: Span | None = Field(
        None,
        description="Length of event time in which events are counted for the series `traffic`, or off. If absent: 1m.",
    )
    absent_after: Silence | None = Field(
        None,
        description="Silence of all sources after which an alert says that the model is absent, or off. If absent: 10m, or for"
        " a model whose events are rarer 20 times their mean distance.",
    )
    quality: Switch | None = Field(
        None,
        description="Series of events with a fault (`quality:type_error`, …), and facts about features that vanish, appear,"
        " change kind or stand still. If absent: on.",
    )
    outliers: Switch | None = Field(
        None,
        description="Series `outlier`: events with a value that is all but never seen; costs some 8 % of the time of a model."
        " If absent: off.",
    )


def _range(value: object) -> tuple[float | None, float | None]:
    form = "write [LOW, HIGH], null for no bound on one side"
    if isinstance(value, tuple):
        value = list(value)
    if not isinstance(value, list) or len(value) != 2:
        raise refuse(f"must be two numbers, not {kind(value)}", form)
    for one in value:
        if one is not None and (isinstance(one, bool) or not isinstance(one, int | float)):
            raise refuse(f"must be two numbers, not {kind(one)}", form)
    low, high = (None if one is None else float(one) for one in value)
    if low is None and high is None:
        raise refuse("bounds nothing", form)
    if low is not None and high is not None and low > high:
        raise refuse(f"no number is at least {low:.15g} and at most {high:.15g}", form)
    return low, high


def _allowed(value: object) -> list[str]:
    """Categories as text: 1 and "1", true and "true" are one category, as in events."""
    if not isinstance(value, list):
        raise refuse(f"must be a list of categories, not {kind(value)}", "write [a, b]")
    if not value:
        raise refuse("allows nothing", "write [a, b]")
    names = []
    for one in value:
        if isinstance(one, bool):
            names.append("true" if one else "false")
        elif isinstance(one, int | float):
            names.append(format(float(one), ".15g"))
        elif isinstance(one, str):
            names.append(one)
        else:
            raise refuse(f"{kind(one)} is not a category", "write text, numbers, true or false")
    return names


_BOUND: dict[str, Any] = {"type": ["number", "null"]}
Range = Annotated[
    tuple[float | None, float | None],
    PlainValidator(_range, json_schema_input_type=Any),
    WithJsonSchema({"type": "array", "items": _BOUND, "minItems": 2, "maxItems": 2}),
]
Allowed = Annotated[
    list[str],
    PlainValidator(_allowed, json_schema_input_type=Any),
    WithJsonSchema({"type": "array", "items": {"type": ["string", "number", "boolean"]}, "minItems": 1}),
]
