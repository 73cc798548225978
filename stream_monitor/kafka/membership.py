"""Whether we are a member of the group at this moment: reads the bytes that the consumer hands to the producer.

A broker accepts the offsets of a transaction without any check when the member id is empty and the generation -1
(clients older than KIP-447 send that), and this is what a consumer says between being thrown out and joining again: a
process that was paused and has lost its partitions could commit over their new owner. Measured on Kafka 4.1.
"""

import struct
from typing import Final, Protocol

from stream_monitor.core.errors import StreamMonitorError

_MAGIC: Final = b"CGMDv2:"


class Joiner(Protocol):
    """What is asked of a `confluent_kafka.Consumer`."""

    def consumer_group_metadata(self) -> bytes:
        """Group, generation and member id. Raises RuntimeError when it knows none."""
        ...


def member_metadata(consumer: Joiner) -> bytes | None:
    """Of this moment, never to be kept: the generation moves. None: no member now.

    Raises StreamMonitorError when the format is unknown: then nothing may be committed.
    """
    try:
        metadata = consumer.consumer_group_metadata()
    except (
        RuntimeError
    ):  # "not available": it is already leaving. Measured, in the last revocation of a stop.
        return None
    return metadata if is_member(metadata) else None


def is_member(metadata: bytes) -> bool:
    """Whether `Consumer.consumer_group_metadata()` names a member with a generation that a broker would check.

    Raises StreamMonitorError when the format is unknown: then nothing may be committed.

    >>> is_member(b"CGMDv2:" + struct.pack("<i", -1) + b"group" + bytes(2) + b"x")
    False
    >>> is_member(b"CGMDv2:" + struct.pack("<i", 7) + b"group" + bytes(1) + b"member-1" + bytes(1) + b"x")
    True
    """
    if not metadata.startswith(_MAGIC) or metadata.count(b"\0", len(_MAGIC) + 4) < 2:
        raise StreamMonitorError(
            "this release of confluent-kafka describes group members in an unknown way, so that commits could not be"
            " checked; install the version in the project's lock file"
        )
    (generation,) = struct.unpack_from("<i", metadata, len(_MAGIC))
    member_id = metadata[len(_MAGIC) + 4 :].split(b"\0")[1]
    return generation >= 0 and member_id != b""
