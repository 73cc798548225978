"""Sums on grids: the kernel and numpy agree in every bit, for any numbers."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.sequential.autocorrelation import LAGS, SUMS, sums_of
from stream_monitor.core.window import BLOCK


def slow_sums_of(line: FloatArray) -> FloatArray:
    values = np.rint(np.clip(line, -8.0, 8.0) * 256.0) / 256.0
    sums = np.empty((len(line), 2, SUMS))
    for at, y in enumerate((values, values**2)):
        now = y[:, LAGS:]
        sums[:, at, 0] = now.sum(axis=1)
        sums[:, at, 1] = (now * now).sum(axis=1)
        for lag in range(1, LAGS + 1):
            sums[:, at, 1 + lag] = (now * y[:, LAGS - lag : -lag]).sum(axis=1)
        sums[:, at, -1] = sums[:, at, 0] ** 2
    return sums


@given(
    arrays.arrays(
        np.float64, st.tuples(st.integers(0, 5), st.just(LAGS + BLOCK)), elements=st.floats(allow_nan=False)
    )
)
def test_sums_of_lines(line: FloatArray) -> None:
    assert sums_of(line).tobytes() == slow_sums_of(line).tobytes()
