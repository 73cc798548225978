from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core.batch import Cell
from stream_monitor.core.blocks import Waiting, together
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.pattern import Pattern
from stream_monitor.core.reference import learn_numeric
from stream_monitor.core.standardise import Lens
from stream_monitor.core.window import BLOCK, LENGTH, Summary, Sums, Window

LENS = Lens(learn_numeric(np.arange(100.0), unusable=0))


def fed(blocks: Waiting, usable: Sequence[bool], first: int = 0) -> list[tuple[list[float], list[int], int]]:
    """The closed blocks: values, rows and the unusable cells before each one's end. A value is its row."""
    rows = np.arange(first, first + len(usable), dtype=np.int64)
    codes = np.where(usable, Cell.NUMBER, Cell.NULL).astype(np.uint8)
    mine = Pattern(codes, rows, rows * 10).numbers
    closed = blocks.add(mine, mine.of(rows.astype(np.float64))[np.newaxis])
    if closed is None:
        return []
    assert closed.times.tolist() == (closed.rows * 10).tolist()
    return list(zip(closed.numbers[0].tolist(), closed.rows.tolist(), closed.unusable.tolist(), strict=True))


def of_numbers(numbers: list[float], begun: int, unusable: int = 0) -> Waiting:
    waiting = Waiting([LENS])
    waiting.numbers, waiting.begun, waiting.unusable = np.array([numbers]), begun, unusable
    waiting.rows = waiting.times = np.arange(len(numbers), dtype=np.int64)
    return waiting


def test_series_wait_together_and_part_again() -> None:
    alone = [of_numbers([1.0, 2.0], 5), of_numbers([3.0, -0.0], 5), of_numbers([3.0, 0.0], 5)]
    assert len({one.step for one in alone}) == 1
    whole = together(alone)
    assert [whole.dump(place) for place in range(3)] == [one.dump() for one in alone]
    assert [whole.of([2, 0]).dump(place) for place in range(2)] == [alone[2].dump(), alone[0].dump()]


def test_series_whose_values_are_the_same_keep_them_once() -> None:
    whole = together([of_numbers([0.0, 1.0], 5)] * 3)
    assert (whole.series, whole.numbers.shape) == (3, (1, 2))
    cells = Pattern(np.full(2, Cell.NUMBER, np.uint8), np.arange(2), np.arange(2)).numbers
    whole.add(cells, np.array([[1.0, 1.0]]))
    assert whole.numbers.shape == (1, 4)
    whole.add(cells, np.array([[1.0, 1.0], [0.0, 1.0], [1.0, 1.0]]))
    assert whole.numbers.tolist() == [[0, 1, 1, 1, *end] for end in ([1, 1], [0, 1], [1, 1])]
    whole.add(cells, np.array([[0.0, 0.0]]))
    assert whole.numbers.shape == (3, 8)
    assert whole.of([1]).dump() == whole.dump(1)


def by_hand(usable: Sequence[bool]) -> list[tuple[list[float], list[int], int]]:
    blocks: list[tuple[list[float], list[int], int]] = []
    rows: list[int] = []
    unusable = 0
    for row, yes in enumerate(usable):
        if not yes:
            unusable += 1
            continue
        rows.append(row)
        if len(rows) == BLOCK:
            blocks.append(([float(r) for r in rows], rows, unusable))
            rows, unusable = [], 0
    return blocks


@given(
    st.lists(st.booleans() | st.just(True), min_size=1, max_size=400),
    st.lists(st.integers(1, 150), min_size=1, max_size=5),
    st.booleans(),
)
def test_blocks_are_the_same_however_cells_come(usable: list[bool], sizes: list[int], reloaded: bool) -> None:
    blocks, begin, turn = Waiting([LENS]), 0, 0
    found = []
    while begin < len(usable):
        size = sizes[turn % len(sizes)]
        found += fed(blocks, usable[begin : begin + size], begin)
        begin, turn = begin + size, turn + 1
        if reloaded:
            blocks = Waiting.load(blocks.dump(), LENS, begun=blocks.begun)
    assert found == by_hand(usable)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("numbers", b""),
        ("numbers", np.zeros(BLOCK).tobytes()),
        ("numbers", np.array([np.inf]).tobytes()),
        ("rows", np.zeros(2, np.int64).tobytes()),
        ("times", b"1"),
        ("unusable", -1),
        ("unusable", None),
    ],
)
def test_blocks_that_do_not_fit_are_corrupt(name: str, value: object) -> None:
    blocks = Waiting([LENS])
    fed(blocks, [True])
    with pytest.raises(CorruptState, match="blocks"):
        Waiting.load({**blocks.dump(), name: value}, LENS, begun=-1)  # type: ignore[dict-item]


