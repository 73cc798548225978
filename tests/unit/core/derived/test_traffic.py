from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core.derived import traffic
from stream_monitor.core.derived.traffic import Traffic
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.events import Row
from stream_monitor.core.series import SeriesKey, SeriesSlice
from tests.unit.core.batches import T0, batch_of, row

SECOND = 1_000
START = T0 // SECOND * SECOND


def at(seconds: float, *, label: bool = False) -> Row:
    time = START + round(seconds * SECOND)
    return row(None, time=time, label=1) if label else row({"x": 1.0}, time=time)


def counted(counter: Traffic, rows: Sequence[Row], first: int = 0) -> list[tuple[float, int, int]]:
    """Count, row and second of every span that was complete."""
    slices = counter.observe(batch_of(rows), first) if rows else ()
    return [told for one in slices for told in of(one)]


def of(one: SeriesSlice) -> list[tuple[float, int, int]]:
    assert one.key == SeriesKey("traffic", None)
    seconds = (one.times - START) // SECOND
    return list(zip(one.column.values.tolist(), one.rows.tolist(), seconds.tolist(), strict=True))


def test_a_span_is_counted_when_a_row_of_a_later_one_comes_and_empty_ones_count_as_none() -> None:
    rows = [at(0.2), at(0.9), at(1.1), at(1.2), at(1.9), at(2.0), at(5.5), at(6.0)]
    assert counted(Traffic(SECOND), rows) == [
        (3.0, 5, 1),  # the span of the first row may have begun before it: it is left out
        (1.0, 6, 2),
        (0.0, 6, 3),
        (0.0, 6, 4),
        (1.0, 7, 5),
    ]


def test_labels_are_not_counted_though_they_move_time_on() -> None:
    rows = [at(0), at(1), at(1.5, label=True), at(2.5, label=True), at(3.0, label=True)]
    assert [count for count, *_ in counted(Traffic(SECOND), rows)] == [1.0, 0.0]


def test_a_late_row_counts_where_it_comes() -> None:
    rows = [at(0), at(1), at(2), at(1.5), at(3)]
    assert [count for count, *_ in counted(Traffic(SECOND), rows)] == [1.0, 2.0]


def test_a_silence_without_end_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "LONGEST", 3)
    rows = [at(0), at(1), at(10**8), at(10**8 + 1)]
    assert [count for count, *_ in counted(Traffic(SECOND), rows)] == [1.0, 0.0, 0.0, 1.0]


@given(
    gaps=st.lists(st.sampled_from([0.0, 0.1, 0.4, 1.0, 3.7]), min_size=2, max_size=60),
    cuts=st.sets(st.integers(1, 59)),
    reborn=st.integers(0, 59),
)
def test_counts_are_those_of_a_histogram_however_rows_are_cut(
    gaps: list[float], cuts: set[int], reborn: int
) -> None:
    seconds = np.cumsum(gaps)
    rows = [at(float(second)) for second in seconds]
    borders = [0, *sorted(cut for cut in cuts if cut < len(rows)), len(rows)]
    counter, found = Traffic(SECOND), []
    for begin, end in pairwise(borders):
        if begin >= reborn:
            stored = counter.dump()
            counter = Traffic(SECOND)
            counter.load(stored)
        found += counted(counter, rows[begin:end], begin)
    spans = ((seconds * SECOND).round() // SECOND).astype(int)
    wanted = np.bincount(spans)[spans[0] + 1 : spans[-1]]
    assert [count for count, *_ in found] == wanted.tolist()


def test_spans_of_another_length_begin_anew_and_nonsense_is_corrupt() -> None:
    counter = Traffic(SECOND)
    counted(counter, [at(0), at(1), at(1.5)])
    other = Traffic(2 * SECOND)
    other.load(counter.dump())
    assert counted(other, [at(100), at(102), at(104)]) == [(1.0, 2, 102)]
    with pytest.raises(CorruptState):
        other.load({**counter.dump(), "count": -1})
