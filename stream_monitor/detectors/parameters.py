"""Parameters of a detector: what each may be, its default, and what to write instead of a wrong one.

Knows nothing of configuration files: `config` puts file, line and column in front of the text raised here.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeGuard

from stream_monitor.core.detector import Scalar


def is_number(value: object) -> TypeGuard[float]:
    """Whether `value` is a finite int or float; True and False are not numbers."""
    # Not math.isfinite: it overflows on a huge int, which a configuration file may well hold.
    largest = sys.float_info.max
    return isinstance(value, int | float) and not isinstance(value, bool) and -largest <= value <= largest


def is_whole(value: object) -> TypeGuard[int]:
    """Whether `value` is an int; True and False are not numbers."""
    return isinstance(value, int) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a detector.

    accepts: whether a value is allowed (of the right type and in range).
    write: what to write instead of a value that is not, as in "`delta` is 2: write <write>".
    """

    name: str
    default: Scalar
    accepts: Callable[[Scalar], bool]
    write: str


def share(name: str, default: float) -> Parameter:
    """A number above 0 and below 1: a confidence, a forgetting factor."""
    return Parameter(
        name=name,
        default=default,
        accepts=lambda value: is_number(value) and 0 < value < 1,
        write="a number above 0 and below 1",
    )


def number(name: str, default: float, low: float, high: float) -> Parameter:
    """A finite number in [low, high]."""
    return Parameter(
        name=name,
        default=default,
        accepts=lambda value: is_number(value) and low <= value <= high,
        write=f"a number from {low:g} to {high:g}",
    )


def whole(name: str, default: int, low: int, high: int) -> Parameter:
    """A whole number in [low, high]; True and 5.0 are not whole numbers."""
    return Parameter(
        name=name,
        default=default,
        accepts=lambda value: is_whole(value) and low <= value <= high,
        write=f"a whole number from {low} to {high}",
    )


def optional_whole(name: str, low: int, high: int) -> Parameter:
    """A whole number in [low, high], or None, which is the default."""
    return Parameter(
        name=name,
        default=None,
        accepts=lambda value: value is None or (is_whole(value) and low <= value <= high),
        write=f"null or a whole number from {low} to {high}",
    )


def flag(name: str, default: Scalar) -> Parameter:
    """True or False."""
    return Parameter(
        name=name,
        default=default,
        accepts=lambda value: isinstance(value, bool),
        write="true or false",
    )


def choice(name: str, default: str, options: Sequence[str]) -> Parameter:
    """One of a few words."""
    return Parameter(
        name=name,
        default=default,
        accepts=lambda value: isinstance(value, str) and value in options,
        write="one of " + ", ".join(options),
    )


def resolve(owner: str, table: Sequence[Parameter], given: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """All parameters of `owner`: `given`, completed with the defaults; whole numbers become floats where
    floats are meant.

    Raises ValueError naming the parameter that is unknown or not allowed, and what to write instead.
    """
    names = [parameter.name for parameter in table]
    for name in given:
        if name not in names:
            close = get_close_matches(str(name), names, n=1)
            hint = f"did you mean `{close[0]}`?" if close else f"write one of {', '.join(names)}"
            raise ValueError(f"{owner}: unknown parameter `{name}`; {hint}")
    resolved: dict[str, Scalar] = {}
    for parameter in table:
        value = given.get(parameter.name, parameter.default)
        if not parameter.accepts(value):
            raise ValueError(f"{owner}: `{parameter.name}` is {value!r}: write {parameter.write}")
        if isinstance(parameter.default, float) and is_whole(value):
            value = float(value)
        resolved[parameter.name] = value
    return resolved
