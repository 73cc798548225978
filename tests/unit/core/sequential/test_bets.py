import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats  # type: ignore[import-untyped]  # no stubs

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.sequential import bets
from stream_monitor.core.sequential.choices import ODDS, SCALES, SHIFTS, SKEWED, TILTS

urns = st.lists(st.integers(1, 10**6), min_size=2, max_size=40).map(lambda places: np.array([places], float))
EQUAL = np.full((1, 32), 1 / 32)


@given(urns, urns)
def test_tables_are_probabilities_and_never_more(urn: FloatArray, other: FloatArray) -> None:
    share = urn / urn.sum()
    seen = np.resize(other, urn.shape)
    late = bets.recent(seen / seen.sum(), urn.astype(np.int64))
    for table in (bets.ordered(share), bets.levels(share), bets.constant(share), late):
        total = np.exp(table).sum(axis=1)
        assert total == pytest.approx(1.0, abs=1e-6)
        assert (total <= 1.0 + 1e-12).all()


def test_priors_are_a_partition() -> None:
    for priors, share in (
        (bets.ordered_priors(32), 1.0),
        (bets.levels_priors(3), 0.8),
        (bets.constant_priors(2), 0.8),
        (bets.levels_priors(7), 0.8),
    ):
        assert priors.sum() == pytest.approx(share)
        assert (priors > 0).all()
    assert len(bets.ordered_priors(32)) == bets.ordered(EQUAL).shape[2] + bets.RECENT
    assert len(bets.levels_priors(7)) == bets.levels(np.full((1, 7), 1 / 7)).shape[2]


@pytest.mark.parametrize("bins", [3, 7])
def test_one_sided_bets_all_expect_a_rise(bins: int) -> None:
    """Every bettor with a share expects more than was usual, and the shares are the same budget."""
    share = np.append(np.full(bins - 1, 0.998 / (bins - 1)), 0.002)[
        None
    ]  # the last is above all that was seen
    for table, priors, whole in (
        (bets.levels(share)[0], bets.levels_priors(bins, upward=True), bets.levels_priors(bins)),
        (bets.ordered(share)[0], bets.ordered_priors(bins, upward=True), bets.ordered_priors(bins)),
    ):
        assert priors.sum() == pytest.approx(whole.sum())
        expected = np.arange(bins) @ np.exp(table)
        chosen = priors[: len(expected)] > 0
        assert 0 < chosen.sum() < len(expected)
        assert (expected[chosen] > np.arange(bins) @ share[0]).all()
    assert not bets.ordered_priors(bins, upward=True)[-bets.RECENT :].any()


def test_equal_bins_shifted_and_scaled_are_those_of_the_normal() -> None:
    edges = stats.norm.ppf(np.arange(33) / 32)
    q = np.exp(bets.ordered(EQUAL))[0].T
    moves = [(sign * shift, 1.0) for shift in SHIFTS for sign in (1, -1)] + [(0.0, scale) for scale in SCALES]
    for got, (shift, scale) in zip(q, moves, strict=False):
        assert got == pytest.approx(np.diff(stats.norm.cdf(edges, shift, scale)), abs=1e-3)


def test_skewed_bets_are_gamma_distributions() -> None:
    shape, usual = SKEWED
    scores = stats.norm.ppf(np.arange(33) / 32)
    first = 2 * len(SHIFTS) + len(SCALES)
    right, left = np.exp(bets.ordered(EQUAL))[0].T[first : first + 2]
    gamma = np.diff(stats.gamma.cdf(shape + np.sqrt(shape) * scores, shape))
    assert right == pytest.approx((1 - usual) * gamma + usual / 32, abs=1e-3)
    assert left == pytest.approx(right[::-1], abs=1e-6)


def test_tilts_move_mass_between_the_ends_with_the_middle_and_the_shoulders() -> None:
    out, inward, above, below = np.exp(bets.ordered(EQUAL))[0].T[-4:]
    assert out[0] > 1 / 32 > out[7]
    assert out[15] > 1 / 32
    assert out * inward == pytest.approx((out * inward)[0], rel=0.15)  # exp(φ) · exp(-φ)
    assert above[-1] == pytest.approx(5 * 1 / 32 * 0.32 / 1.04 + 0.68 / 32 / 1.04, rel=0.01)
    assert below == pytest.approx(above[::-1], rel=1e-3)


def test_what_was_seen_is_expected_and_smoothed_by_a_polynomial() -> None:
    seen = EQUAL[0] * (1 + 0.5 * np.linspace(-1, 1, 32))
    equal = np.ones((1, 32), np.int64)
    raw, smooth = np.exp(bets.recent(seen[None], equal))[0].T
    assert raw == pytest.approx(0.9 * seen + 0.1 / 32, rel=1e-6)
    assert smooth == pytest.approx(raw, rel=1e-3)  # a straight line is a polynomial
    spike = np.zeros(32)
    spike[3] = 1.0
    assert np.exp(bets.recent(spike[None], equal))[0, :, 1].max() < 0.5


def test_odds_are_changed_and_the_others_stay_in_proportion() -> None:
    share = np.array([[0.5, 0.3, 0.2]])
    q = np.exp(bets.levels(share))[0].T
    for at, own in enumerate(share[0]):
        for changed, odds in zip(q[at * len(ODDS) :], ODDS, strict=False):
            assert changed[at] / (1 - changed[at]) == pytest.approx(odds * own / (1 - own))
            others = np.arange(3) != at
            assert changed[others] / changed[others].sum() == pytest.approx(
                share[0, others] / share[0, others].sum()
            )
    for tilted, theta in zip(q[3 * len(ODDS) :], TILTS, strict=True):
        assert tilted / tilted[0] == pytest.approx(share[0] * theta ** np.arange(3) / share[0, 0])
