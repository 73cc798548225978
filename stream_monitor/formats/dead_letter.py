"""Rejected events on the dead-letter topic. Where it came from and what was wrong are headers, named as Kafka Connect names
them, so that tools which read Connect's dead letters read ours.

By default neither the record's value and key nor its headers are copied: they may hold personal data. Key and value are then
null (the topic is not compacted); topic, partition and offset lead to the original while the input topic keeps it.
"""

from stream_monitor.core.events import Rejected
from stream_monitor.formats.encoded import EncodedRecord

CONNECT = "__connect.errors."
REASON_HEADER = "stream-monitor-reason"
DETAIL_HEADER = "stream-monitor-detail"
ITEM_HEADER = "stream-monitor-item"
PAYLOAD_HEADER = "stream-monitor-payload"
MAX_PAYLOAD_BYTES = 900_000
"""Largest original (key, value and headers) that is copied: with our headers it still fits a broker's default limit."""


def encode(rejected: Rejected, group: str, *, payload: bool) -> EncodedRecord:
    """The dead letter of `rejected`, seen by the consumer group `group`.

    payload: copy the original key, value and headers. The header `stream-monitor-payload` says what the value is: `copied`
    (the original, which may itself be null), `withheld`, or `too_large`. One bad event of an array is one dead letter with
    the whole record as its original; `stream-monitor-item` is the place of the event in it.
    """
    record = rejected.record
    originals = [(name, value) for name, value in record.headers if value is not None]
    size = len(record.key or b"") + len(record.value or b"")
    size += sum(len(name.encode()) + len(value) for name, value in originals)
    state = "withheld" if not payload else "too_large" if size > MAX_PAYLOAD_BYTES else "copied"
    described = {
        CONNECT + "topic": rejected.source.topic,
        CONNECT + "partition": str(rejected.source.partition),
        CONNECT + "offset": str(record.offset),
        CONNECT + "connector.name": group,
        CONNECT + "stage": "VALUE_CONVERTER",  # the name Connect gives to the step that makes values of bytes
        CONNECT + "class.name": "stream_monitor.formats.native_json",
        CONNECT + "exception.class.name": f"stream_monitor.Rejected.{rejected.reason}",
        CONNECT + "exception.message": rejected.detail,
        REASON_HEADER: str(rejected.reason),
        DETAIL_HEADER: rejected.detail,
        ITEM_HEADER: str(rejected.item),
        PAYLOAD_HEADER: state,
    }
    headers = tuple([(name, text.encode()) for name, text in described.items()])
    if state != "copied":
        return EncodedRecord(None, None, headers)
    return EncodedRecord(record.key, record.value, (*originals, *headers))
