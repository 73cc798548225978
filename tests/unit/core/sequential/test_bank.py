"""The block form is the product over single values, and its expectation under the urn is one: both by counting."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.sequential import bank as bank_module
from stream_monitor.core.sequential.bank import MEMORIES, Bank
from stream_monitor.core.sequential.bets import changed_odds, shifted_and_scaled

ROW = np.zeros(1, np.intp)
ONE = np.ones(1)


def _gain(places: FloatArray, counts: FloatArray, *, numeric: bool) -> FloatArray:
    """E of every bettor for a first block: its evidence after a weight of one."""
    bank = Bank(bins=len(places), numeric=numeric)
    bank.add(places)
    bank.step(ROW, counts[None], ONE)
    return np.asarray(bank.evidence[0])


def _urn_probability(places: FloatArray, values: tuple[int, ...]) -> float:
    """Of this very sequence of bins, value by value."""
    urn, probability = places.copy(), 1.0
    for value in values:
        probability *= urn[value] / urn.sum()
        urn[value] += 1
    return probability


@pytest.mark.parametrize("numeric", [True, False])
@pytest.mark.parametrize("places", [[1, 1], [3, 1, 2], [16, 16, 1]])
def test_the_expected_gain_of_every_bettor_is_one(places: list[int], numeric: bool) -> None:
    urn = np.array(places, float)
    expected = np.zeros(0)
    total = 0.0
    for values in itertools.product(range(len(urn)), repeat=4):
        probability = _urn_probability(urn, values)
        counts = np.bincount(values, minlength=len(urn)).astype(float)
        gain = _gain(urn, counts, numeric=numeric)
        expected = gain * probability if total == 0.0 else expected + gain * probability
        total += probability
    assert total == pytest.approx(1.0)
    assert expected == pytest.approx(1.0, rel=1e-9)


@given(
    st.lists(st.integers(1, 600), min_size=2, max_size=8),
    st.data(),
    st.booleans(),
)
@settings(max_examples=50)
def test_a_block_is_the_product_over_its_values(
    places: list[int], data: st.DataObject, numeric: bool
) -> None:
    urn = np.array(places, float)
    values = data.draw(st.lists(st.integers(0, len(urn) - 1), min_size=1, max_size=32))
    share = urn / urn.sum()
    tables = np.exp((shifted_and_scaled if numeric else changed_odds)(share[None]))[0]
    tables = np.concatenate(
        [tables, np.tile(share, (len(MEMORIES), 1))]
    )  # nothing lately yet: the urn itself
    logs = np.log(tables[:, values]).sum(axis=1) - math.log(_urn_probability(urn, tuple(values)))
    gain = _gain(urn, np.bincount(values, minlength=len(urn)).astype(float), numeric=numeric)
    assert np.log(gain) == pytest.approx(logs, abs=1e-9)


def test_evidence_grows_by_the_weight_and_then_by_the_gain() -> None:
    places, counts = np.array([3.0, 2.0]), np.array([[1.0, 3.0]])
    bank = Bank(bins=2, numeric=True)
    bank.add(places)
    bank.evidence[0] = 0.25
    shown = bank.step(ROW, counts, np.array([0.5]))
    gain = _gain(places, counts[0], numeric=True)
    assert bank.evidence[0] == pytest.approx(0.75 * gain)
    assert shown[0] == pytest.approx(bank.evidence[0].mean())
    assert bank.urn[0].tolist() == [4.0, 5.0]


def test_what_was_seen_lately_fades_with_its_memory() -> None:
    bank = Bank(bins=2, numeric=True)
    bank.add(np.array([1.0, 1.0]))
    bank.step(ROW, np.array([[0.0, 32.0]]), ONE)
    keep = (1 - 1 / MEMORIES) ** 32
    assert bank.recent[0, :, 0] == pytest.approx(keep * 0.5)
    assert bank.recent[0].sum(axis=1) == pytest.approx(1.0)


def test_tables_follow_the_urn_by_twentieths_and_can_be_made_again() -> None:
    bank = Bank(bins=2, numeric=True)
    bank.add(np.array([100.0, 100.0]))
    bank.step(ROW, np.array([[9.0, 0.0]]), ONE)
    bank.step(ROW, np.array([[1.0, 0.0]]), ONE)
    assert bank.seen[0].tolist() == [100.0, 100.0]
    bank.step(ROW, np.array([[1.0, 0.0]]), ONE)  # 210 of 200: due before this block
    assert bank.seen[0].tolist() == [110.0, 100.0]
    made = bank._log_q.copy()
    bank._log_q[:] = 0.0
    bank.remake(slice(0, 1))
    assert bank._log_q.tobytes() == made.tobytes()


def test_streams_side_by_side_are_as_alone() -> None:
    random = np.random.default_rng(2)
    together, alone = Bank(bins=4, numeric=True), [Bank(bins=4, numeric=True) for _ in range(5)]
    for one in alone:
        places = random.integers(1, 40, 4).astype(float)
        together.add(places)
        one.add(places)
    for _ in range(60):
        rows = np.flatnonzero(random.random(5) < 0.7)
        counts = random.multinomial(32, [0.25] * 4, len(rows)).astype(float)
        weights = random.random(len(rows))
        if len(rows):
            together.step(rows, counts, weights)
        for row, count, weight in zip(rows, counts, weights, strict=True):
            alone[row].step(ROW, count[None], np.array([weight]))
    for at, one in enumerate(alone):
        assert together.evidence[at].tobytes() == one.evidence[0].tobytes()


def test_a_stream_begun_anew_is_as_new() -> None:
    bank = Bank(bins=3, numeric=False)
    bank.add(np.array([5.0, 5.0, 5.0]))
    bank.step(ROW, np.array([[0.0, 2.0, 30.0]]), ONE)
    bank.begin(0, np.array([7.0, 8.0, 9.0]))
    fresh = Bank(bins=3, numeric=False)
    fresh.add(np.array([7.0, 8.0, 9.0]))
    for name in (*Bank.ARRAYS, "_log_q"):
        assert getattr(bank, name).tobytes() == getattr(fresh, name).tobytes()


def test_impossible_blocks_end_in_a_large_number_not_in_infinity() -> None:
    bank = Bank(bins=2, numeric=True)
    bank.add(np.array([10_000.0, 1.0]))
    for _ in range(3):
        assert np.isfinite(bank.step(ROW, np.array([[0.0, 32.0]]), ONE)).all()


def test_factorials_beyond_the_table_are_exact() -> None:
    n = np.array([0.0, 1.0, 65_535.0, 65_536.0, 1e6, 1e9])
    expected = [math.lgamma(value + 1) for value in n]
    assert bank_module._log_factorial(n) == pytest.approx(expected, rel=1e-14)
