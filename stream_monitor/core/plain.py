"""Values ↔ plain fields, by the type hints of the value's own class: explicit fields without writing every list twice.

Handles dataclasses, NamedTuples, enums, scalars, tuples of one type, mappings with text keys and optional values; nothing
else, and never a class named by the data.
"""

import dataclasses
import math
import types
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from stream_monitor.core.detector import Plain
from stream_monitor.core.errors import CorruptState

T = TypeVar("T")


def plain_of(value: Any) -> Plain:
    """`value` as plain fields. Raises TypeError for a type that is not handled."""
    if isinstance(value, Enum):
        return str(value.value)
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return value
    if dataclasses.is_dataclass(value):
        return {f.name: plain_of(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain_of(entry) for key, entry in value.items()}
    if isinstance(value, Sequence):
        return [plain_of(entry) for entry in value]
    raise TypeError(f"no plain form of {type(value).__name__}")


def value_of(kind: type[T], plain: Plain) -> T:
    """The inverse of `plain_of` for a value of `kind`. Raises CorruptState."""
    try:
        return _value(kind, plain)  # type: ignore[no-any-return]  # the hints of `kind` decide
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptState(f"{kind.__name__}: {error!r}") from error


def _value(hint: Any, plain: Any) -> Any:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _of_union(hint, plain)
    if origin is tuple:
        return tuple(_value(get_args(hint)[0], entry) for entry in _list(plain))
    if origin is not None and issubclass(origin, Mapping):
        entry_hint = get_args(hint)[1]
        return {_checked(str, key): _value(entry_hint, entry) for key, entry in _mapping(plain).items()}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(plain)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        hints = _hints(hint)
        fields = _mapping(plain)
        if fields.keys() != hints.keys():
            raise ValueError(f"fields {sorted(fields.keys() ^ hints.keys())} missing or unknown")
        return hint(**{name: _value(h, fields[name]) for name, h in hints.items()})
    if isinstance(hint, type) and issubclass(hint, tuple):  # a NamedTuple
        return hint(*(_value(h, entry) for h, entry in zip(_hints(hint).values(), _list(plain), strict=True)))
    return _checked(hint, plain)


def _of_union(hint: Any, plain: Any) -> Any:
    if plain is None and type(None) in get_args(hint):
        return None
    scalars = [h for h in get_args(hint) if h is not type(None)]
    if len(scalars) == 1:
        return _value(scalars[0], plain)
    if type(plain) not in scalars:
        raise TypeError(f"{type(plain).__name__} is none of {hint}")
    return plain


def _checked(hint: Any, plain: Any) -> Any:
    if hint is float and type(plain) is int:
        plain = float(plain)
    if type(plain) is not hint or (hint is float and not math.isfinite(plain)):
        raise TypeError(f"{plain!r} is not a finite {hint.__name__}")
    return plain


def _list(plain: Any) -> Sequence[Any]:
    if not isinstance(plain, list | tuple):
        raise TypeError(f"{type(plain).__name__} is not a list")
    return plain


def _mapping(plain: Any) -> Mapping[str, Any]:
    if not isinstance(plain, Mapping):
        raise TypeError(f"{type(plain).__name__} is not a mapping")
    return plain


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
