import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats  # type: ignore[import-untyped]  # no stubs

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.sequential.bets import (
    ODDS,
    SCALES,
    SHIFTS,
    changed_odds,
    shifted,
    shifted_and_scaled,
)

urns = st.lists(st.integers(1, 10**6), min_size=2, max_size=40).map(lambda places: np.array([places], float))


@given(urns)
def test_rows_are_probabilities(urn: FloatArray) -> None:
    share = urn / urn.sum()
    for tables in (shifted_and_scaled, shifted, changed_odds):
        q = np.exp(tables(share))
        assert (q >= 0).all()
        assert q.sum(axis=2) == pytest.approx(1.0, abs=1e-9)


def test_equal_bins_shifted_and_scaled_are_those_of_the_normal() -> None:
    edges = np.concatenate([[-np.inf], stats.norm.ppf(np.arange(1, 8) / 8), [np.inf]])
    q = np.exp(shifted_and_scaled(np.full((1, 8), 1 / 8)))[0]
    for bettor, (shift, scale) in enumerate(zip(SHIFTS, SCALES, strict=True)):
        assert q[bettor] == pytest.approx(np.diff(stats.norm.cdf(edges, shift, scale)), abs=1e-6)


def test_shifts_are_the_first_ten() -> None:
    share = np.array([[0.2, 0.5, 0.3]])
    assert shifted(share).tolist() == shifted_and_scaled(share)[:, :10].tolist()
    assert shifted(share).shape == (1, 10, 3)


def test_odds_are_changed_and_the_others_stay_in_proportion() -> None:
    share = np.array([[0.5, 0.3, 0.2]])
    q = np.exp(changed_odds(share))[0].reshape(3, len(ODDS), 3)
    for at, own in enumerate(share[0]):
        for bettor, odds in enumerate(ODDS):
            changed = q[at, bettor]
            assert changed[at] / (1 - changed[at]) == pytest.approx(odds * own / (1 - own))
            others = np.arange(3) != at
            assert changed[others] / changed[others].sum() == pytest.approx(
                share[0, others] / share[0, others].sum()
            )
