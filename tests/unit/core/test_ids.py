import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core.ids import Ids, joined_ids

texts = st.lists(st.none() | st.sampled_from(["", "e-1", "a longer one", "é", "\N{GRINNING FACE}", "\ud800"]))


@given(texts, st.data())
def test_whatever_is_done_the_texts_are_those_of_a_list(held: list[str | None], data: st.DataObject) -> None:
    ids = Ids.of(held)
    assert ids.texts() == list(ids) == [ids[at] for at in range(len(ids))] == held
    begin = data.draw(st.integers(0, len(held)))
    end = data.draw(st.integers(begin, len(held)))
    assert ids.slice(begin, end).texts() == held[begin:end]
    at = data.draw(st.lists(st.integers(0, len(held) - 1))) if held else []
    taken = ids.take(np.array(at, np.intp))
    assert taken.texts() == [held[one] for one in at]
    for part in (taken, ids.slice(begin, end), joined_ids([taken, ids.slice(begin, end), ids])):
        compact = part.compact()
        assert compact.texts() == part.texts()
        assert len(compact.data) == part.size
        assert part.present.tolist() == [text is not None for text in part.texts()]


def test_no_ids() -> None:
    assert Ids.none(3).texts() == [None, None, None]
    assert not Ids.none(3).present.any()


@pytest.mark.parametrize("rows", [1, 40])
def test_a_small_part_does_not_keep_all_the_bytes(rows: int) -> None:
    ids = Ids.of(["x" * 100] * 100)
    assert len(ids.take(np.arange(rows)).data) == 100 * rows
    assert len(joined_ids([ids.slice(0, rows), ids.slice(50, 50 + rows)]).data) == 200 * rows
