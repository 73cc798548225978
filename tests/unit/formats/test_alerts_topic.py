import pytest

from stream_monitor.core.errors import CorruptState
from stream_monitor.formats import alerts_topic, drift_events, retrain_requests
from tests.unit.formats.core_values import OPENED, REQUEST, RESOLVED


def test_each_type_is_read_as_what_it_is() -> None:
    values = [
        drift_events.encode(OPENED, "g").value,
        retrain_requests.encode(REQUEST, "g").value,
        drift_events.encode(RESOLVED, "g").value,
    ]
    assert [alerts_topic.decode(value or b"") for value in values] == [OPENED, REQUEST, RESOLVED]


@pytest.mark.parametrize(
    "value", [b"", b"{", b"[]", b'{"type": 3}', b'{"type": "io.stream-monitor.retrain.requested.v1"}']
)
def test_anything_else_is_corrupt(value: bytes) -> None:
    with pytest.raises(CorruptState):
        alerts_topic.decode(value)
