"""Against formulas written down once more in another way, and scipy's Jensen-Shannon distance."""

import math

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon  # type: ignore[import-untyped]
from scipy.stats import wasserstein_distance  # type: ignore[import-untyped]

from stream_monitor.core.detector import Kind
from stream_monitor.core.drift_event import Severity
from stream_monitor.core.effect_sizes import MAJOR_PSI, effect_sizes, severity_of
from stream_monitor.core.reference import Reference, bins_of_numbers, learn_categorical, learn_numeric

RNG = np.random.default_rng(4)
BEFORE = RNG.normal(10, 3, size=6_000)
NUMERIC = learn_numeric(BEFORE, unusable=0)
CATEGORICAL = learn_categorical(["a"] * 500 + ["b"] * 300 + ["c"] * 200, unusable=0, cap=3)


def counts_of(
    values: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    bins = bins_of_numbers(values, np.array(NUMERIC.edges))
    return np.bincount(bins, minlength=len(NUMERIC.counts)).astype(np.int64)


def grouped(reference: Reference, current: list[int]) -> tuple[list[float], list[float]]:
    """Neighbouring bins, joined by the tenth of the reference in which each begins; half a count more in each group."""
    total, before, groups = sum(reference.counts), 0, dict[int, list[float]]()
    for n, m in zip(reference.counts, current, strict=True):
        group = groups.setdefault(min(9, 10 * before // total), [0.5, 0.5])
        group[0] += n
        group[1] += m
        before += n
    return [p for p, _ in groups.values()], [q for _, q in groups.values()]


def psi(p: list[float], q: list[float]) -> float:
    n, m = sum(p), sum(q)
    raw = sum((b / m - a / n) * math.log((b / m) / (a / n)) for a, b in zip(p, q, strict=True))
    return max(0.0, raw - (len(p) - 1) * (1 / n + 1 / m))


@pytest.mark.parametrize(
    "values",
    [RNG.normal(10, 3, 640), RNG.normal(11.5, 3, 640), RNG.normal(10, 6, 64), RNG.normal(40, 1, 320)],
    ids=["same", "shifted", "wider", "far"],
)
def test_numeric_effect_sizes(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    current = counts_of(values)
    found = effect_sizes(NUMERIC, current, mean_shift=0.0)
    p, q = grouped(NUMERIC, current.tolist())
    assert found.psi == pytest.approx(psi(p, q))
    assert found.js_distance == pytest.approx(jensenshannon(p, q, base=2))
    steps = np.cumsum(np.array(NUMERIC.counts) / sum(NUMERIC.counts)) - np.cumsum(current / current.sum())
    assert found.ks == pytest.approx(max(abs(step) for step in steps.tolist()))


def test_wasserstein_is_that_of_the_values_where_they_stay_in_range() -> None:
    values = np.clip(RNG.normal(11.5, 3, 20_000), BEFORE.min(), BEFORE.max())
    found = effect_sizes(NUMERIC, counts_of(values), mean_shift=0.0).wasserstein
    assert found == pytest.approx(
        wasserstein_distance(BEFORE, values) / BEFORE.std(), rel=0.1
    )  # the outer bins are wide


def test_wasserstein_out_of_range_is_at_least_the_shift_of_the_mean() -> None:
    current = counts_of(np.full(100, 1_000.0))
    assert effect_sizes(NUMERIC, current, mean_shift=-5.0).wasserstein == 5.0


def test_identical_shares_have_no_effect() -> None:
    same = effect_sizes(NUMERIC, np.array(NUMERIC.counts), mean_shift=0.0)
    assert (same.psi, same.js_distance, same.wasserstein, same.ks) == (0.0, 0.0, 0.0, 0.0)


def test_categories_have_no_wasserstein_and_their_ks_is_the_largest_difference_of_a_share() -> None:
    found = effect_sizes(CATEGORICAL, np.array([20, 30, 20, 30]), mean_shift=9.0)
    assert found.wasserstein is None
    assert found.ks == pytest.approx(0.3)  # of a, and of other
    assert CATEGORICAL.kind is Kind.CATEGORICAL


def test_an_empty_window_or_reference_divides_by_nothing() -> None:
    found = effect_sizes(NUMERIC, np.zeros(len(NUMERIC.counts), np.int64), mean_shift=0.0)
    assert all(math.isfinite(x) for x in (found.psi, found.js_distance, found.ks))


def test_psi_without_its_bias_is_near_0_for_small_windows_of_the_same_distribution() -> None:
    found = [effect_sizes(NUMERIC, counts_of(RNG.normal(10, 3, 64)), mean_shift=0.0).psi for _ in range(200)]
    assert float(np.mean(found)) < 0.06  # with the bias 0.14


def test_the_usual_threshold_of_psi_is_what_makes_an_effect_critical() -> None:
    weak = effect_sizes(NUMERIC, counts_of(RNG.normal(10.5, 3, 2_000)), mean_shift=0.0)
    strong = effect_sizes(NUMERIC, counts_of(RNG.normal(13, 3, 2_000)), mean_shift=0.0)
    assert weak.psi < MAJOR_PSI < strong.psi
    assert (severity_of(weak), severity_of(strong)) == (Severity.WARNING, Severity.CRITICAL)
