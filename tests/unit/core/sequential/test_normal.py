"""Against scipy, which river brings."""

import numpy as np
import pytest
from scipy import stats  # type: ignore[import-untyped]  # no stubs

from stream_monitor.core.sequential import normal


def test_quantiles_are_scipys() -> None:
    p = np.concatenate([np.linspace(1e-6, 1 - 1e-6, 20_001), [1e-12, 0.02425, 0.97575, 1 - 1e-12]])
    assert normal.quantile(p) == pytest.approx(stats.norm.ppf(p), rel=2e-9, abs=2e-9)


def test_the_distribution_is_scipys() -> None:
    x = np.linspace(-9, 9, 20_001)
    assert normal.distribution(x) == pytest.approx(stats.norm.cdf(x), abs=1.5e-7)


def test_the_distribution_rises_and_is_symmetric() -> None:
    """Else a bin would have a negative probability under a bettor."""
    x = np.linspace(-12, 12, 100_001)
    value = normal.distribution(x)
    assert (np.diff(value) >= 0).all()
    assert value + normal.distribution(-x) == pytest.approx(1.0, abs=1e-8)


def test_any_shape_passes_through() -> None:
    assert normal.quantile(np.full((2, 3, 1), 0.5)).shape == (2, 3, 1)
    assert normal.distribution(np.zeros((4, 0))).shape == (4, 0)