def test_a_full_block_in_waiting_is_corrupt() -> None:
    array = np.zeros(BLOCK).tobytes()
    with pytest.raises(CorruptState, match="do not fit"):
        Waiting.load(
            {**Waiting([LENS]).dump(), "numbers": array, "rows": array, "times": array}, LENS, begun=-1
        )


# ---------------------------------------------------------------------- the window of closed blocks


def summary_of(blocks: int, *, begin: int = 0) -> Summary:
    at = np.arange(begin, begin + blocks)
    rows = np.stack([at * BLOCK, at * BLOCK + BLOCK - 1], axis=1)
    sums = Sums(
        counts=np.stack([at % 7, at % 5, at % 3, at % 2], axis=1).astype(np.uint8)[np.newaxis],
        views=np.stack([at * 0.5, at * -1.0], axis=1)[np.newaxis],
        moments=np.stack([at * 1.0, at * 2.0], axis=1)[np.newaxis],
    )
    return Summary(sums, rows=rows, times=rows * 10, unusable=at)


def window_of(blocks: int, *, begin: int = 0) -> Window:
    window = Window(bins=3, views=2)
    window.extend(summary_of(blocks, begin=begin))
    return window


def test_only_the_last_blocks_are_kept() -> None:
    window = window_of(LENGTH - 1)
    window.extend(summary_of(10, begin=LENGTH - 1))
    assert len(window) == LENGTH + 9
    assert window.unusable.tolist() == list(range(LENGTH + 9))
    assert window.dump() == window_of(LENGTH, begin=9).dump()
    window.extend(summary_of(1, begin=LENGTH + 9))
    assert len(window) == LENGTH + 1
    assert window.unusable.tolist() == list(range(9, LENGTH + 10))


@given(st.lists(st.integers(1, 3 * LENGTH), min_size=1, max_size=40))
def test_the_last_blocks_are_kept_however_they_come(sizes: list[int]) -> None:
    window, begin = Window(bins=3, views=2), 0
    for size in sizes:
        window.extend(summary_of(size, begin=begin))
        assert len(window) == min(begin, LENGTH) + size
        begin += size
    kept = min(begin, LENGTH)
    assert window.dump() == window_of(kept, begin=begin - kept).dump()


def test_a_window_keeps_nothing_of_arrays_that_others_are_part_of() -> None:
    window, of_all = Window(bins=3, views=2), summary_of(LENGTH + 5)
    window.extend(of_all)
    mine = [window.counts, window.views, window.moments, window.rows, window.times, window.unusable]
    theirs = [*of_all.sums, *of_all[1:]]
    assert not any(np.shares_memory(one, other) for one, other in zip(mine, theirs, strict=True))


def test_a_window_comes_back_from_its_fields() -> None:
    window = window_of(5)
    assert Window.load(window.dump(), bins=3, views=2).dump() == window.dump()


@pytest.mark.parametrize("name", ["counts", "views", "moments", "rows", "times", "unusable"])
def test_a_window_with_a_missing_or_short_field_is_corrupt(name: str) -> None:
    plain = window_of(5).dump()
    for value in (b"", b"123", None):
        with pytest.raises(CorruptState, match="window"):
            Window.load({**plain, name: value}, bins=3, views=2)
    with pytest.raises(CorruptState):
        Window.load({key: entry for key, entry in plain.items() if key != name}, bins=3, views=2)


def test_a_window_of_another_shape_or_too_long_is_corrupt() -> None:
    with pytest.raises(CorruptState):
        Window.load(window_of(5).dump(), bins=4, views=2)
    one, most = window_of(1).dump(), window_of(LENGTH).dump()
    longer = {name: one[name] + most[name] for name in one}  # type: ignore[operator]  # bytes
    with pytest.raises(CorruptState):
        Window.load(longer, bins=3, views=2)
