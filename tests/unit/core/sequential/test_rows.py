from collections.abc import Mapping

import numpy as np
import pytest

from stream_monitor.core.detector import Plain
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.fields import Fields
from stream_monitor.core.sequential import rows
from stream_monitor.core.sequential.calendar import Calendar


def test_rows_are_claimed_one_by_one_as_they_begin_and_used_again() -> None:
    calendar = Calendar()
    claimed = [rows.claim(calendar) for _ in range(20)]
    assert sorted(claimed) == list(range(20))
    calendar.total[claimed] = 7.0
    calendar.last[claimed] = 3
    rows.give_back(calendar, claimed[4])
    assert rows.claim(calendar) == claimed[4]
    assert calendar.total[claimed[4]].sum() == 0.0
    assert calendar.last[claimed[4]] == -1
    assert calendar.total[claimed[5]].sum() == 24 * 7.0


def test_a_row_can_be_put_back() -> None:
    calendar = Calendar(3)
    calendar.total += np.arange(3)[:, None]
    copy = rows.saved(calendar, np.array([2, 1]))
    calendar.total[:] = -1.0
    rows.restore(calendar, 1, copy, 1)
    assert calendar.total[:, 0].tolist() == [-1.0, 1.0, -1.0]


def test_load_is_the_inverse_of_dump_and_refuses_other_shapes() -> None:
    calendar, other = Calendar(2), Calendar(3)
    calendar.usual[1], calendar.known[1, 4], calendar.last[1] = 0.5, True, 17
    plains = [rows.dump(calendar, row) for row in range(2)]
    rows.load(other, np.array([1, 2]), [Fields(plain, "calendar") for plain in plains])
    assert [rows.dump(other, row) for row in (0, 1, 2)] == [plains[0], *plains]
    for name in plains[1]:
        for wrong in (b"", None):
            with pytest.raises(CorruptState, match=name):
                _load_both(other, plains[0], {**plains[1], name: wrong})
    with pytest.raises(CorruptState, match="usual: not finite"):
        _load_both(other, plains[0], {**plains[1], "usual": np.full(24, np.nan).tobytes()})


def _load_both(calendar: Calendar, *plains: Mapping[str, Plain]) -> None:
    rows.load(calendar, np.array([0, 1]), [Fields(plain, "calendar") for plain in plains])
