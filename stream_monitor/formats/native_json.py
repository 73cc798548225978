"""JSON records → rows and rejects. Nothing here raises on bad input: a bad event is a value with a reason.

Knows the native event (docs/events.md) and, through a `Mapping`, anybody else's JSON; not where records come from. The
words of a reject name fields and types, never values: they travel in headers and logs.
"""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from typing import Any

import orjson

from stream_monitor.core.events import Decoded, Reason, Record, Rejected, Role, Row, Source
from stream_monitor.formats.mapping import Mapping
from stream_monitor.formats.timestamps import EARLIEST_MS, LATEST_MS, parse_rfc3339

MAX_RECORD_BYTES = 512 * 1024
"""Largest record that is read at all: whatever one event of it holds fits into one entry of the columns topic."""
MAX_FEATURES = 2_000  # in one event; the core watches no more series of a model either
MAX_CLASSES = 1_000  # in one event
MAX_NAME = 256  # characters of a model, version, id, feature name or class: they become keys, labels and column names
MAX_CLOCK_SKEW_MS = 5 * 60 * 1000

ENVELOPE = frozenset({"model", "version", "id", "time", "features", "prediction", "label"})
# Plain integers: an operation on a flag costs as much as the rest of a prediction event.
_FEATURES, _PREDICTION, _LABEL = int(Role.FEATURES), int(Role.PREDICTION), int(Role.LABEL)
_ALL = _FEATURES | _PREDICTION | _LABEL
_UNREAD = object()
_new = tuple.__new__  # half the price of calling the class, which is a sixth of the whole row
_NOTHING: MappingOf[str, object] = {}
_TYPES = {
    dict: "an object",
    list: "an array",
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "null",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the records of a source are held against.

    models: the only ones allowed (None: any). default_model: of events that name none. role: the only parts that are
    read (None: all). mapping: where the parts are in foreign JSON (None: native). Raises ValueError for max_bytes out
    of range.
    """

    models: frozenset[str] | None = None
    default_model: str | None = None
    role: Role | None = None
    mapping: Mapping | None = None
    max_bytes: int = MAX_RECORD_BYTES
    max_clock_skew_ms: int = MAX_CLOCK_SKEW_MS

    def __post_init__(self) -> None:
        if not 0 < self.max_bytes <= MAX_RECORD_BYTES:
            raise ValueError(f"max_bytes must be 1 to {MAX_RECORD_BYTES}")


class _Fault(Exception):
    """What is wrong with an event; never leaves this module."""

    def __init__(self, reason: Reason, detail: str) -> None:
        self.reason = reason
        self.detail = detail


def decode(source: Source, records: Sequence[Record], rules: Rules) -> Decoded:
    """The events of `records` (one source, any number) in order, and what was wrong with the others.

    Cost: orjson.loads plus ~1 µs for a valid native event of 20 features.
    """
    rows: list[Row] = []
    offsets: list[int] = []
    items: list[int] = []
    rejected: list[Rejected] = []
    names: set[str] = set()  # feature names met in these records and found well-formed
    straight = rules.mapping is None and rules.role is None
    for record in records:
        offset, timestamp, _, value, _ = record
        try:
            event = orjson.loads(value) if value and len(value) <= rules.max_bytes else _UNREAD
        except orjson.JSONDecodeError:
            event = _UNREAD
        row = _read_common(event, timestamp, rules, names) if straight else None
        if row is not None:
            rows.append(row)
            offsets.append(offset)
            items.append(0)
            continue
        for item, outcome in enumerate(_read_each(event, record, rules, names)):
            if isinstance(outcome, _Fault):
                rejected.append(Rejected(source, record, item, outcome.reason, outcome.detail))
            else:
                rows.append(outcome)
                offsets.append(offset)
                items.append(item)
    return Decoded(source=source, rows=rows, offsets=offsets, items=items, rejected=rejected)


def _read_common(event: Any, timestamp: int, rules: Rules, names: set[str]) -> Row | None:
    """The row of a valid event in its common form, written straight; None for anything else: `_read` knows why."""
    if type(event) is not dict:
        return None
    get = event.get
    model, version, key, time, features = (
        get("model"),
        get("version"),
        get("id"),
        get("time"),
        get("features"),
    )
    if (
        type(model) is not str
        or not 0 < len(model) <= MAX_NAME
        or (rules.models is not None and model not in rules.models)
        or type(features) is not dict
        or not features.keys() <= names
        or len(features) > MAX_FEATURES
        or type(version) is not str
        or not 0 < len(version) <= MAX_NAME
        or type(key) is not str
        or not 0 < len(key) <= MAX_NAME
    ):
        return None
    try:
        if type(time) is str:
            time = parse_rfc3339(time)
        elif type(time) is not int or not EARLIEST_MS <= time <= LATEST_MS:
            return None
        if 0 <= timestamp < time - rules.max_clock_skew_ms:
            return None
        if len(event) == 5:
            return _new(Row, (model, version, key, time, _FEATURES, features, _NOTHING))
        outputs, roles = _outputs(event)
    except (ValueError, _Fault):
        return None
    return _new(Row, (model, version, key, time, _FEATURES | roles, features, outputs))


def _read_each(event: object, record: Record, rules: Rules, names: set[str]) -> Iterator[Row | _Fault]:
    """A row or fault for every event of a record that is not one common event."""
    if event is _UNREAD:
        yield _unreadable(record.value, rules.max_bytes)
        return
    if event == []:
        yield _Fault(Reason.EMPTY, "the array holds no event")
        return
    straight = rules.mapping is None and rules.role is None
    for part in event if type(event) is list else (event,):
        row = _read_common(part, record.timestamp, rules, names) if straight else None
        if row is not None:
            yield row
            continue
        try:
            row = _read(part, record.timestamp, rules)
        except _Fault as fault:
            yield fault
        else:
            if len(names) < MAX_FEATURES:
                names.update(row.features)
            yield row


def _unreadable(value: bytes | None, max_bytes: int) -> _Fault:
    if value is None:
        return _Fault(Reason.NULL_VALUE, "the record has no value")
    if not value:
        return _Fault(Reason.EMPTY, "the value of the record has no bytes")
    if len(value) > max_bytes:
        return _Fault(Reason.TOO_LARGE, f"{len(value)} bytes; at most {max_bytes} are read")
    try:
        orjson.loads(value)
    except orjson.JSONDecodeError as error:
        return _Fault(Reason.NOT_JSON, f"not JSON in UTF-8: line {error.lineno}, column {error.colno}")
    raise AssertionError("asked why a readable record cannot be read")


def _read(event: Any, timestamp: int, rules: Rules) -> Row:
    """The row of any event. Raises _Fault with the first thing that is wrong, in the order of docs/events.md."""
    if type(event) is not dict:
        raise _Fault(Reason.NOT_AN_EVENT, f"an event is an object, not {_type(event)}")
    if rules.mapping is not None:
        event = rules.mapping.native(event)
    model = _model(event.get("model"), rules)
    wanted = _ALL if rules.role is None else int(rules.role)
    features = event.get("features") if wanted & _FEATURES else None
    if features is not None:
        _check_features(features)
    outputs, roles = _outputs(event, wanted)
    if features is None and not roles:
        raise _Fault(Reason.UNKNOWN_ROLE, _what_is_missing(event, rules))
    return Row(
        model=model,
        version=_name(event.get("version"), "version", Reason.INVALID_VERSION),
        id=_name(event.get("id"), "id", Reason.INVALID_ID),
        time=_time(event.get("time"), timestamp, rules.max_clock_skew_ms),
        roles=roles if features is None else _FEATURES | roles,
        features=_NOTHING if features is None else features,
        outputs=outputs,
    )


def _model(model: object, rules: Rules) -> str:
    if model is None:
        model = rules.default_model
        if model is None:
            raise _Fault(Reason.MISSING_MODEL, "model is missing")
    if type(model) is not str:
        raise _Fault(Reason.MISSING_MODEL, f"model is {_type(model)}, not text")
    if not 0 < len(model) <= MAX_NAME:
        raise _Fault(Reason.MISSING_MODEL, f"model has {len(model)} characters, not 1 to {MAX_NAME}")
    if rules.models is not None and model not in rules.models:
        raise _Fault(Reason.UNKNOWN_MODEL, "model is none of the configured ones")
    return model


def _name(value: Any, part: str, reason: Reason) -> str | None:
    """A version or id: text as it is, a whole number as its digits."""
    if type(value) is float and value.is_integer() and abs(value) <= 2**53:
        # JSON has one kind of number, 7.0 is 7; beyond 2**53 digits are lost and ids would collide
        value = int(value)
    if type(value) is int:
        return str(value)
    if value is not None and type(value) is not str:
        raise _Fault(reason, f"{part} is {_type(value)}, not text or a whole number")
    if value is not None and not 0 < len(value) <= MAX_NAME:
        raise _Fault(reason, f"{part} has {len(value)} characters, not 1 to {MAX_NAME}")
    return value


def _time(value: Any, timestamp: int, max_clock_skew_ms: int) -> int:
    if value is None:
        if timestamp < 0:
            raise _Fault(Reason.INVALID_TIME, "time is missing, and the record has no timestamp")
        value = timestamp
    if type(value) is str:
        try:
            time = parse_rfc3339(value)
        except ValueError as error:
            raise _Fault(Reason.INVALID_TIME, f"time is {error}") from None
    elif type(value) is int or (type(value) is float and value.is_integer()):
        time = int(value)
    else:
        raise _Fault(Reason.INVALID_TIME, f"time is {_type(value)}, not RFC 3339 text or whole milliseconds")
    if not EARLIEST_MS <= time <= LATEST_MS:
        raise _Fault(Reason.INVALID_TIME, "time is outside the years 1 to 9999: milliseconds are expected")
    if 0 <= timestamp < time - max_clock_skew_ms:
        late = time - timestamp
        raise _Fault(
            Reason.CLOCK_SKEW, f"time is {late} ms after the record's own; at most {max_clock_skew_ms}"
        )
    return time


def _check_features(features: object) -> None:
    if type(features) is not dict:
        raise _Fault(Reason.INVALID_FEATURES, f"features is {_type(features)}, not an object")
    if len(features) > MAX_FEATURES:
        raise _Fault(Reason.INVALID_FEATURES, f"{len(features)} features; at most {MAX_FEATURES} are read")
    _check_names(features, "a feature's name", Reason.INVALID_FEATURES)


def _check_names(names: Iterable[str], what: str, reason: Reason) -> None:
    for name in names:
        if not 0 < len(name) <= MAX_NAME:
            raise _Fault(reason, f"{what} has {len(name)} characters, not 1 to {MAX_NAME}")


def _outputs(event: dict[str, Any], wanted: int = _ALL) -> tuple[dict[str, object], int]:
    """The series of the prediction and the label, and the roles they make. Raises _Fault."""
    outputs: dict[str, object] = {}
    roles = 0
    if wanted & _PREDICTION:
        if "prediction" in event:
            outputs["prediction"] = _one_value(event["prediction"], "prediction")
        if "probability" in event:
            outputs["probability"] = value = event["probability"]
            if not _is_number_or_null(value):
                raise _Fault(Reason.INVALID_PROBABILITIES, f"probability is {_type(value)}, not a number")
        if event.get("probabilities") is not None:
            outputs.update(_probabilities(event["probabilities"]))
        if "latency_ms" in event:
            outputs["latency_ms"] = value = event["latency_ms"]
            if not _is_number_or_null(value):
                raise _Fault(Reason.INVALID_LATENCY, f"latency_ms is {_type(value)}, not a number")
        roles = _PREDICTION if outputs else 0
    if wanted & _LABEL and event.get("label") is not None:
        outputs["label"] = _one_value(event["label"], "label")
        roles |= _LABEL
    return outputs, roles


def _one_value(value: object, part: str) -> object:
    if type(value) is dict or type(value) is list:
        raise _Fault(Reason.INVALID_PREDICTION, f"{part} is {_type(value)}, not one value")
    return value


def _is_number_or_null(value: object) -> bool:
    return type(value) is float or type(value) is int or value is None


def _probabilities(value: Any) -> dict[str, object]:
    reason = Reason.INVALID_PROBABILITIES
    if type(value) is not dict or not value:
        what = "an empty object" if value == {} else _type(value)
        raise _Fault(reason, f"probabilities is {what}, not an object of class and number")
    if len(value) > MAX_CLASSES:
        raise _Fault(reason, f"{len(value)} classes; at most {MAX_CLASSES} are read")
    _check_names(value, "the name of a class", reason)
    for number in value.values():
        if not _is_number_or_null(number):
            raise _Fault(reason, f"a probability is {_type(number)}, not a number")
    return {f"probability:{name}": number for name, number in value.items()}


def _type(value: object) -> str:
    return _TYPES[type(value)]


def _what_is_missing(event: dict[str, Any], rules: Rules) -> str:
    if rules.role is not None:
        return f"no {rules.role.name.lower() if rules.role.name else 'part'} to read from this source"
    if rules.mapping is not None:
        return "the mapping finds neither features nor prediction nor label"
    unknown = [name[:40] for name in event if name not in ENVELOPE][:5]
    return f"neither features nor prediction nor label; other fields: {', '.join(unknown) or 'none'}"
