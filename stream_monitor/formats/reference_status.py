"""What is normal of a model's series on the status topic, key `reference/<model>`: rewritten when a reference changes."""

from collections.abc import Sequence
from functools import cache
from typing import Final

from pydantic import TypeAdapter

from stream_monitor.core.reference_status import ReferenceStatus, SeriesReference
from stream_monitor.formats.cloud_events import to_json
from stream_monitor.formats.encoded import EncodedRecord
from stream_monitor.formats.reading import parsed_record, validated

FORMAT: Final = 1
KEY_PREFIX: Final = "reference/"
HEADERS: tuple[tuple[str, bytes], ...] = (("content-type", b"application/json"),)
MAX_REFERENCE_BYTES: Final = 4_000_000
_WHAT: Final = "reference status"


def encode(status: ReferenceStatus) -> EncodedRecord:
    """The record of `status`; the same status gives the same bytes.

    What does not fit into 4,000,000 bytes is left out and counted under `omitted`: series of segments first, from the last on.
    """
    value = _value(status.model, status.series, 0)
    if len(value) > MAX_REFERENCE_BYTES:
        kept = _fitting(status)
        value = _value(status.model, kept, len(status.series) - len(kept))
    return EncodedRecord((KEY_PREFIX + status.model).encode(), value, HEADERS)


def decode(value: bytes) -> ReferenceStatus:
    """The references in the value of a record; fields that this release does not know are ignored.

    Raises NewerState for a later format, CorruptState for anything else that holds no references.
    """
    return validated(_adapter(), parsed_record(value, FORMAT, _WHAT), _WHAT)


def _value(model: str, series: Sequence[SeriesReference], omitted: int) -> bytes:
    return to_json({"format": FORMAT, "model": model, "series": series, "omitted": {"series": omitted}})


def _fitting(status: ReferenceStatus) -> Sequence[SeriesReference]:
    """The series for which there is room, in their order."""
    room = MAX_REFERENCE_BYTES - len(_value(status.model, (), len(status.series)))
    kept = set()
    for one in sorted(status.series, key=lambda one: one.segment is not None):
        room -= len(to_json(one)) + 1
        if room < 0:
            break
        kept.add((one.series, one.version, one.segment))
    return [one for one in status.series if (one.series, one.version, one.segment) in kept]


@cache
def _adapter() -> TypeAdapter[ReferenceStatus]:
    return TypeAdapter(ReferenceStatus)
