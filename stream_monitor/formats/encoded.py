"""What a format hands to whoever writes records: key, value and headers. Knows no topic."""

from typing import NamedTuple


class EncodedRecord(NamedTuple):
    """A record ready to be written. value None: a record without value (fine where the topic is not compacted)."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
