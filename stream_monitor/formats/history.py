"""What came between two snapshots of a model, on the history topic, key `model/<model>`: increments, to be added up.

A record is written in the transaction of the model's snapshot, so the sum over all of them is exact, whatever crashed.
"""

from collections.abc import Iterator
from dataclasses import fields, replace
from functools import cache
from typing import Final

from pydantic import TypeAdapter

from stream_monitor.core.history import ModelHistory, SeriesHistory
from stream_monitor.formats.cloud_events import to_json
from stream_monitor.formats.encoded import EncodedRecord
from stream_monitor.formats.reading import parsed_record, validated

FORMAT: Final = 1
KEY_PREFIX: Final = "model/"
HEADERS: tuple[tuple[str, bytes], ...] = (("content-type", b"application/json"),)
MAX_HISTORY_BYTES: Final = 900_000
_WHAT: Final = "history"


def encode(history: ModelHistory) -> Iterator[EncodedRecord]:
    """The records of `history`, each of at most 900,000 bytes: one, or as many parts as it takes.

    The first holds what is not of a series. The same history gives the same bytes. Cost: 5 µs a series.
    """
    first = replace(history, series=(), part=0, parts=1)
    parts = [(first, list(group)) for group in _groups(history, MAX_HISTORY_BYTES - len(_value(first)) - 64)]
    for at, (head, series) in enumerate(parts):
        rest = head if at == 0 else replace(head, rows=(), performance=(), labels=None)
        value = _value(replace(rest, series=tuple(series), part=at, parts=len(parts)))
        yield EncodedRecord((KEY_PREFIX + history.model).encode(), value, HEADERS)


def decode(value: bytes) -> ModelHistory:
    """The history in the value of a record; fields that this release does not know are ignored.

    Raises NewerState for a later format, CorruptState for anything else that is no history.
    """
    return validated(_adapter(), parsed_record(value, FORMAT, _WHAT), _WHAT)


def _groups(history: ModelHistory, room: int) -> Iterator[list[SeriesHistory]]:
    """The series in runs that take at most `room` bytes each; at least one run, perhaps an empty one."""
    group: list[SeriesHistory] = []
    left = room
    for one in history.series:
        size = len(to_json(one)) + 1
        if group and size > left:
            yield group
            group, left = [], room
        group.append(one)
        left -= size
    yield group


def _value(history: ModelHistory) -> bytes:
    body = {"format": FORMAT} | {one.name: getattr(history, one.name) for one in fields(history)}
    return to_json(body)


@cache
def _adapter() -> TypeAdapter[ModelHistory]:
    return TypeAdapter(ModelHistory)
