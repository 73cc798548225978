"""What a worker says of itself on the status topic, key `worker/<id>`: about every 5 s, as part of a commit.

A worker that stops cleanly takes its record back; of one that died it stays, so a reader calls a worker gone whose `wall` is
older than 60 s.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Final

from pydantic import TypeAdapter

from stream_monitor.formats.cloud_events import to_json
from stream_monitor.formats.encoded import EncodedRecord
from stream_monitor.formats.reading import parsed_record, validated

FORMAT: Final = 1
KEY_PREFIX: Final = "worker/"
HEADERS: tuple[tuple[str, bytes], ...] = (("content-type", b"application/json"),)
GONE_MS: Final = 60_000
_WHAT: Final = "worker status"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignedPartition:
    """A partition that the worker owns. lag: records not committed yet, None where it is not known.

    paused: an input that waits for a slower one.
    """

    topic: str
    partition: int
    lag: int | None
    paused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionLoss:
    """Data that was given up because `on_lost_data` says continue: how often, and how many records where that is known."""

    topic: str
    partition: int
    times: int
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStatus:
    """One worker. Times are its own clock's, ms UTC; counts are since `started`.

    last_checkpoint: of the last committed one, None before it. rejected: by reason. rebalances: by kind. aborted: checkpoints.
    """

    worker: str
    group: str
    wall: int
    started: int
    release: str
    ready: bool
    last_checkpoint: int | None
    assigned: tuple[AssignedPartition, ...] = ()
    rejected: Mapping[str, int] = field(default_factory=dict)
    rebalances: Mapping[str, int] = field(default_factory=dict)
    aborted: int = 0
    losses: tuple[PartitionLoss, ...] = ()

    def gone(self, now: int) -> bool:
        """Whether it has not been heard of for too long at `now`, ms UTC."""
        return now - self.wall > GONE_MS


def encode(status: WorkerStatus) -> EncodedRecord:
    """The record of `status`; the same status gives the same bytes."""
    body = {"format": FORMAT} | {one.name: getattr(status, one.name) for one in fields(status)}
    return EncodedRecord(_key(status.worker), to_json(body), HEADERS)


def farewell(worker: str) -> EncodedRecord:
    """The record that takes the status of `worker` back."""
    return EncodedRecord(_key(worker), None, ())


def decode(value: bytes) -> WorkerStatus:
    """The status in the value of a record; fields that this release does not know are ignored.

    Raises NewerState for a later format, CorruptState for anything else that is no status of a worker.
    """
    return validated(_adapter(), parsed_record(value, FORMAT, _WHAT), _WHAT)


def _key(worker: str) -> bytes:
    return (KEY_PREFIX + worker).encode()


@cache
def _adapter() -> TypeAdapter[WorkerStatus]:
    return TypeAdapter(WorkerStatus)
