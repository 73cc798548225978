"""What Prometheus gets, byte for byte. After a change made on purpose: `UPDATE_GOLDEN=1 pytest tests/golden`."""

import os
from pathlib import Path

from prometheus_client import generate_latest

from tests.views import full_registry

GOLDEN = Path(__file__).parent / "metrics.txt"


def test_the_exposition_changes_only_on_purpose() -> None:
    text = generate_latest(full_registry()).decode()
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()
