"""What people do about alerts, on the operations topic: acknowledge one, mute series for a while.

A compacted topic: key `acknowledge/<alert_id>` or `mute/<mute_id>`; a record without value takes it back. Both affect who is
told and what is shown, never detection.
"""

import uuid
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, Final, TypeAlias, TypeVar

import orjson
from pydantic import TypeAdapter

from stream_monitor.core.errors import CorruptState, StreamMonitorError
from stream_monitor.formats.encoded import EncodedRecord
from stream_monitor.formats.reading import parsed_record, validated

FORMAT: Final = 1
HEADERS: Final[tuple[tuple[str, bytes], ...]] = (("content-type", b"application/json"),)
LONGEST_MUTE_MS: Final = 90 * 24 * 60 * 60 * 1000
LONGEST_REASON: Final = 1_000
LONGEST_NAME: Final = 300
_ACKNOWLEDGE: Final = "acknowledge"
_MUTE: Final = "mute"
_WHAT: Final = "known operation"


class RefusedOperation(StreamMonitorError):
    """It breaks a rule of operations; the text says which and what to write instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """Somebody knows of this alert. at: ms UTC."""

    alert_id: str
    by: str
    reason: str
    at: int

    @property
    def key(self) -> str:
        """Of its record."""
        return f"{_ACKNOWLEDGE}/{self.alert_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """Nobody wants to be told of these series until then. series: a glob, `*` for all. at, until: ms UTC."""

    mute_id: str
    model: str
    series: str = "*"
    by: str
    reason: str
    at: int
    until: int

    @property
    def key(self) -> str:
        """Of its record."""
        return f"{_MUTE}/{self.mute_id}"

    def covers(self, model: str, series: str, now: int) -> bool:
        """Whether alerts of the series are muted at `now` (ms UTC).

        >>> mute = Mute(mute_id="m", model="fraud", series="feature:*", by="ann", reason="", at=0, until=10)
        >>> [mute.covers("fraud", name, 5) for name in ("feature:amount", "prediction")]
        [True, False]
        """
        return now < self.until and model == self.model and fnmatchcase(series, self.series)


Operation: TypeAlias = Acknowledgement | Mute
OperationT = TypeVar("OperationT", bound=Operation)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """An operation that no longer holds. action: `acknowledge` or `mute`; id: of the alert or the mute."""

    action: str
    id: str


def new_mute_id() -> str:
    """One that nobody has."""
    return uuid.uuid4().hex[:12]


def checked(operation: OperationT) -> OperationT:
    """The operation, if it keeps the rules; raises RefusedOperation otherwise."""
    texts = {name: value for name, value in asdict(operation).items() if isinstance(value, str)}
    for name, text in texts.items():
        longest = LONGEST_REASON if name == "reason" else LONGEST_NAME
        if not text.strip() and name != "reason":
            raise RefusedOperation(f"{name} must not be empty")
        if len(text) > longest:
            raise RefusedOperation(f"{name} has {len(text)} characters; at most {longest} are allowed")
    if isinstance(operation, Mute):
        if operation.until <= operation.at:
            raise RefusedOperation("a mute must end after now: choose a later end")
        if operation.until - operation.at > LONGEST_MUTE_MS:
            raise RefusedOperation("a mute lasts 90 days at most: choose an earlier end, and mute again then")
    return operation


def encode(operation: Operation) -> EncodedRecord:
    """The record of `operation`; raises RefusedOperation where it breaks a rule."""
    action = _MUTE if isinstance(checked(operation), Mute) else _ACKNOWLEDGE
    body = {"format": FORMAT, "action": action, **asdict(operation)}
    return EncodedRecord(operation.key.encode(), orjson.dumps(body), HEADERS)


def taken_back(action: str, name: str) -> EncodedRecord:
    """The record that takes back what was done: `acknowledge` of an alert, or `mute` by its id."""
    return EncodedRecord(f"{action}/{name}".encode(), None, HEADERS)


def decode(key: bytes | None, value: bytes | None) -> Operation | TakenBack:
    """What a record of the operations topic says; fields that this release does not know are ignored.

    Raises NewerState for a later format, CorruptState for anything else that is no operation.
    """
    try:
        action, slash, name = (key or b"").decode().partition("/")
    except UnicodeDecodeError as error:
        raise CorruptState("not a known operation: its key is not UTF-8") from error
    if not slash or not name or action not in (_ACKNOWLEDGE, _MUTE):
        raise CorruptState("not a known operation: its key is not acknowledge/<alert_id> or mute/<mute_id>")
    if value is None:
        return TakenBack(action=action, id=name)
    operation = _parsed(action, value)
    if operation.key != f"{action}/{name}":
        raise CorruptState("not a known operation: its key and its value do not agree")
    return operation


def _parsed(action: str, value: bytes) -> Operation:
    body = parsed_record(value, FORMAT, _WHAT)
    if body.get("action") != action:
        raise CorruptState(f"not a known operation: its action is not {action}")
    found: Operation = validated(_adapter(Mute if action == _MUTE else Acknowledgement), body, _WHAT)
    try:
        return checked(found)
    except RefusedOperation as error:
        raise CorruptState(f"not a known operation: {error}") from error


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
