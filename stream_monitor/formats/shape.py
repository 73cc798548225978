"""Events of a known shape, read without a dictionary each: structs are generated from the names that the events of models had.

`msgspec` checks types while it parses, so what fits is valid, and what does not is left to `native_json`, which knows why: both
ways lead to the same columns. Knows nothing of topics and of when a shape is learned.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from stream_monitor.core.events import Role
from stream_monitor.core.row_buffer import RowBuffer
from stream_monitor.formats.native_json import MAX_CLASSES, MAX_FEATURES, MAX_NAME
from stream_monitor.formats.struct_rows import StructRows
from stream_monitor.formats.timestamps import EARLIEST_MS, LATEST_MS

_Field = tuple[str, Any] | tuple[str, Any, Any]
_ABSENT: Final = math.inf  # of a number: JSON has no infinity
_Text = Annotated[str, Meta(min_length=1, max_length=MAX_NAME)]
_Whole = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]  # what orjson reads as whole, too
_Name = _Text | _Whole | None
_Time = Annotated[int, Meta(ge=EARLIEST_MS, le=LATEST_MS)] | str | None
_Value = str | float | bool | None | UnsetType
_HEAD: Final = frozenset({"model", "version", "id", "time"})
_HEAD_FIELDS: Final = (("version", _Name, None), ("id", _Name, None), ("time", _Time, None))
_NUMBERS: Final = frozenset({int, float, type(None)})
_MOST_IGNORED: Final = 100
_PARTS: Final = {
    "features": Role.FEATURES,
    "prediction": Role.PREDICTION,
    "probability": Role.PREDICTION,
    "probabilities": Role.PREDICTION,
    "latency_ms": Role.PREDICTION,
    "label": Role.LABEL,
}
_OUTPUTS: Final[Mapping[str, Any]] = {
    "prediction": (_Value, UNSET),
    "probability": (float | None, _ABSENT),
    "latency_ms": (float | None, _ABSENT),
    "label": (_Value, UNSET),
}


@dataclass(frozen=True, slots=True)
class Names:
    """What the events of a model have held, in order of appearance. numbers: features that were nothing but numbers and null;
    others: the other features. outputs: fields of predictions and labels but `probabilities`, whose `classes` these are.
    ignored: fields that nobody reads. named: whether events name their model. fit: whether a shape can be made of them.
    """

    numbers: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    features: bool = False
    probabilities: bool = False
    named: bool = True
    fit: bool = True


NOTHING: Final = Names()


def extended(names: Names, event: Mapping[str, Any], role: Role | None) -> Names:
    """With what a good event held. role: the only parts that are read (None: all)."""
    wanted = Role(7) if role is None else role
    read = {name for name, part in _PARTS.items() if part & wanted}
    features = (event.get("features") or {}) if "features" in read else {}
    classes = (event.get("probabilities") or {}) if "probabilities" in read else {}
    others = _union(names.others, [name for name, value in features.items() if type(value) not in _NUMBERS])
    numbers = tuple([name for name in _union(names.numbers, features) if name not in frozenset(others)])
    found = Names(
        numbers=numbers,
        others=others,
        classes=_union(names.classes, classes),
        outputs=_union(names.outputs, [name for name in event if name in read and name in _OUTPUTS]),
        ignored=_union(names.ignored, [name for name in event if name not in read and name not in _HEAD]),
        features=names.features or ("features" in event and "features" in read),
        probabilities=names.probabilities or ("probabilities" in event and "probabilities" in read),
        named=event.get("model") is not None,
    )
    too_many = len(found.numbers) + len(others) > MAX_FEATURES or len(found.classes) > MAX_CLASSES
    mixed = names is not NOTHING and names.named != found.named
    return replace(found, fit=names.fit and not (too_many or mixed or len(found.ignored) > _MOST_IGNORED))


def _union(names: Sequence[str], more: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*names, *more)))


class Shape:
    """The structs generated from the same names, and how their instances become rows. All share those of the parts inside,
    so that events of many models are read by the same few structs. named: whether they name their model.
    """

    def __init__(self, names: Names) -> None:
        self.named = names.named
        self._structs: dict[str | None, type[msgspec.Struct]] = {}
        self._numbers, self._others = _renamed("n", names.numbers), _renamed("o", names.others)
        self._classes = _renamed("c", names.classes)
        self._ignored = _renamed("i", names.ignored)
        self._fields: list[_Field] = [*_HEAD_FIELDS]
        if names.features:
            numbers = [(name, float | None, _ABSENT) for name in self._numbers]
            features = _struct(
                [*numbers, *((name, _Value, UNSET) for name in self._others)], self._numbers | self._others
            )
            self._fields.append(("features", features | UnsetType, UNSET))
        if names.probabilities:
            classes = _struct([(name, float | None, _ABSENT) for name in self._classes], self._classes)
            self._fields.append(("probabilities", classes | UnsetType, UNSET))
        self._fields += [(name, *_OUTPUTS[name]) for name in names.outputs]
        # parsed all the same: a record is valid as a whole or not at all
        self._fields += [(name, Any, None) for name in self._ignored]

    def struct(self, model: str | None) -> type[msgspec.Struct]:
        """Of the events of one model, which its name tells from those of other shapes; None: of any, whatever model they name."""
        if model not in self._structs:
            named: list[_Field] = [("model", str)] if self.named and model is None else []
            self._structs[model] = _struct([*named, *self._fields], self._ignored, model)
        return self._structs[model]

    def into(self, rows: RowBuffer, struct: type[msgspec.Struct]) -> StructRows:
        """What writes instances of `struct` into `rows`. Raises Full."""
        features = [*self._numbers.values(), *self._others.values()]
        return StructRows(rows, struct.__struct_fields__, features, list(self._classes.values()))


def _struct(fields: Sequence[_Field], names: Mapping[str, str], model: str | None = None) -> Any:
    return msgspec.defstruct(
        "Event",
        fields,
        rename=dict(names),
        gc=False,
        kw_only=True,
        forbid_unknown_fields=True,
        tag_field=None if model is None else "model",
        tag=model,
    )


def _renamed(prefix: str, names: Sequence[str]) -> dict[str, str]:
    """Attributes of a struct → names in JSON, which need not be identifiers."""
    return {f"{prefix}{at}": name for at, name in enumerate(names)}
