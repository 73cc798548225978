import pytest

from stream_monitor.core.events import Reason, Record, Rejected, Source
from stream_monitor.formats.dead_letter import MAX_PAYLOAD_BYTES, encode
from tests.unit.formats.core_values import NOON

ORIGINAL = Record(
    41,
    NOON,
    b"user-7",
    b'{"model":3}',
    [("trace", b"00-1"), ("__connect.errors.topic", b"first"), ("none", None)],
)
REJECTED = Rejected(
    Source("fraud.events", 3), ORIGINAL, 2, Reason.MISSING_MODEL, "model is a number, not text"
)


def test_headers_are_those_of_kafka_connect_and_the_reason() -> None:
    assert dict(encode(REJECTED, "prod", payload=False).headers) == {
        "__connect.errors.topic": b"fraud.events",
        "__connect.errors.partition": b"3",
        "__connect.errors.offset": b"41",
        "__connect.errors.connector.name": b"prod",
        "__connect.errors.stage": b"VALUE_CONVERTER",
        "__connect.errors.class.name": b"stream_monitor.formats.native_json",
        "__connect.errors.exception.class.name": b"stream_monitor.Rejected.missing_model",
        "__connect.errors.exception.message": b"model is a number, not text",
        "stream-monitor-reason": b"missing_model",
        "stream-monitor-detail": b"model is a number, not text",
        "stream-monitor-item": b"2",
        "stream-monitor-payload": b"withheld",
    }


def test_nothing_of_the_original_is_copied_unless_asked_for() -> None:
    key, value, headers = encode(REJECTED, "prod", payload=False)
    assert (key, value) == (None, None)
    assert not [name for name, _ in headers if name == "trace"]


def test_the_original_is_copied_whole_and_ours_is_the_last_word() -> None:
    key, value, headers = encode(REJECTED, "prod", payload=True)
    assert (key, value) == (b"user-7", b'{"model":3}')
    assert headers[:2] == (("trace", b"00-1"), ("__connect.errors.topic", b"first"))
    assert dict(headers)["__connect.errors.topic"] == b"fraud.events"
    assert dict(headers)["stream-monitor-payload"] == b"copied"


@pytest.mark.parametrize(("more", "state"), [(0, b"copied"), (1, b"too_large")])
def test_an_original_that_fits_no_record_is_left_out_and_said_to_be(more: int, state: bytes) -> None:
    record = Record(1, NOON, b"k", bytes(MAX_PAYLOAD_BYTES - 4 + more), [("abc", b"")])
    rejected = Rejected(Source("t", 0), record, 0, Reason.TOO_LARGE, "too large")
    key, value, headers = encode(rejected, "prod", payload=True)
    assert dict(headers)["stream-monitor-payload"] == state
    assert ((key, value) == (None, None)) == (more > 0)


def test_a_null_value_stays_null() -> None:
    rejected = Rejected(
        Source("t", 0), Record(1, -1, None, None), 0, Reason.NULL_VALUE, "the record has no value"
    )
    key, value, headers = encode(rejected, "prod", payload=True)
    assert (key, value) == (None, None)
    assert dict(headers)["stream-monitor-payload"] == b"copied"
