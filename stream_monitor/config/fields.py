"""The kinds of values a setting can have: how each is read, refused, printed back and described in the JSON Schema."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from stream_monitor.core.parameters import Budget, BudgetUnit

JsonSchema = dict[str, Any]


class Section(BaseModel):
    """A mapping of the configuration file: unknown keys are refused, errors never show their input."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
        protected_namespaces=(),
    )


def refuse(what: str, write: str) -> PydanticCustomError:
    """The error a validator raises: what is wrong; what to write instead."""
    return PydanticCustomError("refused", "{what}; {write}", {"what": what, "write": write})


@dataclass(frozen=True, slots=True, eq=False)  # hashed as itself: a schema is a dict
class Shorthand:
    """Lets a value also be written in a short form; `expand` makes it the long one, and leaves that as it is."""

    expand: Callable[[object], object]
    short: JsonSchema

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Expand first, then validate the long form."""
        return core_schema.no_info_before_validator_function(self.expand, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchema:
        """Either form; null is none, though a short form may stand for None."""
        long = handler(schema)
        return {
            "anyOf": [self.short, *(form for form in long.get("anyOf", [long]) if form != {"type": "null"})]
        }


# --- durations and sizes ----------------------------------------------------------------------------------------------

_MILLISECONDS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_DURATION: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([a-z]+)")
_BYTES: Final = {
    "b": 1,
    "kb": 1_000,
    "mb": 1_000_000,
    "gb": 10**9,
    "kib": 1 << 10,
    "mib": 1 << 20,
    "gib": 1 << 30,
}
_SIZE: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]+)")


def parse_duration(value: object) -> timedelta:
    """A duration with its unit, to the millisecond. Raises a validation error for anything else.

    >>> parse_duration("1.5m").total_seconds()
    90.0
    """
    if isinstance(value, timedelta):
        return value
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None or found[2] not in _MILLISECONDS:
        if _is_number(value) or (isinstance(value, str) and value.strip().isdigit()):
            raise refuse(f"{value} has no unit", f"write {str(value).strip()}s")
        raise refuse(f"{shown(value)} is not a duration", "write 500ms, 30s, 5m, 12h or 14d")
    return timedelta(milliseconds=round(float(found[1]) * _MILLISECONDS[found[2]]))


def format_duration(value: timedelta) -> str:
    """The shortest way to write a duration.

    >>> format_duration(timedelta(seconds=90)), format_duration(timedelta(days=14))
    ('90s', '2w')
    """
    amount = round(value / timedelta(milliseconds=1))
    unit = next(unit for unit, size in reversed(_MILLISECONDS.items()) if amount % size == 0)
    return f"{amount // _MILLISECONDS[unit]}{unit}" if amount else "0s"


def duration_between(lowest: str, highest: str) -> AfterValidator:
    """Bounds of a duration, both allowed."""
    low, high = parse_duration(lowest), parse_duration(highest)

    def check(value: timedelta) -> timedelta:
        if value < low:
            raise refuse(f"{format_duration(value)} is too short", f"write {lowest} or more")
        if value > high:
            raise refuse(f"{format_duration(value)} is too long", f"write {highest} or less")
        return value

    return AfterValidator(check)


def _not_boolean(value: object) -> object:
    """True is 1 to pydantic, hardly to the person who wrote it."""
    if isinstance(value, bool):
        raise refuse(f"must be a whole number, not {kind(value)}", "write a number without a point or unit")
    return value


def parse_size(value: object) -> object:
    """A number of bytes: a whole number, or text with a unit (kB, MB, KiB, MiB …).

    Raises a validation error for other text; what is no text is left to the type.
    """
    if not isinstance(value, str) or value.strip().isdigit():
        return value
    found = _SIZE.fullmatch(value.strip())
    if found is None or found[2].lower() not in _BYTES:
        raise refuse(f"{shown(value)} is not a size", "write a number of bytes, or for example 64 KiB")
    return round(float(found[1]) * _BYTES[found[2].lower()])


Duration = Annotated[
    timedelta,
    PlainValidator(parse_duration, json_schema_input_type=str),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^[0-9]+(\.[0-9]+)?\s*(ms|s|m|h|d|w)$",
            "examples": ["500ms", "30s", "14d"],
        }
    ),
]
Whole = Annotated[int, BeforeValidator(_not_boolean)]
TenOrMore = Annotated[int, Field(ge=10), BeforeValidator(_not_boolean)]
Replicas = Annotated[int, Field(ge=1, le=32_767), BeforeValidator(_not_boolean)]
LONGEST_RECORD: Final = 512 << 10  # nothing longer is read: formats/native_json.py
RecordSize = Annotated[
    int,
    Field(ge=1 << 10, le=LONGEST_RECORD),
    Shorthand(
        parse_size,
        {"type": "string", "pattern": r"^[0-9.]+\s*([kKmMgG][iI]?)?[bB]?$", "examples": ["64 KiB"]},
    ),
]

# --- alarm budget -----------------------------------------------------------------------------------------------------

_DAY_MS: Final = 86_400_000
_PERIODS: Final = {
    "second": 1_000,
    "minute": 60_000,
    "hour": 3_600_000,
    "day": _DAY_MS,
    "week": 7 * _DAY_MS,
    "month": 30 * _DAY_MS,
    "year": 365 * _DAY_MS,
}
_BUDGET: Final = re.compile(
    r"(?P<alarms>[0-9][0-9_,]*(?:\.[0-9]+)?)\s+per\s+(?:(?P<span>[0-9][0-9_,]*(?:\.[0-9]+)?)\s+)?(?P<unit>[a-z]+)",
    re.IGNORECASE,
)
_BUDGET_FORM: Final = "write for example 1 per week, 2 per month, 1 per 2 weeks or 1 per 1_000_000 events"


def parse_budget(value: object) -> Budget:
    """The alarm budget of a model, from the words a person would use. Raises a validation error for anything else.

    >>> parse_budget("1 per 1,000,000 events").span
    1000000.0
    """
    if isinstance(value, Budget):
        return value
    found = _BUDGET.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise refuse(f"{shown(value)} is not a number of false alarms per time or events", _BUDGET_FORM)
    alarms, span = (
        float(text.replace("_", "").replace(",", "")) for text in (found["alarms"], found["span"] or "1")
    )
    if alarms <= 0 or span <= 0:
        raise refuse("a budget of nothing would mean no alarm at all", _BUDGET_FORM)
    unit = found["unit"].lower()
    if unit.removesuffix("s") == "event":
        return Budget(alarms=alarms, span=span, unit=BudgetUnit.EVENTS)
    period = _PERIODS.get(unit.removesuffix("s"))
    if period is None:
        raise refuse(f'"{found["unit"]}" is not a unit of time, nor events', _BUDGET_FORM)
    return Budget(alarms=alarms, span=span * period, unit=BudgetUnit.MILLISECONDS)


def format_budget(budget: Budget) -> str:
    """The words `parse_budget` reads back as the same budget."""
    if budget.unit is BudgetUnit.EVENTS:
        return f"{_plain(budget.alarms)} per {_plain(budget.span)} events"
    name, size = next((n, s) for n, s in reversed(_PERIODS.items()) if budget.span % s == 0 or s == 1_000)
    count = budget.span / size
    alarms = _plain(budget.alarms)
    return f"{alarms} per {name}" if count == 1 else f"{alarms} per {_plain(count)} {name}s"


def _plain(number: float) -> str:
    """A number without an exponent, whole ones with thousands apart: `parse_budget` reads no other."""
    if number == int(number):
        return f"{int(number):_}"
    return format(Decimal(repr(number)), "f")


RATE_PATTERN: Final = (
    r"^[0-9]+(\.[0-9]+)?\s+per\s+([0-9][0-9_,.]*\s+)?(event|second|minute|hour|day|week|month|year)s?$"
)
FalseAlarms = Annotated[
    Budget,
    PlainValidator(parse_budget, json_schema_input_type=str),
    PlainSerializer(format_budget, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": RATE_PATTERN,
            "examples": ["1 per week", "2 per month", "1 per 1_000_000 events"],
        }
    ),
]

# --- addresses, names, paths in a record ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """Where the HTTP server listens; port 0 takes any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        """As it is written in the configuration."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


_LISTEN: Final = re.compile(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<host>[^:\[\]\s/]+)):(?P<port>[0-9]{1,5})")


def parse_listen(value: object) -> Listen | None:
    """`HOST:PORT`, or `off` for None. Raises a validation error for anything else."""
    if value is None or value == "off" or isinstance(value, Listen):
        return value if isinstance(value, Listen) else None
    found = _LISTEN.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None or int(found["port"]) > 65_535:
        raise refuse(
            f"{shown(value)} is not HOST:PORT",
            "write 127.0.0.1:8080, 0.0.0.0:8080 for every interface, or off",
        )
    return Listen(host=found["six"] or found["host"], port=int(found["port"]))


ListenAddress = Annotated[
    Listen | None,
    PlainValidator(parse_listen, json_schema_input_type=str),
    PlainSerializer(lambda value: str(value) if value else "off", return_type=str),
    WithJsonSchema(
        {"type": "string", "pattern": r"^(off|.+:[0-9]{1,5})$", "examples": ["127.0.0.1:8080", "off"]}
    ),
]

# what the broker accepts (org.apache.kafka.common.internals.Topic)
_TOPIC: Final = re.compile(r"[a-zA-Z0-9._-]{1,249}")


def check_topic(name: str) -> str:
    """A topic name the broker would accept. Raises a validation error for any other."""
    if name.startswith("^"):
        raise refuse(
            f'"{name}" is a pattern', "write the topic's exact name; patterns work in discovery.topics"
        )
    if not _TOPIC.fullmatch(name) or name in {".", ".."}:
        raise refuse(
            f"{shown(name)} is not a topic name",
            "write 1 to 249 letters, digits, dots, dashes or underscores",
        )
    return name


def check_topic_pattern(name: str) -> str:
    """A topic name, or a regular expression that begins with `^` as librdkafka wants it; else a validation error."""
    if not name.startswith("^"):
        return check_topic(name)
    try:
        re.compile(name)
    except re.error as error:
        raise refuse(
            f"{shown(name)} is not a regular expression: {error}", r"write for example ^ml\..*"
        ) from None
    return name


def check_dotted(path: str) -> str:
    """A dotted path into a JSON record, such as `payload.after.amount`. Raises a validation error for another text."""
    if not path or not all(path.split(".")):
        raise refuse(
            f"{shown(path)} is not a dotted path", "write keys joined by dots, such as payload.after.amount"
        )
    return path


def check_name(name: str) -> str:
    """A name that can be shown, labelled and used as a record key. Raises a validation error for any other."""
    if not name.strip() or name != name.strip() or not name.isprintable() or len(name) > 200:
        raise refuse(
            f"{shown(name)} is not a name", "write 1 to 200 visible characters without space around them"
        )
    return name


def _scalar(value: object) -> object:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise refuse(f"must be one value, not {kind(value)}", "write a number, text, true or false")


def _version(value: object) -> object:
    if value == 1 and not isinstance(value, bool):
        return value
    raise refuse(f"{shown(value)} is not a version this release reads", "write version: 1")


FormatVersion = Annotated[Literal[1], BeforeValidator(_version), WithJsonSchema({"const": 1})]
TopicName = Annotated[str, AfterValidator(check_topic)]
TopicPattern = Annotated[str, AfterValidator(check_topic_pattern)]
DottedPath = Annotated[str, AfterValidator(check_dotted)]
Name = Annotated[str, AfterValidator(check_name)]
ScalarValue = Annotated[
    Any, BeforeValidator(_scalar), WithJsonSchema({"type": ["number", "string", "boolean", "null"]})
]

# --- words for problems -----------------------------------------------------------------------------------------------


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def kind(value: object) -> str:
    """What a value is, in the user's words."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case Mapping():
            return "a mapping"
    return "a list"


def shown(value: object) -> str:
    """A short value as the user wrote it; only the kind of a long or nested one."""
    if isinstance(value, str):
        return f'"{value[:60]}…"' if len(value) > 60 else f'"{value}"'
    return str(value) if _is_number(value) else kind(value)
