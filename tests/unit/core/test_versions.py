import pytest

from stream_monitor.core import versions
from stream_monitor.core.batch import ColumnBatch
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.versions import Versions
from tests.unit.core.batches import batch_of, row


def batch_with(*names: str | None) -> ColumnBatch:
    return batch_of([row(prediction=1.0, version=name) for name in names])


def test_a_version_retires_after_it_has_been_silent_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "RETIRED_ROWS", 10)
    live = Versions()
    live.observe(batch_with("1", "2", None), 100)
    live.observe(batch_with("2"), 103)
    assert live.retire(110) == []
    assert live.retire(111) == ["1"]
    assert live.retire(111) == []
    assert live.dump() == {"last": [["2", 103]]}
    live.observe(batch_with("1"), 111)
    assert live.retire(114) == ["2"]


def test_rows_without_a_version_never_retire_anything() -> None:
    live = Versions()
    live.observe(batch_with(None, None), 0)
    assert live.retire(10**9) == []


def test_versions_are_kept_in_one_order_whoever_appeared_first() -> None:
    live = Versions()
    live.observe(batch_with("2", None, "1", "2"), 0)
    assert live.dump() == {"last": [["1", 2], ["2", 3]]}


def test_a_dump_is_the_whole_state() -> None:
    live = Versions()
    live.observe(batch_with("b", "a"), 5)
    assert Versions.load(live.dump()).dump() == live.dump()


@pytest.mark.parametrize("last", [[["1"]], [[1, 2]], [["1", "2"]], [["1", True]], "no", None])
def test_fields_that_make_no_sense_are_corrupt(last: object) -> None:
    with pytest.raises(CorruptState):
        Versions.load({"last": last})  # type: ignore[dict-item]
