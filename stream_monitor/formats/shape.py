"""Events of a known shape, read without a dictionary each: a struct is generated from the names that the events of a model had.

`msgspec` checks types while it parses, so what fits is valid, and what does not is left to `native_json`, which knows why: both
ways lead to the same columns. Knows nothing of topics and of when a shape is learned.
"""

import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import starmap
from operator import attrgetter, itemgetter
from typing import Annotated, Any, Final, Literal

import msgspec
import numpy as np
from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import astuple
from numpy.typing import NDArray

from stream_monitor.core.batch import FEATURE, Cell, Column, ColumnBatch, Columns
from stream_monitor.core.columnise import Placed, column_of
from stream_monitor.core.detector import FloatArray
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
        # All that its events carry: one without is none of this shape, and nobody has to look.
        self._features_alone = names.features and not (names.probabilities or names.outputs)
        if names.features:
            numbers = [(name, float | None, _ABSENT) for name in self._numbers]
            features = _struct(
                [*numbers, *((name, _Value, UNSET) for name in self._others)], self._numbers | self._others
            )
            fields.append(
                ("features", features) if self._features_alone else ("features", features | UnsetType, UNSET)
            )
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
        """Cost: ~0.4 µs a row of 20 numbers. Every row has been told its time."""
        roles = self._roles(rows)
        told = [row.version for row in rows]
        texts: dict[str | None, int] = {}
        place = {version: texts.setdefault(_text(version), len(texts)) for version in dict.fromkeys(told)}
        version_at = [place[version] for version in told] if len(place) > 1 else np.zeros(len(rows))
        return ColumnBatch(
            model=model,
            times=np.array([row.time for row in rows], np.int64),
            sources=tuple(placed.sources),
            source_at=placed.source_at,
            offsets=placed.offsets,
            items=placed.items,
            versions=tuple(texts),
            version_at=np.array(version_at, np.uint16),
            ids=Ids.of([row.id for row in rows]),
            roles=roles,
            columns=self._columns(rows, roles),
        )

    def carries(self, rows: Sequence[Any]) -> bool:
        """Whether every row has features, a prediction or a label."""
        return self._features_alone or bool(self._roles(rows).all())

    def _roles(self, rows: Sequence[Any]) -> NDArray[np.uint8]:
        """`Role` flags (n,); 0 of an event that carries nothing."""
        names = self._names
        if self._features_alone:
            return np.full(len(rows), _FEATURES)
        roles = np.zeros(len(rows), np.uint8)
        if names.features:
            structs = [row.features for row in rows]
            roles[:] = _FEATURES
            if UnsetType in set(map(type, structs)):
                roles[[at for at, one in enumerate(structs) if one is UNSET]] = _NONE
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

    def _columns(self, rows: Sequence[Any], roles: NDArray[np.uint8]) -> Columns:
        """Those that hold something: `cell_of_absence` says what the others would."""
        others = self._others_of(rows, roles)
        wide = len(self._numbers)
        cells, codes = np.empty((wide + len(others), len(rows))), None
        if wide:
            here = (roles & _FEATURES) != 0
            structs = [one for row in rows if (one := row.features) is not UNSET]
            if len(structs) == len(rows):
                cells[:wide] = _numbers_of(structs, wide).T
            else:
                cells[:wide] = _ABSENT
                cells[:wide, here] = _numbers_of(structs, wide).T
            codes = _coded(cells[:wide], np.where(here, np.uint8(Cell.ABSENT), np.uint8(Cell.NONE)))
        if others:
            codes = np.full((wide, len(rows)), Cell.NUMBER, np.uint8) if codes is None else codes
            codes = np.vstack([codes, *(column.codes for column in others.values())])
            cells[wide:] = [column.values for column in others.values()]
        names = (*(FEATURE + name for name in self._numbers.values()), *others)
        columns = Columns(
            names, cells, codes, {n: column.texts for n, column in others.items() if column.texts}
        )
        if codes is None:
            return columns
        held = ((codes != Cell.NONE) & (codes != Cell.ABSENT)).any(axis=1)
        return columns if held.all() else columns.only([names[at] for at in np.flatnonzero(held).tolist()])

    def _others_of(self, rows: Sequence[Any], roles: NDArray[np.uint8]) -> dict[str, Column]:
        """All columns but those of the features that are numbers."""
        found: dict[str, Column] = {}
        none = np.zeros(len(rows), np.uint8)
        if self._others:
            absent = np.where(roles & Role.FEATURES, np.uint8(Cell.ABSENT), np.uint8(Cell.NONE))
            structs = [row.features for row in rows]
            for attribute, name in self._others.items():
                found[FEATURE + name] = _mixed(_cells(structs, attribute, UNSET), absent)
        for name in self._names.outputs:
            column_of_cells = _mixed if _OUTPUTS[name][1] is UNSET else _number
            found[name] = column_of_cells([getattr(row, name) for row in rows], none)
        if self._classes:
            structs = [row.probabilities for row in rows]
            for attribute, name in self._classes.items():
                found[f"probability:{name}"] = _number(_cells(structs, attribute, _ABSENT), none)
        label = found.get("label")
        if label is not None:  # null is no label
            label.codes[label.codes == Cell.NULL] = Cell.NONE
        return found


