import pytest

from stream_monitor.core.errors import CorruptState
from stream_monitor.core.fields import Fields
from stream_monitor.core.join.names import LARGEST, NOT_KEPT, Names


def test_places_stay_and_free_ones_are_used_again_lowest_first() -> None:
    names = Names(4)
    assert [names.add(text) for text in "abcda"] == [0, 1, 2, 3, 0]
    assert names.add("e") == NOT_KEPT
    names.keep([1])
    assert [names.add(text) for text in "bef"] == [1, 0, 2]
    assert names.texts() == ("e", "b", "f", "")


def test_the_bytes_of_all_texts_are_bounded() -> None:
    names = Names(10)
    assert names.add("x" * LARGEST) == 0
    assert names.add("y") == NOT_KEPT
    names.keep([])
    assert names.add("y") == 0


def test_what_is_loaded_goes_on_alike() -> None:
    names = Names(6)
    for text in "abcde":
        names.add(text)
    names.keep([1, 3])
    loaded = Names.load(Fields({"names": names.dump()}, "of"), "names", 6)
    assert [loaded.add(text) for text in "dxyzw"] == [names.add(text) for text in "dxyzw"]
    assert loaded.dump() == names.dump()


@pytest.mark.parametrize(
    "entries", [[3], [["a", 0]], [[0, "a"], [1, "a"]], [[1, "a"], [0, "b"]], [[70_000, "a"]], [[True, "a"]]]
)
def test_other_entries_are_refused(entries: list[object]) -> None:
    with pytest.raises(CorruptState, match="names"):
        Names.load(Fields({"names": entries}, "of"), "names", 6)  # type: ignore[dict-item]  # what it must refuse
