import struct

import pytest

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.kafka.clients import ClientErrors, make_consumer
from stream_monitor.kafka.membership import is_member, member_metadata
from stream_monitor.kafka.options import KafkaOptions


def metadata(generation: int, member: bytes) -> bytes:
    return b"CGMDv2:" + struct.pack("<i", generation) + b"group\0" + member + b"\0\1"


@pytest.mark.parametrize(
    ("generation", "member", "expected"),
    [(7, b"m-1", True), (0, b"m-1", True), (-1, b"m-1", False), (-1, b"", False), (3, b"", False)],
)
def test_a_member_has_a_generation_and_a_name(generation: int, member: bytes, expected: bool) -> None:
    assert is_member(metadata(generation, member)) is expected


def test_a_generation_may_hold_zero_bytes() -> None:
    assert is_member(metadata(0x00000100, b"m"))
    assert not is_member(metadata(0x00000100, b""))


@pytest.mark.parametrize("text", [b"", b"CGMDv3:" + bytes(20), b"CGMDv2:\0\0", metadata(1, b"m")[:12]])
def test_an_unknown_format_stops(text: bytes) -> None:
    with pytest.raises(StreamMonitorError, match="unknown way"):
        is_member(text)


def test_the_installed_client_speaks_the_known_format_and_is_no_member_before_it_joins() -> None:
    consumer = make_consumer(
        KafkaOptions(bootstrap_servers="127.0.0.1:1", group_id="group"), ClientErrors(), member=True
    )
    assert not is_member(consumer.consumer_group_metadata())
    assert member_metadata(consumer) is None
    consumer.close()
    assert member_metadata(consumer) is None, "it has left, and knows of no group"


class Leaving:
    """What a client says that is on its way out of the group."""

    def consumer_group_metadata(self) -> bytes:
        raise RuntimeError("Consumer group metadata not available")


class Member:
    def consumer_group_metadata(self) -> bytes:
        return metadata(3, b"m-1")


def test_who_is_leaving_is_no_member_any_more() -> None:
    assert member_metadata(Leaving()) is None
    assert member_metadata(Member()) == metadata(3, b"m-1")
