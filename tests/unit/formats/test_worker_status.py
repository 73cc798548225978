import json

import pytest
from jsonschema import Draft202012Validator

from stream_monitor.core.errors import CorruptState, NewerState
from stream_monitor.formats.schemas import SCHEMAS
from stream_monitor.formats.worker_status import GONE_MS, WorkerStatus, decode, encode, farewell
from tests.golden_files import golden
from tests.unit.formats.core_values import NOON
from tests.unit.formats.topic_values import WORKER, YOUNG


def value_of(status: WorkerStatus) -> bytes:
    return encode(status).value or b""


@pytest.mark.parametrize("status", [WORKER, YOUNG])
def test_a_status_comes_back_and_keeps_to_its_schema(status: WorkerStatus) -> None:
    assert decode(value_of(status)) == status
    errors = Draft202012Validator(SCHEMAS["worker"]()).iter_errors(json.loads(value_of(status)))
    assert [error.message for error in errors] == []


def test_the_format_changes_only_on_purpose() -> None:
    reviewed = golden("status/worker_v1.json", value_of(WORKER))
    assert value_of(WORKER) == reviewed
    assert decode(reviewed) == WORKER


def test_it_is_taken_back_under_the_same_key() -> None:
    assert encode(WORKER).key == farewell("monitor-0").key == b"worker/monitor-0"
    assert farewell("monitor-0").value is None


def test_one_that_was_not_heard_of_for_long_is_gone() -> None:
    assert not WORKER.gone(NOON + GONE_MS)
    assert WORKER.gone(NOON + GONE_MS + 1)


def test_what_is_none_is_refused_and_a_later_format_told_apart() -> None:
    with pytest.raises(CorruptState, match="not a worker status: wrong or missing: worker, group, wall"):
        decode(b'{"format": 1}')
    with pytest.raises(NewerState, match="format 2"):
        decode(value_of(WORKER).replace(b'"format":1', b'"format":2'))
