"""A block is the product over single values, and its expectation under the urn is one: both by counting."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.sequential import bets
from stream_monitor.core.sequential.bank import Bank, Binned
from stream_monitor.core.sequential.choices import LEARN, MEMORY, NUMERIC_BINS, PARTS, RECENT_EVERY
from stream_monitor.core.window import BLOCK

ROW = np.zeros(1, np.intp)


def _bank(places: Sequence[int], *, numeric: bool, upward: bool = False) -> Bank:
    bank = Bank(1, bins=len(places), numeric=numeric, upward=upward)
    bank.begin(0, np.array(places), LEARN)
    return bank


def _advance(
    bank: Bank,
    bins: ArrayLike,
    weight: float,
    *,
    opened: bool = True,
    usable: bool = True,
    power: float = 1.0,
) -> FloatArray:
    """Evidence at each of the next blocks of the only stream; bins: (m, values)."""
    found = np.array(bins, np.uint8)
    m = len(found)
    shown = np.full(m, np.nan)
    all_usable, weights = np.full(m, usable), np.full(m, weight)
    gate = np.array([opened]), np.array([power])
    bank.advance(Binned(ROW, ROW, np.array([m]), found, all_usable, weights, *gate), shown)
    return shown


def _gain(places: Sequence[int], values: Sequence[int], *, numeric: bool, power: float = 1.0) -> FloatArray:
    """E of every bettor for a block of these values: what it makes of evidence of one."""
    bank = _bank(places, numeric=numeric)
    bank.evidence[0] = 1.0
    _advance(bank, [values], 0.0, power=power)
    return np.asarray(bank.evidence[0])


def _urn_probability(places: Sequence[int], values: Sequence[int]) -> float:
    """Of this very sequence of bins, value by value."""
    urn, probability = list(places), 1.0
    for value in values:
        probability *= urn[value] / sum(urn)
        urn[value] += 1
    return probability


@pytest.mark.parametrize("numeric", [True, False])
@pytest.mark.parametrize("places", [[1, 1], [3, 1, 2], [16, 16, 1]])
def test_the_expected_gain_of_every_bettor_is_one(places: list[int], numeric: bool) -> None:
    expected, total = np.zeros(1), 0.0
    for values in itertools.product(range(len(places)), repeat=4):
        probability = _urn_probability(places, values)
        expected = expected + _gain(places, values, numeric=numeric) * probability
        total += probability
    assert total == pytest.approx(1.0)
    assert expected == pytest.approx(1.0, rel=1e-6)
    assert (expected <= 1.0 + 1e-7).all()  # tables are rounded down


def test_a_power_of_the_gain_has_a_mean_of_at_most_one() -> None:
    places, expected = [3, 1, 2], np.zeros(1)
    for values in itertools.product(range(3), repeat=4):
        tempered = _gain(places, values, numeric=True, power=0.5)
        assert tempered == pytest.approx(np.sqrt(_gain(places, values, numeric=True)))
        expected = expected + tempered * _urn_probability(places, values)
    assert (expected <= 1.0).all()
    assert expected.min() < 0.999


@given(st.lists(st.integers(1, 600), min_size=2, max_size=8), st.data(), st.booleans())
@settings(max_examples=50)
def test_a_block_is_the_product_over_its_values(
    places: list[int], data: st.DataObject, numeric: bool
) -> None:
    value = st.integers(0, len(places) - 1)
    pairs = data.draw(st.lists(st.tuples(value, value), min_size=1, max_size=BLOCK // PARTS))
    values, urn = [one for pair in pairs for one in pair], np.array([places])
    few = bets.constant if len(places) == 2 else bets.levels
    share = urn / urn.sum()
    tables = (bets.ordered if numeric else few)(share)[0]
    if numeric:  # nothing lately yet: the urn itself
        tables = np.concatenate([tables, bets.recent(share, urn)[0]], axis=1)
    logs = tables[values].sum(axis=0) - math.log(_urn_probability(places, values))
    assert _gain(places, values, numeric=numeric) == pytest.approx(np.exp(logs), rel=1e-6, abs=1e-9)


def test_evidence_grows_by_the_weight_and_then_by_the_gain_of_every_part() -> None:
    bank = _bank([3, 2, 1], numeric=False)
    bank.evidence[0] = 0.25
    part = [0, 1, 1, 1]
    shown = _advance(bank, [part * PARTS], 0.5)
    m, urn, means = np.full(bank.evidence.shape[1], 0.25), np.array([3, 2, 1]), []
    table = np.exp(bets.levels(urn[None] / 6.0)[0])
    for _ in range(PARTS):
        m = (m + 0.5 / PARTS) * np.prod(table[part], axis=0) / _urn_probability(urn.tolist(), part)
        urn = urn + np.bincount(part, minlength=3)
        means.append(float(bank.priors @ m))
    assert bank.evidence[0] == pytest.approx(m)
    assert shown[0] == pytest.approx(max(means)) == bank.peak[0]
    assert bank.urn[0].tolist() == urn.tolist()


def test_what_was_seen_lately_fades_with_its_memory() -> None:
    bank = _bank([1, 1], numeric=True)
    _advance(bank, np.ones((RECENT_EVERY, BLOCK)), 1.0)
    assert bank.recent[0].tolist() == [0.5, 0.5]  # until the next tables
    _advance(bank, np.ones((1, BLOCK)), 1.0)
    keep = (1 - 1 / MEMORY) ** (RECENT_EVERY * BLOCK)
    assert bank.recent[0] == pytest.approx([keep * 0.5, 1 - keep * 0.5])


def test_a_constant_puts_evidence_in_where_it_is_not_constant() -> None:
    bank = _bank([512, 1], numeric=False)
    still, moved = np.zeros((1, BLOCK)), np.tile([0, 1], (1, BLOCK // 2))
    assert not _advance(bank, still, 1.0).any()
    assert _advance(bank, moved, 1e-6)[0] > 1.0
    for _ in range(400):
        _advance(bank, still, 1.0)
    assert not bank.evidence[0, -2:].any()  # so little that it is taken for none


@pytest.mark.parametrize("blocks", [1, 2, 31, 200])
def test_passing_over_a_constant_is_as_advancing_it(blocks: int) -> None:
    over, through = (_bank([512, 1], numeric=False) for _ in range(2))
    for _ in range(3):
        over.rest(np.array([0]), np.array([blocks]))
        _advance(through, np.zeros((blocks, BLOCK)), 1.0)
        for name in (*Bank.ARRAYS, *Bank.MADE):
            assert getattr(over, name).tobytes() == getattr(through, name).tobytes(), name


def test_an_unusable_block_changes_nothing_and_a_closed_gate_puts_evidence_to_nothing() -> None:
    bank = _bank([5, 7], numeric=True)
    bank.evidence[0] = 0.5
    block = np.tile([0, 1, 1, 1], (1, BLOCK // 4))
    assert _advance(bank, block, 0.0, usable=False)[0] == pytest.approx(0.5)
    assert bank.recent[0] == pytest.approx([5 / 12, 7 / 12])
    assert bank.urn[0].tolist() == [5, 7]
    assert _advance(bank, np.repeat(block, 2, axis=0), 1.0, opened=False).tolist() == [0.0, 0.0]
    assert not bank.evidence.any()
    assert bank.urn[0].tolist() == [5 + BLOCK // 2, 7 + 3 * BLOCK // 2]  # it goes on learning


def test_series_side_by_side_and_in_parts_are_as_alone_to_the_bit() -> None:
    random = np.random.default_rng(2)
    together = Bank(5, bins=4, numeric=True)
    alone = []
    for row in range(5):
        places = random.integers(1, 40, 4)
        together.begin(row, places, LEARN)
        alone.append(_bank(places.tolist(), numeric=True))
    for _ in range(30):
        rows = np.flatnonzero(random.random(5) < 0.7)
        size = random.integers(1, 5, len(rows))
        first = np.cumsum(size) - size + 2  # behind blocks of others
        bins = random.integers(0, 4, (int(size.sum()) + 2, BLOCK)).astype(np.uint8)
        usable, weights = random.random(len(bins)) < 0.8, random.random(len(bins))
        shown = np.full(len(bins), -1.0)
        ones = np.ones(len(rows))
        together.advance(Binned(rows, first, size, bins, usable, weights, ones > 0.0, ones), shown)
        assert (shown[:2] == -1.0).all()
        for row, start, many in zip(rows.tolist(), first.tolist(), size.tolist(), strict=True):
            for at in range(start, start + many):
                here = {"weight": weights[at], "usable": usable[at]}
                assert _advance(alone[row], bins[at : at + 1], **here)[0] == shown[at]
    for row, one in enumerate(alone):
        for name in (*Bank.ARRAYS, *Bank.MADE):
            assert getattr(together, name)[row].tobytes() == getattr(one, name)[0].tobytes(), name


def test_impossible_blocks_end_in_a_large_number_not_in_infinity() -> None:
    bank = _bank([10_000, 1], numeric=True)
    assert np.isfinite(_advance(bank, np.ones((3, BLOCK)), 1.0)).all()


def test_bettors_without_a_share_gather_nothing() -> None:
    """Or they grow for as long as the stream does what nobody looks for, and the sum ends in no number at all."""
    bank = _bank([16] * NUMERIC_BINS, numeric=True, upward=True)
    for _ in range(10):
        assert (_advance(bank, np.full((40, BLOCK), 3), 1e-6) < 1.0).all()
    assert not bank.evidence[0, bank.priors == 0.0].any()
    assert np.isfinite(bank.peak[0])
