"""What a reference profile demands of features ↔ its part of the file, in the words of the configuration. Made to be edited."""

import math
from collections.abc import Mapping
from typing import Any, Final

from stream_monitor.core.derived.parameters import Constraints
from stream_monitor.core.detector import Kind
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.plain import value_of
from stream_monitor.core.reference import Reference

FIELDS: Final = ("range", "allowed", "required", "at_most")
_OF: Final[Mapping[str, frozenset[Kind]]] = {
    "range": frozenset({Kind.NUMERIC}),
    "allowed": frozenset({Kind.CATEGORICAL, Kind.BOOLEAN}),
}


def plain_constraints(demanded: Constraints) -> dict[str, object]:
    """What is said, by the name of the field; nothing else."""
    said: dict[str, object] = {}
    if demanded.is_ranged:
        said["range"] = [demanded.low, demanded.high]
    if demanded.allowed is not None:
        said["allowed"] = list(demanded.allowed)
    if demanded.required is not None:
        said["required"] = demanded.required
    if demanded.at_most is not None:
        said["at_most"] = demanded.at_most
    return said


def constraints_of(
    where: str, plain: object, features: Mapping[str, Reference]
) -> dict[str, Constraints]:  # fmt: skip
    """By feature. Raises CorruptState with the feature and the field that are wrong."""
    if not isinstance(plain, dict):
        raise CorruptState(f"{where}: constraints is not an object")
    found = {}
    for name, one in plain.items():
        of = f"the constraints on {name!r} of {where}"
        if name not in features:
            raise CorruptState(f"{of}: there is no such feature")
        if not isinstance(one, dict):
            raise CorruptState(f"{of}: is not an object")
        for field in one:
            if field not in FIELDS:
                raise CorruptState(f"{of}: there is no field {field!r}; there are {', '.join(FIELDS)}")
            if features[name].size > 0 and features[name].kind not in _OF.get(field, frozenset(Kind)):
                raise CorruptState(f"{of}: the field {field!r}: the feature is {features[name].kind}")
        demanded = _constraints(of, one)
        if demanded != Constraints():
            found[name] = demanded
    return found


def _constraints(where: str, plain: Mapping[str, object]) -> Constraints:
    low, high = _range(where, plain["range"]) if "range" in plain else (None, None)
    demanded = Constraints(
        low=low,
        high=high,
        allowed=_field(where, plain, "allowed", tuple[str, ...]),
        required=_field(where, plain, "required", bool),
        at_most=_field(where, plain, "at_most", float),
    )
    if demanded.allowed == ():
        raise CorruptState(f"{where}: the field 'allowed': allows nothing")
    if demanded.at_most is not None and not 0 <= demanded.at_most <= 1:
        raise CorruptState(
            f"{where}: the field 'at_most': {demanded.at_most:g} is no share of events, 0 to 1"
        )
    return demanded


def _range(where: str, plain: object) -> tuple[float | None, float | None]:
    where = f"{where}: the field 'range'"
    if not isinstance(plain, list) or len(plain) != 2 or plain == [None, None]:
        raise CorruptState(f"{where}: is not [LOW, HIGH], null for no bound on one side")
    try:
        low, high = (None if one is None else value_of(float, one) for one in plain)
    except CorruptState as error:
        raise CorruptState(f"{where}: {error.__cause__ or error}") from error
    if (-math.inf if low is None else low) > (math.inf if high is None else high):
        raise CorruptState(f"{where}: no number is at least {low} and at most {high}")
    return low, high


def _field(where: str, plain: Mapping[str, object], name: str, hint: Any) -> Any:
    if name not in plain:
        return None
    try:
        return value_of(hint, plain[name])  # type: ignore[arg-type]  # what JSON holds
    except CorruptState as error:
        raise CorruptState(f"{where}: the field {name!r}: {error.__cause__ or error}") from error
