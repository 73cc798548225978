"""What a configuration becomes: rules for records."""

from collections.abc import Mapping
from typing import Any

import pytest

from stream_monitor.app.composition import rules_by_topic
from stream_monitor.config import InvalidConfiguration, load
from stream_monitor.formats.native_json import MAX_RECORD_BYTES

KEY = "ingest.max_record_bytes"


@pytest.mark.parametrize(
    ("written", "read"), [({}, MAX_RECORD_BYTES), ({KEY: 2_000}, 2_000), ({KEY: "512 KiB"}, MAX_RECORD_BYTES)]
)
def test_records_are_read_up_to_the_configured_size(written: Mapping[str, Any], read: int) -> None:
    assert rules_by_topic(load(None, {}, written, for_kafka=False))("events").max_bytes == read


def test_no_size_is_accepted_that_a_batch_cannot_hold() -> None:
    with pytest.raises(InvalidConfiguration, match=f"write {MAX_RECORD_BYTES} or less"):
        load(None, {}, {KEY: MAX_RECORD_BYTES + 1}, for_kafka=False)
