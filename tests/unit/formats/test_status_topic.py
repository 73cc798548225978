import pytest

from stream_monitor.core.errors import NewerState
from stream_monitor.formats import reference_status, status, worker_status
from stream_monitor.formats.encoded import EncodedRecord
from stream_monitor.formats.status_topic import Kept, decode
from tests.unit.formats.core_values import STATUS
from tests.unit.formats.topic_values import REFERENCES, WORKER


@pytest.mark.parametrize(
    ("record", "kept"),
    [
        (status.encode(STATUS, "group"), STATUS),
        (worker_status.encode(WORKER), WORKER),
        (reference_status.encode(REFERENCES), REFERENCES),
    ],
)
def test_what_is_on_the_status_topic_is_told_apart_by_key(record: EncodedRecord, kept: Kept) -> None:
    assert decode(record.key or b"", record.value or b"") == kept


def test_a_key_of_a_later_release_is_named() -> None:
    with pytest.raises(NewerState, match="holds 'incident'"):
        decode(b"incident/1", b"{}")
