"""Snapshots: the state of one thing as explicit plain fields, and the key it is stored under. Bytes are made in `formats`."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stream_monitor.core.detector import Plain

_JSON: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """State of a model, a series or a part of the join, as it was after every entry of the columns log below `as_of`.

    key: `model/<model>`, `series/<model>/<version>/<series>`; unique in its columns partition. kind: first part of the key.
    state_version: of the fields. library_version: of the library whose internals they mirror, or None.
    parameters: digest of what must not change for the state to stay meaningful (never the budget).
    """

    kind: str
    key: str
    state_version: int
    library_version: str | None
    parameters: str
    as_of: int
    fields: Mapping[str, Plain]


def digest(value: object) -> str:
    """Short stable hash of a JSON-like value."""
    return hashlib.blake2b(_JSON.encode(value).encode(), digest_size=8).hexdigest()
