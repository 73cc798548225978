import mmap
from typing import Any

import numpy as np
import pytest

from stream_monitor.core.join.pages import zeros


@pytest.mark.parametrize("number", [0, 1, 1_000, 100_000])
@pytest.mark.parametrize("kind", [np.uint64, np.int32, np.uint8])
def test_zeros_that_can_be_written(number: int, kind: type) -> None:
    array = zeros(number, kind)
    assert (array.shape, array.dtype) == ((number,), np.dtype(kind))
    assert not array.any()
    array[:] = 7
    assert (array == 7).all()


def test_large_ones_have_pages_of_their_own() -> None:
    memory: Any = zeros(1 << 20, np.uint8).base
    assert isinstance(memory.obj, mmap.mmap)
    assert zeros(1 << 10, np.uint8).base is None
