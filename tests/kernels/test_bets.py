"""What is expected where something was seen lately: the kernel and numpy agree in every bit."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.kernels import bets as kernel
from stream_monitor.core.sequential.bets import _CELLS, _TABLE, _polynomials
from stream_monitor.core.sequential.sums import on_grid

LARGEST, LEAST, CAUTION = 64.0, 0.05, 0.1
GRID = 2.0**18


def slow_expect(seen: FloatArray, urns: NDArray[np.int64], basis: FloatArray) -> FloatArray:
    share = urns / urns.sum(axis=1, keepdims=True)
    ratio = on_grid(np.minimum(seen / share, LARGEST), GRID)
    smooth = np.maximum(on_grid(ratio @ basis.T, GRID) @ basis, LEAST) * share
    smooth /= on_grid(smooth, 2.0**40).sum(axis=1, keepdims=True)
    expected: FloatArray = np.stack([seen, smooth], axis=2) * (1.0 - CAUTION)
    expected += (CAUTION * share)[:, :, None]
    return expected


@given(st.data(), st.integers(0, 5), st.integers(2, 40))
def test_what_is_expected(data: st.DataObject, looks: int, bins: int) -> None:
    urns = data.draw(arrays.arrays(np.int64, (looks, bins), elements=st.integers(1, 10**6)))
    lately = data.draw(arrays.arrays(np.int64, (looks, bins), elements=st.integers(0, 10**3)))
    seen = (lately + 1e-3) / (lately + 1e-3).sum(axis=1, keepdims=True)
    out = np.empty((looks, bins, 2))
    kernel.expect(seen, urns, _polynomials(bins), LARGEST, LEAST, CAUTION, out)
    assert out.tobytes() == slow_expect(seen, urns, _polynomials(bins)).tobytes()


def slow_spread(share: FloatArray) -> FloatArray:
    upper = np.cumsum(share, axis=1)[:, :-1] * _CELLS
    cell = np.minimum(upper.astype(np.intp), _CELLS - 1)
    low = _TABLE[cell]
    inner = low + (upper - cell)[..., None] * (_TABLE[cell + 1] - low)
    ends = np.zeros((len(share), 1, inner.shape[2]))
    return np.diff(np.concatenate([ends, inner, ends + 1.0], axis=1), axis=1)


@given(st.data(), st.integers(0, 3), st.integers(2, 40))
def test_what_bins_get(data: st.DataObject, tables: int, bins: int) -> None:
    urns = data.draw(arrays.arrays(np.int64, (tables, bins), elements=st.integers(1, 10**6)))
    share = urns / urns.sum(axis=1, keepdims=True)
    out = np.empty((tables, bins, _TABLE.shape[1]))
    kernel.spread(share, _TABLE, out)
    assert out.tobytes() == slow_spread(share).tobytes()
