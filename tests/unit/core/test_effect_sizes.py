"""Against scipy, and formulas written down once more in another way where scipy has none."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats  # type: ignore[import-untyped]  # no stubs
from scipy.spatial.distance import jensenshannon  # type: ignore[import-untyped]  # comes without types
from scipy.stats.contingency import association  # type: ignore[import-untyped]

from stream_monitor.core.detector import FloatArray, Kind
from stream_monitor.core.drift_event import EffectSize, EffectSizes, Severity
from stream_monitor.core.effect_sizes import CHI_SQUARE_95, MAJOR_PSI, THRESHOLDS, effect_sizes, severity_of
from stream_monitor.core.reference import (
    Reference,
    bins_of_numbers,
    boolean,
    learn_categorical,
    learn_numeric,
)

RNG = np.random.default_rng(4)
BEFORE = RNG.normal(10, 3, size=6_000)
NUMERIC = learn_numeric(BEFORE, unusable=0)
CATEGORICAL = learn_categorical(["a"] * 500 + ["b"] * 300 + ["c"] * 200, unusable=0, cap=3)
WINDOWS = {
    "same": RNG.normal(10, 3, 640),
    "shifted": RNG.normal(11.5, 3, 640),
    "wider": RNG.normal(10, 6, 64),
    "far": RNG.normal(40, 1, 320),
}
TABLES = {
    "same": ([500, 300, 200, 0], [100, 60, 40, 0]),
    "shifted": ([500, 300, 200, 0], [20, 40, 30, 0]),
    "unseen": ([500, 300, 200, 0], [20, 30, 20, 30]),
    "other": ([500, 300, 150, 50], [520, 300, 150, 30]),
    "boolean": ([900, 100, 0], [800, 200, 0]),
}


def counts_of(
    values: FloatArray, reference: Reference = NUMERIC
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    bins = bins_of_numbers(values, np.array(reference.edges))
    return np.bincount(bins, minlength=len(reference.counts)).astype(np.int64)


def with_counts(counts: Sequence[int]) -> Reference:
    """A categorical reference; the last count is that of other."""
    names = tuple([f"c{at}" for at in range(len(counts) - 1)])
    return Reference(
        kind=Kind.CATEGORICAL, size=sum(counts), unusable=0, edges=(), categories=names, counts=tuple(counts),
        mean=0.0, scale=1.0, views={},
    )  # fmt: skip


def of_numbers(values: FloatArray, reference: Reference = NUMERIC, mean_shift: float = 0.0) -> EffectSizes:
    return effect_sizes(reference, counts_of(values, reference), mean_shift=mean_shift)


def of_counts(reference: Reference, current: Sequence[int]) -> EffectSizes:
    return effect_sizes(reference, np.array(current, np.int64), mean_shift=0.0)


def of_rates(before: float, now: float, size: int = 2_000) -> EffectSizes:
    """A boolean series with that share of true values before, over 10,000 values, and now."""
    trues = round(now * size)
    return of_counts(boolean(trues=round(before * 10_000), size=10_000, unusable=0), [size - trues, trues, 0])


def of_table(name: str) -> tuple[EffectSizes, list[list[int]]]:
    """Effect sizes of a table whose bins each make a group, and the table without empty columns."""
    before, current = TABLES[name]
    rates = boolean(trues=before[1], size=sum(before), unusable=0)
    reference = rates if name == "boolean" else with_counts(before)
    seen = [(a, b) for a, b in zip(before, current, strict=True) if a + b]
    return of_counts(reference, current), [[a for a, _ in seen], [b for _, b in seen]]


def value_of(size: EffectSize | None) -> float:
    assert size is not None
    return size.value


def of_all(effects: EffectSizes) -> dict[str, EffectSize]:
    sizes = {name: getattr(effects, name) for name in EffectSizes.__dataclass_fields__}
    return {name: size for name, size in sizes.items() if size is not None}


def grouped(reference: Reference, current: list[int]) -> list[list[float]]:
    """Bins inside the range, joined by the tenth of the reference in which each begins; what is outside stays alone."""
    total, before, groups = sum(reference.counts), 0, dict[int, list[float]]()
    last = len(reference.counts) - 1
    for at, (n, m) in enumerate(zip(reference.counts, current, strict=True)):
        place = {0: -1, last: 10}.get(at, min(9, 10 * before // total))
        group = groups.setdefault(place, [0, 0])
        group[0] += n
        group[1] += m
        before += n
    return [list(column) for column in zip(*(g for g in groups.values() if sum(g)), strict=True)]


def chance(table: Sequence[Sequence[float]]) -> float:
    return (len(table[0]) - 1) * sum(1 / sum(row) for row in table)


def psi(table: Sequence[Sequence[float]]) -> float:
    p, q = ([(x + 0.5) / (sum(row) + len(row) / 2) for x in row] for row in table)
    return max(0.0, sum((b - a) * math.log(b / a) for a, b in zip(p, q, strict=True)) - chance(table))


def js_distance(table: Sequence[Sequence[float]]) -> float:
    squared = jensenshannon(*table, base=2) ** 2 - chance(table) / 8 / math.log(2)
    return math.sqrt(max(0.0, squared))


@pytest.mark.parametrize("name", WINDOWS)
def test_numbers(name: str) -> None:
    current = counts_of(WINDOWS[name])
    found = of_numbers(WINDOWS[name])
    table = grouped(NUMERIC, current.tolist())
    assert value_of(found.psi) == pytest.approx(psi(table))
    assert value_of(found.js_distance) == pytest.approx(js_distance(table))
    # samples that lie where the bins' upper edges are: then a bin loses nothing
    places = [np.repeat(np.arange(len(current)), counts) for counts in (NUMERIC.counts, current)]
    assert value_of(found.ks) == pytest.approx(stats.ks_2samp(*places).statistic)
    assert found.chi_square is found.cramers_v is found.l_infinity is None


@pytest.mark.parametrize("name", TABLES)
def test_categories_and_booleans(name: str) -> None:
    found, table = of_table(name)
    n, m = map(sum, table)
    assert value_of(found.psi) == pytest.approx(psi(table))
    assert value_of(found.js_distance) == pytest.approx(js_distance(table))
    expected = stats.chi2_contingency(table, correction=False)
    assert value_of(found.chi_square) == pytest.approx(expected.statistic, abs=1e-9)
    assert found.chi_square is not None
    assert found.chi_square.threshold == pytest.approx(stats.chi2.ppf(0.95, expected.dof), abs=5e-4)
    weighed = np.array([[x * m for x in table[0]], [x * n for x in table[1]]])
    v = math.sqrt(max(0.0, association(weighed, method="cramer") ** 2 - chance(table) / 4))
    assert value_of(found.cramers_v) == pytest.approx(v)
    largest = max(abs(a / n - b / m) for a, b in zip(*table, strict=True))
    assert value_of(found.l_infinity) == pytest.approx(largest)
    assert found.wasserstein is found.ks is None


def test_wasserstein_is_that_of_the_values_where_they_stay_in_range() -> None:
    values = np.clip(RNG.normal(11.5, 3, 20_000), BEFORE.min(), BEFORE.max())
    expected = stats.wasserstein_distance(BEFORE, values) / BEFORE.std()
    assert value_of(of_numbers(values).wasserstein) == pytest.approx(expected, rel=0.1)  # outer bins are wide


def test_wasserstein_of_a_few_values_is_exact() -> None:
    counts = [0, 50, 30, 20, 0]
    few = Reference(
        kind=Kind.NUMERIC, size=100, unusable=0, edges=(0.0, 1.0, 5.0, 5.0), categories=(), counts=tuple(counts),
        mean=1.3, scale=2.0, views={},
    )  # fmt: skip
    after = [0, 20, 60, 20, 0]
    expected = stats.wasserstein_distance([0, 1, 5], [0, 1, 5], counts[1:4], after[1:4]) / 2
    assert value_of(of_counts(few, after).wasserstein) == pytest.approx(expected)


def test_wasserstein_out_of_range_is_at_least_the_shift_of_the_mean() -> None:
    assert value_of(of_numbers(np.full(100, 1_000.0), mean_shift=-5.0).wasserstein) == 5.0


@pytest.mark.parametrize("reference", [NUMERIC, CATEGORICAL, boolean(trues=10, size=1_000, unusable=0)])
def test_identical_shares_have_no_effect(reference: Reference) -> None:
    same = of_counts(reference, reference.counts)
    assert {size.value for size in of_all(same).values()} == {0.0}
    assert not any(size.exceeded for size in of_all(same).values())


@pytest.mark.parametrize("reference", [NUMERIC, CATEGORICAL, boolean(trues=0, size=1_000, unusable=0)])
@pytest.mark.parametrize("empty", ["window", "both"])
def test_an_empty_window_or_reference_divides_by_nothing(reference: Reference, empty: str) -> None:
    nothing = [0] * len(reference.counts)
    if empty == "both":
        reference = Reference(
            kind=reference.kind, size=0, unusable=0, edges=reference.edges, categories=reference.categories,
            counts=tuple(nothing), mean=0.0, scale=1.0, views={},
        )  # fmt: skip
    assert all(math.isfinite(size.value) for size in of_all(of_counts(reference, nothing)).values())


def test_each_value_is_held_against_its_published_threshold() -> None:
    for effects in (of_numbers(WINDOWS["shifted"]), of_table("shifted")[0]):
        for name, size in of_all(effects).items():
            assert size.threshold == THRESHOLDS.get(name, CHI_SQUARE_95[1])  # three categories, 2 degrees
            assert size.exceeded is (size.value >= size.threshold)
    assert EffectSize.of(0.1, 0.1).exceeded  # "from here on"


def test_the_quantiles_of_chi_square_are_scipys_and_enough_for_any_series() -> None:
    degrees = range(1, len(CHI_SQUARE_95) + 1)
    assert tuple(round(float(stats.chi2.ppf(0.95, one)), 3) for one in degrees) == CHI_SQUARE_95
    rng = np.random.default_rng(5)
    for _ in range(300):
        counts = sorted((rng.integers(0, 2, 99) * rng.geometric(0.01, 99)).tolist(), reverse=True)
        many = with_counts([*counts, 5])
        assert of_counts(many, rng.integers(0, 9, 100).tolist()).chi_square is not None


@pytest.mark.parametrize("size", [64, 512])
def test_what_chance_adds_is_taken_off(size: int) -> None:
    """So that a threshold means the same whatever the window: without it PSI is .14 at 64 values, and V .32.

    The root of what is taken off right is low by .0097 on average at 64 values.
    """
    rng = np.random.default_rng(size)  # its own: which tests ran before must not matter to a mean of so few
    found = [of_numbers(rng.normal(10, 3, size)) for _ in range(300)]
    assert float(np.mean([value_of(one.psi) for one in found])) < 0.04
    shares = [0.3, 0.3, 0.4, 0.0]
    tables = [of_counts(CATEGORICAL, rng.multinomial(size, shares).tolist()) for _ in range(900)]
    whole = value_of(of_counts(CATEGORICAL, [30_000, 30_000, 40_000, 0]).cramers_v)
    assert float(np.mean([value_of(one.cramers_v) for one in tables])) == pytest.approx(whole, abs=0.02)


def test_cramers_v_does_not_hang_on_how_large_the_reference_is() -> None:
    found = [of_counts(with_counts([n, n, 0]), [2_000, 8_000, 0]).cramers_v for n in (5_000, 5_000_000)]
    assert [value_of(v) for v in found] == pytest.approx([0.314, 0.314], abs=1e-3)


def test_a_major_shift_of_psi_is_critical() -> None:
    weak, strong = of_numbers(RNG.normal(10.5, 3, 2_000)), of_numbers(RNG.normal(13, 3, 2_000))
    assert value_of(weak.psi) < MAJOR_PSI < value_of(strong.psi)
    assert (severity_of(weak), severity_of(strong)) == (Severity.WARNING, Severity.CRITICAL)


@pytest.mark.parametrize(
    ("before", "now", "severity"),
    [
        (0.5, 0.6, Severity.WARNING),
        (0.5, 0.8, Severity.CRITICAL),
        (0.05, 0.1, Severity.WARNING),  # errors twice as frequent
        (0.05, 0.25, Severity.CRITICAL),
        (0.0, 0.005, Severity.WARNING),  # never missing before
        (0.0, 0.1, Severity.CRITICAL),
        (1.0, 0.995, Severity.WARNING),
        (1.0, 0.9, Severity.CRITICAL),
    ],
)
def test_severity_of_rates(before: float, now: float, severity: Severity) -> None:
    effects = of_rates(before, now)
    h = abs(2 * math.asin(math.sqrt(before)) - 2 * math.asin(math.sqrt(now)))
    assert severity_of(effects) is severity
    if 0 < before < 1:  # elsewhere h knows an end of the scale
        assert value_of(effects.psi) == pytest.approx(h * h, rel=0.2, abs=0.01)
        assert (h >= 0.5) is (severity is Severity.CRITICAL)  # Cohen's medium


def test_severity_of_rare_and_unseen_categories() -> None:
    rare = learn_categorical([*["a"] * 900, *[f"r{at}" for at in range(50)] * 2], unusable=0, cap=40)
    calm, surge = list(rare.counts), list(rare.counts)
    surge[20] += 400  # one of many rare ones
    assert severity_of(of_counts(rare, calm)) is Severity.WARNING
    assert severity_of(of_counts(rare, surge)) is Severity.CRITICAL
    assert severity_of(of_counts(CATEGORICAL, [495, 298, 199, 8])) is Severity.WARNING
    assert severity_of(of_counts(CATEGORICAL, [400, 240, 160, 200])) is Severity.CRITICAL


def test_severity_of_a_constant_and_of_a_heavy_value_that_move() -> None:
    """Nothing moves inside a group of bins without a trace."""
    constant = learn_numeric(np.full(1_000, 7.0), unusable=0)
    for value in (6.0, 8.0):
        assert severity_of(of_numbers(np.full(100, value), constant)) is Severity.CRITICAL
    heavy = learn_numeric(np.concatenate([np.zeros(950), np.linspace(1, 2, 50)]), unusable=0)
    moved = np.concatenate([np.full(300, -1.0), np.zeros(650), np.linspace(1, 2, 50)])
    assert severity_of(of_numbers(moved, heavy)) is Severity.CRITICAL


def test_no_other_effect_size_is_large_where_psi_is_small() -> None:
    """What `severity_of` rests on: PSI >= 4 V² and >= 8 divergences."""
    rng = np.random.default_rng(6)
    for _ in range(200):
        before, now = (rng.dirichlet([0.5] * 3) * 1_000_000).astype(int).tolist(), rng.dirichlet([0.5] * 3)
        found = of_counts(with_counts([*before, 0]), [*(now * 1_000_000).astype(int).tolist(), 0])
        v, nats = value_of(found.cramers_v), value_of(found.js_distance) ** 2 * math.log(2)
        assert value_of(found.psi) >= max(4 * v * v, 8 * nats) - 1e-3
