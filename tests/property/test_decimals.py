"""Whatever numbers a column holds, they come back to the last bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.formats import decimals
from stream_monitor.formats.decimals import AS_IT_IS, scaled, unscaled

rounded = st.integers(-(2**33), 2**33).flatmap(
    lambda whole: st.sampled_from([whole / 10**d for d in range(8)])
)
numbers = st.one_of(
    rounded,
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        [0.0, -0.0, 0.1, 2.0**31, -(2.0**31), 2.0**31 - 1, 1e308, 5e-324, 214748.3647, 0.30000000000000004]
    ),
)


@given(st.lists(st.lists(numbers, min_size=3, max_size=3), max_size=5))
def test_columns_come_back_bit_for_bit(columns: list[list[float]]) -> None:
    cells = np.array(columns, np.float64).reshape(-1, 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decimals, "ROWS", 1)
        parts = scaled(cells)
    back = unscaled(parts, 3)
    assert back.view(np.int64).tolist() == cells.view(np.int64).tolist()
    fitted = sum(one != AS_IT_IS for one in parts.decimals)
    assert (parts.planes.size, len(parts.others)) == (fitted * 12, len(cells) - fitted)


@pytest.mark.parametrize("places", range(7))
def test_rounded_numbers_are_whole_ones_and_one_that_is_not_leaves_its_column_as_it_is(places: int) -> None:
    column = np.round(np.random.default_rng(places).normal(50, 10, 2_000), places)
    assert scaled(np.array([column, column])).decimals == (places, places)
    odd = column.copy()
    odd[1_999] = 1 / 3
    parts = scaled(np.array([odd, column]))
    assert parts.decimals == (AS_IT_IS, places)
    assert parts.others.tolist() == [odd.tolist()]


def test_few_rows_stay_as_they_are() -> None:
    parts = scaled(np.ones((2, decimals.ROWS - 1)))
    assert parts.decimals == ()
    assert unscaled(parts, decimals.ROWS - 1) is parts.others
