"""Events of a known shape, read without a dictionary each: a struct is generated from the names that the events of a model had.

`msgspec` checks types while it parses, so what fits is valid, and what does not is left to `native_json`, which knows why: both
ways lead to the same columns. Knows nothing of topics and of when a shape is learned.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Annotated, Any, Final, Literal

import msgspec
import numpy as np
from msgspec import UNSET, Meta, UnsetType
from numpy.typing import NDArray

from stream_monitor.core.batch import FEATURE, Cell, Column, ColumnBatch, Columns
from stream_monitor.core.columnise import Placed, column_of
from stream_monitor.core.events import Role
from stream_monitor.core.ids import Ids
from stream_monitor.formats.native_json import MAX_CLASSES, MAX_FEATURES, MAX_NAME
from stream_monitor.formats.timestamps import EARLIEST_MS, LATEST_MS, parse_rfc3339

_Field = tuple[str, Any] | tuple[str, Any, Any]
_ABSENT: Final = math.inf  # of a number: JSON has no infinity, nor NaN, which stands for null
_Text = Annotated[str, Meta(min_length=1, max_length=MAX_NAME)]
_Whole = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]  # what orjson reads as whole, too
_Name = _Text | _Whole | None
_Time = Annotated[int, Meta(ge=EARLIEST_MS, le=LATEST_MS)] | str | None
_Value = str | float | bool | None | UnsetType
_HEAD: Final = frozenset({"model", "version", "id", "time"})
_HEAD_FIELDS: Final = (("version", _Name, None), ("id", _Name, None), ("time", _Time, None))
_NUMBERS: Final = frozenset({int, float, type(None)})
_MOST_IGNORED: Final = 100
_FEATURES, _PREDICTION, _LABEL = np.uint8(Role.FEATURES), np.uint8(Role.PREDICTION), np.uint8(Role.LABEL)
_NONE: Final = np.uint8(0)
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
    """One generated struct, and how its instances become columns: a `Form`.

    alone: no other shape is tried for a record; a tag tells several apart, but the only one would do without it.
    """

    def __init__(self, model: str, names: Names, *, alone: bool) -> None:
        self._numbers, self._others = _renamed("n", names.numbers), _renamed("o", names.others)
        self._classes = _renamed("c", names.classes)
        self._names = names
        fields: list[_Field] = [*_HEAD_FIELDS]
        if names.features:
            numbers = [(name, float | None, _ABSENT) for name in self._numbers]
            features = _struct(
                [*numbers, *((name, _Value, UNSET) for name in self._others)], self._numbers | self._others
            )
            fields.append(("features", features | UnsetType, UNSET))
        if names.probabilities:
            classes = _struct([(name, float | None, _ABSENT) for name in self._classes], self._classes)
            fields.append(("probabilities", classes | UnsetType, UNSET))
        fields += [(name, *_OUTPUTS[name]) for name in names.outputs]
        if alone and names.named:
            fields.insert(0, ("model", Literal[model]))
        ignored = _renamed("i", names.ignored)
        fields += [
            (name, Any, None) for name in ignored
        ]  # parsed all the same: a record is valid as a whole or not at all
        self.struct: type = _struct(fields, ignored, model if names.named and not alone else None)

    def batch(self, model: str, rows: Sequence[Any], placed: Placed) -> ColumnBatch:
        """Cost: ~50 ns a numeric cell. Every row has been told its time."""
        roles = self._roles(rows)
        told = [row.version for row in rows]
        versions = dict.fromkeys(told)
        texts: dict[str | None, int] = {}
        place = {version: texts.setdefault(_text(version), len(texts)) for version in versions}
        version_at = [place[version] for version in told] if len(versions) > 1 else np.zeros(len(rows))
        ids = [row.id for row in rows]
        if int in set(map(type, ids)):
            ids = list(map(_text, ids))
        return ColumnBatch(
            model=model,
            times=np.array([row.time for row in rows], np.int64),
            sources=tuple(placed.sources),
            source_at=placed.source_at,
            offsets=placed.offsets,
            items=placed.items,
            versions=tuple(texts),
            version_at=np.array(version_at, np.uint16),
            ids=Ids.of(ids),
            roles=roles,
            columns=Columns.of(self._columns(rows, roles), len(rows)),
        )

    def tell_times(self, rows: Sequence[Any], timestamps: Sequence[int]) -> NDArray[np.int64] | None:
        """Event times (n,) in ms UTC, and every row is told its own; None where one cannot be told.

        timestamps: of their records, for events without a time.
        """
        times = [row.time for row in rows]
        if set(map(type, times)) == {int}:
            return np.array(times, np.int64)
        for row, stamped in zip(rows, timestamps, strict=True):
            if type(row.time) is int:
                continue
            try:
                row.time = stamped if row.time is None else parse_rfc3339(row.time)
            except ValueError:
                return None
            if row.time < EARLIEST_MS or (row.time is stamped and stamped < 0):
                return None
        return np.array([row.time for row in rows], np.int64)

    def carries(self, rows: Sequence[Any]) -> bool:
        """Whether every row has features, a prediction or a label."""
        return bool(self._roles(rows).all())

    def _roles(self, rows: Sequence[Any]) -> NDArray[np.uint8]:
        """`Role` flags (n,); 0 of an event that carries nothing."""
        names = self._names
        roles = np.zeros(len(rows), np.uint8)
        if names.features:
            structs = [row.features for row in rows]
            roles[:] = _FEATURES
            if UnsetType in set(map(type, structs)):
                roles[[at for at, struct in enumerate(structs) if struct is UNSET]] = _NONE
        if names.probabilities:
            roles |= np.where([row.probabilities is not UNSET for row in rows], _PREDICTION, _NONE)
        for name in names.outputs:
            there = [value is not UNSET and value != _ABSENT for value in map(attrgetter(name), rows)]
            if name == "label":
                roles |= np.where(
                    [row.label is not None for row in rows], np.where(there, _LABEL, _NONE), _NONE
                )
            else:
                roles |= np.where(there, _PREDICTION, _NONE)
        return roles

    def _columns(self, rows: Sequence[Any], roles: NDArray[np.uint8]) -> dict[str, Column]:
        columns: dict[str, Column] = {}
        if self._names.features:
            at = np.flatnonzero(roles & Role.FEATURES)
            structs = [row.features for row in rows if row.features is not UNSET]
            absent = np.where(roles & Role.FEATURES, np.uint8(Cell.ABSENT), np.uint8(Cell.NONE))
            columns |= _named(FEATURE, self._numbers, _numbers_of(structs, self._numbers, at, absent))
            columns |= _named(FEATURE, self._others, _others_of(structs, self._others, at, absent))
        none = np.zeros(len(rows), np.uint8)
        every = np.arange(len(rows))
        for name in self._names.outputs:
            of = _others_of if _OUTPUTS[name][1] is UNSET else _numbers_of
            columns |= _named("", {name: name}, of(rows, {name: name}, every, none))
        if self._classes:
            given = [row.probabilities is not UNSET for row in rows]
            structs = [row.probabilities for row in rows if row.probabilities is not UNSET]
            found = _numbers_of(structs, self._classes, np.flatnonzero(given), none)
            columns |= _named("probability:", self._classes, found)
        label = columns.get("label")
        if label is not None:  # null is no label
            label.codes[label.codes == Cell.NULL] = Cell.NONE
        return {name: column for name, column in columns.items() if _holds_something(column)}


def _struct(fields: Sequence[_Field], names: Mapping[str, str], model: str | None = None) -> Any:
    return msgspec.defstruct(
        "Event",
        fields,
        rename=dict(names),
        gc=False,
        forbid_unknown_fields=True,
        tag_field=None if model is None else "model",
        tag=model,
    )


def _renamed(prefix: str, names: Sequence[str]) -> dict[str, str]:
    """Attributes of a struct → names in JSON, which need not be identifiers."""
    return {f"{prefix}{at}": name for at, name in enumerate(names)}


def _named(prefix: str, names: Mapping[str, str], columns: Sequence[Column]) -> dict[str, Column]:
    return dict(zip([prefix + name for name in names.values()], columns, strict=True))


def _text(value: Any) -> str | None:
    return str(value) if type(value) is int else value


def _numbers_of(
    structs: Sequence[Any], attributes: Mapping[str, str], at: NDArray[np.intp], codes: NDArray[np.uint8]
) -> list[Column]:
    """Columns of these attributes, all numbers. at: (k,) rows of the k structs. codes: (n,) of a cell that is not there."""
    if not attributes or not structs:
        return [Column(values=np.zeros(len(codes)), codes=codes.copy()) for _ in attributes]
    found = np.array(list(map(attrgetter(*attributes), structs)), np.float64)  # null becomes NaN
    found = np.ascontiguousarray(found.reshape(len(structs), len(attributes)).T)
    columns = []
    finite = np.isfinite(found)
    for line, number in zip(found, finite, strict=True):
        if len(at) == len(codes) and number.all():
            columns.append(Column(values=line, codes=np.full(len(line), Cell.NUMBER, np.uint8)))
            continue
        mine, values = codes.copy(), np.zeros(len(codes))
        there = line != _ABSENT
        mine[at[there]] = np.where(number[there], Cell.NUMBER, Cell.NULL)
        values[at[number]] = line[number]
        columns.append(Column(values=values, codes=mine))
    return columns


def _others_of(
    structs: Sequence[Any], attributes: Mapping[str, str], at: NDArray[np.intp], codes: NDArray[np.uint8]
) -> list[Column]:
    """The same of attributes that may hold anything but objects and arrays."""
    columns = []
    for name in attributes:
        cells = list(map(attrgetter(name), structs))
        there = [cell is not UNSET for cell in cells]
        found = column_of([cell for cell in cells if cell is not UNSET]) if any(there) else None
        if found is not None and len(found.codes) == len(codes):
            columns.append(found)
            continue
        mine, values = codes.copy(), np.zeros(len(codes))
        if found is not None:
            mine[at[there]], values[at[there]] = found.codes, found.values
        columns.append(Column(values=values, codes=mine, texts=found.texts if found is not None else ()))
    return columns


def _holds_something(column: Column) -> bool:
    """A feature that no row has is no column: `cell_of_absence` says what it would hold."""
    return bool(((column.codes != Cell.NONE) & (column.codes != Cell.ABSENT)).any())
