"""Files written once and reviewed by their difference. After a change made on purpose: `UPDATE_GOLDEN=1 pytest`."""

import os
from pathlib import Path

GOLDEN = Path(__file__).parent / "golden"


def golden(name: str, current: bytes) -> bytes:
    """The reviewed bytes of `name`; with UPDATE_GOLDEN set, `current` becomes them."""
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(current)
    return path.read_bytes()
