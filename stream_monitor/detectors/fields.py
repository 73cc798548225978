"""The state of a detector as a table of explicit fields: the one description that dump and load both read.

A field knows where its value lives in the object, what a plausible value is, and how to put it back. Nothing
is put back before every field has been checked. Knows no library: the objects are given, and are `Any`
because libraries keep their state in untyped private attributes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from operator import attrgetter
from typing import Any, TypeAlias

from stream_monitor.core.detector import Plain
from stream_monitor.core.errors import CorruptState

Values: TypeAlias = dict[str, Any]
"""The checked values of a snapshot by field name; of the type its field's check returned."""

LARGEST_COUNT = 2**53
"""Whole numbers above this are not exact as floats; at a million values a second it takes 285 years to get there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One named part of a detector's state.

    read: object → plain value. write: puts a checked value into a fresh object.
    check: plain value → the value to write; raises CorruptState saying what it must be ("must be ...").
    """

    name: str
    read: Callable[[Any], Plain]
    write: Callable[[Any, Any], None]
    check: Callable[[Plain], Any]


def flag(name: str, path: str) -> Field:
    """A truth value at the attribute path `path` ("a.b.c")."""
    read = attrgetter(path)
    return Field(name=name, read=lambda it: bool(read(it)), write=setter(path), check=as_flag)


def count(name: str, path: str, kept_as: type[int] | type[float] = int) -> Field:
    """A whole number from 0, which the library keeps as `kept_as`."""
    read, write = attrgetter(path), setter(path)
    return Field(
        name=name,
        read=lambda it: int(read(it)),
        write=lambda it, value: write(it, kept_as(value)),
        check=lambda value: as_whole(value, 0, LARGEST_COUNT),
    )


def real(name: str, path: str, low: float = -inf, high: float = inf, also: Sequence[float] = ()) -> Field:
    """A finite number in [low, high], or one of the values in `also` (where the library starts from an infinity)."""
    read = attrgetter(path)
    return Field(
        name=name,
        read=lambda it: float(read(it)),
        write=setter(path),
        check=lambda value: value if type(value) is float and value in also else as_real(value, low, high),
    )


def optional_real(name: str, path: str, low: float, high: float) -> Field:
    """A finite number in [low, high], or None where the library has none yet."""
    read = attrgetter(path)

    def read_optional(it: Any) -> Plain:
        value = read(it)
        return None if value is None else float(value)

    return Field(
        name=name,
        read=read_optional,
        write=setter(path),
        check=lambda value: None if value is None else as_real(value, low, high),
    )


def setter(path: str) -> Callable[[Any, Any], None]:
    """The counterpart of operator.attrgetter."""
    *parents, last = path.split(".")

    def write(it: Any, value: Any) -> None:
        for name in parents:
            it = getattr(it, name)
        setattr(it, last, value)

    return write


def as_flag(value: Plain) -> bool:
    """`value` if it is a bool. Raises CorruptState."""
    if not isinstance(value, bool):
        raise CorruptState("must be true or false")
    return value


def as_whole(value: Plain, low: int, high: int) -> int:
    """`value` if it is an int in [low, high]. Raises CorruptState."""
    if type(value) is not int or not low <= value <= high:
        raise CorruptState(f"must be a whole number from {low} to {high}")
    return value


def as_real(value: Plain, low: float = -inf, high: float = inf) -> float:
    """`value` if it is a finite float in [low, high]. Raises CorruptState."""
    if type(value) is not float or not (low <= value <= high and isfinite(value)):
        raise CorruptState(f"must be a finite float from {low:g} to {high:g}")
    return value


def as_reals(value: Plain, longest: int, largest: float) -> list[float]:
    """`value` as a list if it is a sequence of at most `longest` floats within ±`largest`. Raises CorruptState."""
    if isinstance(value, str | bytes) or not isinstance(value, Sequence) or len(value) > longest:
        raise CorruptState(f"must be a list of at most {longest} floats")
    found: list[float] = []
    for item in value:
        if (
            type(item) is not float or not -largest <= item <= largest
        ):  # as `as_real`; detectors keep thousands
            raise CorruptState(f"must be finite floats from {-largest:g} to {largest:g}")
        found.append(item)
    return found


def as_octets(value: Plain, longest: int) -> bytes:
    """`value` if it is bytes, at most `longest` of them. Raises CorruptState."""
    if not isinstance(value, bytes) or len(value) > longest:
        raise CorruptState(f"must be at most {longest} bytes")
    return value


def require(holds: bool, what: str) -> None:  # noqa: FBT001 - reads like `assert holds, what`
    """Raise CorruptState if two fields contradict each other: `what` must hold."""
    if not holds:
        raise CorruptState(f"its fields contradict each other: {what} does not hold")


def dump(table: Sequence[Field], it: Any) -> dict[str, Plain]:
    """Every field of `it` as a plain value."""
    return {field.name: field.read(it) for field in table}


def check(table: Sequence[Field], fields: Plain) -> Values:
    """The value of every field, each plausible by itself. Raises CorruptState naming the field."""
    names = {field.name for field in table}
    if not isinstance(fields, Mapping):
        raise CorruptState(f"must be a mapping of fields, not {type(fields).__name__}")
    if set(fields) != names:
        found = sorted(map(str, fields))
        raise CorruptState(f"has fields {found} where {sorted(names)} are expected")
    checked: Values = {}
    for field in table:
        try:
            checked[field.name] = field.check(fields[field.name])
        except CorruptState as error:
            raise CorruptState(f"field `{field.name}` {error}") from None
    return checked


def nested(name: str, table: Sequence[Field], at: str) -> Field:
    """A field that is itself a table of fields, of the object at the attribute path `at`."""
    inner = attrgetter(at)

    def write(it: Any, values: Values) -> None:
        for field in table:
            field.write(inner(it), values[field.name])

    return Field(
        name=name,
        read=lambda it: dump(table, inner(it)),
        write=write,
        check=lambda value: check(table, value),
    )