def tell_times(rows: Sequence[Any], timestamps: Sequence[int]) -> NDArray[np.int64] | None:
    """Event times (n,) in ms UTC, and every row, of whatever shape, is told its own; None where one cannot be told.

    timestamps: of their records, for events without a time.
    """
    with suppress(struct.error):  # text or null: of some, if not of all
        return np.frombuffer(struct.pack(f"{len(rows)}q", *[row.time for row in rows]), np.int64)
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


def _text(value: Any) -> str | None:
    return str(value) if type(value) is int else value


def _numbers_of(structs: Sequence[Any], wide: int) -> FloatArray:
    """The first attributes of these structs, all of them numbers: (n, wide); NaN is null, infinity what is not there.

    `struct` makes doubles of a tuple four times as fast as numpy does.
    """
    tuples: Iterable[tuple[Any, ...]] = map(astuple, structs)
    if structs and len(astuple(structs[0])) > wide:
        tuples = map(itemgetter(slice(wide)), tuples)
    try:
        packed = b"".join(starmap(struct.Struct(f"{wide}d").pack, tuples))
    except struct.error:  # a null
        return np.array([astuple(one)[:wide] for one in structs], np.float64)
    return np.frombuffer(packed, np.float64).reshape(len(structs), wide)


def _coded(cells: FloatArray, absent: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Codes (k, n) of these (k, n) numbers, which become 0 where there is none; None where all are there. absent: (n,) codes."""
    if math.isfinite(cells.max()):  # infinity and NaN would be the maximum
        return None
    finite = np.isfinite(cells)
    codes = np.where(finite, np.uint8(Cell.NUMBER), np.where(np.isnan(cells), np.uint8(Cell.NULL), absent))
    cells[~finite] = 0.0
    return codes


def _cells(structs: Sequence[Any], attribute: str, nothing: Any) -> list[Any]:
    return [nothing if one is UNSET else getattr(one, attribute) for one in structs]


def _number(cells: Sequence[float | None], absent: NDArray[np.uint8]) -> Column:
    """A column of numbers, null and what is not there."""
    values = np.array(cells, np.float64)
    codes = _coded(values[np.newaxis], absent)
    return Column(
        values=values, codes=np.full(len(values), Cell.NUMBER, np.uint8) if codes is None else codes[0]
    )


def _mixed(cells: Sequence[Any], absent: NDArray[np.uint8]) -> Column:
    """The same of cells that may hold anything but objects and arrays."""
    at = np.flatnonzero([cell is not UNSET for cell in cells])
    if len(at) == 0:
        return Column(values=np.zeros(len(cells)), codes=absent.copy())
    found = column_of([cell for cell in cells if cell is not UNSET])
    if len(at) == len(cells):
        return found
    values, codes = np.zeros(len(cells)), absent.copy()
    values[at], codes[at] = found.values, found.codes
    return Column(values=values, codes=codes, texts=found.texts)
