"""Values in units of their own: the kernels and numpy agree in every bit."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.kernels.standardise import score, standardise
from stream_monitor.core.sequential.layout import Layout
from stream_monitor.core.sequential.series import SPREAD
from stream_monitor.core.window import BLOCK
from tests.kernels.numpy_spreads import spreads

wide = st.floats(allow_nan=False, allow_infinity=False)
LAYOUT = Layout.of(np.array([2, 1]))


@given(
    arrays.arrays(np.float64, (3, BLOCK), elements=wide),
    arrays.arrays(np.float64, 2, elements=wide),
    arrays.arrays(np.float64, 2, elements=st.floats(1e-300, 1e300)),
)
def test_units(values: FloatArray, centers: FloatArray, units: FloatArray) -> None:
    with np.errstate(over="ignore"):
        expected = (values - LAYOUT.each(centers)[:, None]) * LAYOUT.each(units)[:, None]
    standardise(values, LAYOUT.first, LAYOUT.size, centers, units, 6.0)
    assert values.tobytes() == np.clip(expected, -6.0, 6.0).tobytes()


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**40), st.integers(0, 2**32))
def test_scores(seed: int, ordinal: int, drawn: int) -> None:
    random = np.random.default_rng(drawn)
    bins, scores = random.integers(0, 4, (3, BLOCK)).astype(np.uint8), random.normal(size=2 * 4 * SPREAD)
    seeds, ordinals = np.array([seed, 5], np.uint64), np.array([ordinal, 7 * BLOCK])
    places, out = np.array([0, 4 * SPREAD]), np.empty((3, BLOCK))
    score(bins, LAYOUT.first, LAYOUT.size, ordinals, seeds, places, scores, out)
    parts = [spreads(seed, ordinal + np.array([0, BLOCK])), spreads(5, np.array([7 * BLOCK]))]
    at = LAYOUT.each(places)[:, None] + bins * np.intp(SPREAD) + np.concatenate(parts)
    assert out.tobytes() == scores[at].tobytes()
