from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core.batch import Cell
from stream_monitor.core.blocks import Blocks, close
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.pattern import Pattern
from stream_monitor.core.window import BLOCK, LENGTH, Summary, Window


def fed(blocks: Blocks, usable: Sequence[bool], first: int = 0) -> list[tuple[list[float], list[int], int]]:
    """The closed blocks: values, rows and the unusable cells before each one's end. A value is its row."""
    rows = np.arange(first, first + len(usable), dtype=np.int64)
    codes = np.where(usable, Cell.NUMBER, Cell.NULL).astype(np.uint8)
    mine = Pattern(codes, rows, rows * 10).numbers
    closed = close([blocks], mine, [mine.of(rows.astype(np.float64))])
    if closed is None:
        return []
    assert closed.times.tolist() == (closed.rows * 10).tolist()
    assert closed.row_ends.tolist() == [[block[0], block[-1]] for block in closed.rows.tolist()]
    return list(zip(closed.numbers[0].tolist(), closed.rows.tolist(), closed.unusable.tolist(), strict=True))


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
    blocks, begin, turn = Blocks(), 0, 0
    found = []
    while begin < len(usable):
        size = sizes[turn % len(sizes)]
        found += fed(blocks, usable[begin : begin + size], begin)
        begin, turn = begin + size, turn + 1
        if reloaded:
            blocks = Blocks.load(blocks.dump())
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
    blocks = Blocks()
    fed(blocks, [True])
    with pytest.raises(CorruptState, match="blocks"):
        Blocks.load({**blocks.dump(), name: value})  # type: ignore[dict-item]


def test_a_full_block_in_waiting_is_corrupt() -> None:
    array = np.zeros(BLOCK).tobytes()
    with pytest.raises(CorruptState, match="do not fit"):
        Blocks.load({**Blocks().dump(), "numbers": array, "rows": array, "times": array})


# ---------------------------------------------------------------------- the window of closed blocks


def summary_of(blocks: int, *, begin: int = 0) -> Summary:
    at = np.arange(begin, begin + blocks)
    rows = np.stack([at * BLOCK, at * BLOCK + BLOCK - 1], axis=1)
    return Summary(
        counts=np.stack([at % 7, at % 5, at % 3], axis=1).astype(np.uint8),
        views=np.stack([at * 0.5, at * -1.0], axis=1),
        moments=np.stack([at * 1.0, at * 2.0], axis=1),
        rows=rows,
        times=rows * 10,
        unusable=at,
    )


def window_of(blocks: int, *, begin: int = 0) -> Window:
    window = Window(bins=3, views=2)
    window.extend(summary_of(blocks, begin=begin))
    return window


def test_only_the_last_blocks_are_kept() -> None:
    window = window_of(LENGTH - 1)
    window.extend(summary_of(10, begin=LENGTH - 1))
    assert len(window) == LENGTH + 9
    assert window.unusable.tolist() == list(range(LENGTH + 9))
    window.trim()
    assert len(window) == LENGTH
    assert window.unusable.tolist() == list(range(9, LENGTH + 9))
    assert window.dump() == window_of(LENGTH, begin=9).dump()


@given(st.lists(st.integers(1, 3 * LENGTH), min_size=1, max_size=40))
def test_the_last_blocks_are_kept_however_they_come(sizes: list[int]) -> None:
    window, begin = Window(bins=3, views=2), 0
    for size in sizes:
        window.extend(summary_of(size, begin=begin))
        window.trim()
        begin += size
        assert len(window) == min(begin, LENGTH)
    assert window.dump() == window_of(len(window), begin=begin - len(window)).dump()


def test_a_window_keeps_nothing_of_arrays_that_others_are_part_of() -> None:
    window, of_all = Window(bins=3, views=2), summary_of(LENGTH + 5)
    window.extend(of_all)
    window.trim()
    window.dump()
    assert not any(
        np.shares_memory(mine, theirs) for mine, theirs in zip(vars_of(window), of_all, strict=True)
    )


def vars_of(window: Window) -> list[object]:
    return [window.counts, window.views, window.moments, window.rows, window.times, window.unusable]


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
    with pytest.raises(CorruptState):
        Window.load(window_of(LENGTH + 1).dump(), bins=3, views=2)
