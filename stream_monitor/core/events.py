"""Events as values: what a record holds once decoded, and why a bad one was rejected.

A bad record is a value here, never an exception. This module knows no wire format and no Kafka.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntFlag, StrEnum
from typing import NamedTuple


class Source(NamedTuple):
    """One input topic-partition."""

    topic: str
    partition: int


class Record(NamedTuple):
    """One message of a source as it arrived. `timestamp`: its own time in ms UTC, -1 when it has none."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()


class Role(IntFlag):
    """What an event carries; it may carry several at once."""

    FEATURES = 1
    PREDICTION = 2
    LABEL = 4


class Row(NamedTuple):
    """One event.

    time: ms UTC. features: name → JSON value. outputs: series name (`prediction`, `probability`, `probability:fraud`,
    `latency_ms`, `label`) → JSON value.
    """

    model: str
    version: str | None
    id: str | None
    time: int
    roles: int
    features: Mapping[str, object]
    outputs: Mapping[str, object]


class Reason(StrEnum):
    """Why a record, or one event of an array, was rejected. A closed list: it labels a metric and a header."""

    NULL_VALUE = "null_value"
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    NOT_AN_EVENT = "not_an_event"
    UNKNOWN_ROLE = "unknown_role"
    MISSING_MODEL = "missing_model"
    UNKNOWN_MODEL = "unknown_model"
    TOO_MANY_MODELS = "too_many_models"
    INVALID_VERSION = "invalid_version"
    INVALID_ID = "invalid_id"
    INVALID_TIME = "invalid_time"
    CLOCK_SKEW = "clock_skew"
    INVALID_FEATURES = "invalid_features"
    INVALID_PREDICTION = "invalid_prediction"
    INVALID_PROBABILITIES = "invalid_probabilities"
    INVALID_LATENCY = "invalid_latency"


class Rejected(NamedTuple):
    """A bad event: where it stands (`item`: its place in an array record, 0 otherwise), why, and what was wrong in words."""

    source: Source
    record: Record
    item: int
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """The rows of some records of one source, in order, each with its offset and place in its record, and the rejects."""

    source: Source
    rows: Sequence[Row]
    offsets: Sequence[int]
    items: Sequence[int]
    rejected: Sequence[Rejected]
