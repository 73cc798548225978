"""Figures against plain counting by the definitions of fairlearn, and intervals against simulation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core.segments.fairness_figures import fairness_figures
from stream_monitor.core.segments.parameters import TOLERANCES

CASES = st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), min_size=1, max_size=200)


def rates(cases: list[tuple[int, bool, bool]], least: int) -> list[float]:
    """fairlearn.metrics.selection_rate by group, as MetricFrame(...).by_group does it."""
    found = []
    for group in sorted({group for group, _, _ in cases}):
        mine = [favoured for other, favoured, _ in cases if other == group]
        if len(mine) >= least:
            found.append(sum(mine) / len(mine))
    return found


@given(cases=CASES, least=st.integers(1, 20))
def test_figures_are_those_of_plain_counting(cases: list[tuple[int, bool, bool]], least: int) -> None:
    places = np.array([group for group, _, _ in cases])
    favoured, true = (np.array([case[at] for case in cases]) for at in (1, 2))
    figures = fairness_figures(
        np.bincount(places[favoured], minlength=4),
        np.bincount(places, minlength=4),
        np.bincount(places[favoured & true], minlength=4),
        np.bincount(places[true], minlength=4),
        least=least,
    )
    all_rates, true_rates = rates(cases, least), rates([case for case in cases if case[2]], least)
    expected = {
        "demographic_parity_difference": max(all_rates) - min(all_rates) if len(all_rates) > 1 else None,
        "equal_opportunity_difference": max(true_rates) - min(true_rates) if len(true_rates) > 1 else None,
        "disparate_impact": min(all_rates) / max(all_rates)
        if len(all_rates) > 1 and max(all_rates)
        else None,
    }
    assert figures.keys() == expected.keys() == TOLERANCES.keys()
    for name, value in expected.items():
        one = figures[name]
        assert one.value == value or (value is not None and math.isclose(one.value or 0.0, value))
        assert (one.value is None) == (one.reason is not None)
        if one.value is not None:
            assert one.low is not None
            assert one.high is not None
            assert one.low <= one.value <= one.high


@pytest.mark.parametrize(
    ("p", "q", "n", "m"), [(0.3, 0.5, 300, 150), (0.02, 0.2, 400, 60), (0.75, 0.95, 80, 500)]
)
def test_intervals_cover_what_is_true_as_often_as_they_say(p: float, q: float, n: int, m: int) -> None:
    rng = np.random.default_rng(5)
    covered = {"demographic_parity_difference": 0, "disparate_impact": 0}
    runs = 2_000
    for _ in range(runs):
        hits = np.array([rng.binomial(n, p), rng.binomial(m, q)])
        cases = np.array([n, m])
        figures = fairness_figures(hits, cases, hits, cases, least=30)
        for name, true in (("demographic_parity_difference", q - p), ("disparate_impact", p / q)):
            one = figures[name]
            covered[name] += one.low is not None and one.high is not None and one.low <= true <= one.high
    for name, times in covered.items():
        assert 0.93 <= times / runs <= 0.995, (name, times / runs)


def test_the_interval_is_wider_the_more_groups_it_was_chosen_from() -> None:
    def width(groups: int) -> float:
        cases = np.full(groups, 200)
        hits = np.array([60, 100, *[80] * (groups - 2)])
        one = fairness_figures(hits, cases, hits, cases, least=30)["demographic_parity_difference"]
        assert one.low is not None
        assert one.high is not None
        assert (one.lowest, one.highest) != (None, None)
        return one.high - one.low

    assert width(2) < width(3) < width(10)


def test_where_nobody_is_favoured_there_is_no_ratio() -> None:
    one = fairness_figures(*(np.array(n) for n in ([0, 0], [50, 50], [0, 0], [50, 50])), least=30)
    assert one["disparate_impact"].reason == "nobody is favoured"
    assert one["demographic_parity_difference"].value == 0.0
