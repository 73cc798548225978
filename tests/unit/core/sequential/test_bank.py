"""The block form is the product over single values, and its expectation under the urn is one: both by counting."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.sequential import bank as bank_module
from stream_monitor.core.sequential import bets
from stream_monitor.core.sequential.bank import Bank, Counted
from stream_monitor.core.sequential.choices import LEARN, MEMORY, NUMERIC_BINS, PARTS, RECENT_EVERY
from stream_monitor.core.window import BLOCK

ROW = np.zeros(1, np.intp)


def _bank(places: FloatArray, *, numeric: bool, upward: bool = False) -> Bank:
    bank = Bank(1, bins=len(places), numeric=numeric, upward=upward)
    bank.begin(0, places.astype(np.int64), LEARN)
    return bank


def _blocks(counts: NDArray[Any], weights: FloatArray, *, opened: bool = True) -> Counted:
    """counts: (m, PARTS, n, bins)."""
    m, _, n, _ = counts.shape
    return Counted(ROW, counts.astype(np.int64), weights, np.full(n, m), np.full(n, opened), np.ones(n))


def _first(counts: FloatArray) -> FloatArray:
    """A block (1, PARTS, 1, bins) of which only the first part has values."""
    return np.concatenate([counts[None], np.zeros((PARTS - 1, len(counts)))])[None, :, None]


def _gain(places: FloatArray, counts: FloatArray, *, numeric: bool) -> FloatArray:
    """E of every bettor for a first part: what it makes of evidence of one."""
    bank = _bank(places, numeric=numeric)
    bank.evidence[0] = 1.0
    bank.advance(_blocks(_first(counts), np.zeros((1, 1))))
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
    expected, total = np.zeros(1), 0.0
    for values in itertools.product(range(len(urn)), repeat=4):
        probability = _urn_probability(urn, values)
        counts = np.bincount(values, minlength=len(urn)).astype(float)
        expected = expected + _gain(urn, counts, numeric=numeric) * probability
        total += probability
    assert total == pytest.approx(1.0)
    assert expected == pytest.approx(1.0, rel=1e-6)
    assert (expected <= 1.0 + 1e-7).all()  # tables are rounded down


def test_a_power_of_the_gain_has_a_mean_of_at_most_one() -> None:
    urn, expected = np.array([3.0, 1.0, 2.0]), np.zeros(1)
    for values in itertools.product(range(3), repeat=4):
        bank = _bank(urn, numeric=True)
        bank.evidence[0] = 1.0
        blocks = _blocks(_first(np.bincount(values, minlength=3).astype(float)), np.zeros((1, 1)))
        bank.advance(blocks._replace(power=np.full(1, 0.5)))
        whole = _gain(urn, np.bincount(values, minlength=3).astype(float), numeric=True)
        assert bank.evidence[0] == pytest.approx(np.sqrt(whole))
        expected = expected + bank.evidence[0] * _urn_probability(urn, values)
    assert (expected <= 1.0).all()
    assert expected.min() < 0.999


@given(st.lists(st.integers(1, 600), min_size=2, max_size=8), st.data(), st.booleans())
@settings(max_examples=50)
def test_a_part_is_the_product_over_its_values(places: list[int], data: st.DataObject, numeric: bool) -> None:
    urn = np.array(places, float)
    values = data.draw(st.lists(st.integers(0, len(urn) - 1), min_size=1, max_size=BLOCK // PARTS))
    share = urn / urn.sum()
    few = bets.constant if len(places) == 2 else bets.levels
    tables = (bets.ordered if numeric else few)(share[None])[0]
    if numeric:  # nothing lately yet: the urn itself
        tables = np.concatenate([tables, bets.recent(share, share).T], axis=1)
    logs = tables[values].sum(axis=0) - math.log(_urn_probability(urn, tuple(values)))
    gain = _gain(urn, np.bincount(values, minlength=len(urn)).astype(float), numeric=numeric)
    assert gain == pytest.approx(np.exp(logs), rel=1e-6, abs=1e-9)


def test_evidence_grows_by_the_weight_and_then_by_the_gain_of_every_part() -> None:
    bank = _bank(np.array([3.0, 2.0, 1.0]), numeric=False)
    bank.evidence[0] = 0.25
    counts = np.array([[1.0, 3.0, 0.0]] * PARTS)
    shown = bank.advance(_blocks(counts[None, :, None], np.full((1, 1), 0.5)))
    m, urn, means = np.full(bank.evidence.shape[1], 0.25), np.array([3.0, 2.0, 1.0]), []
    table = np.exp(bets.levels(urn[None] / 6.0)[0])
    for part in counts:
        values = [0] * int(part[0]) + [1] * int(part[1])
        m = (m + 0.5 / PARTS) * np.prod(table[values], axis=0) / _urn_probability(urn, tuple(values))
        urn = urn + part
        means.append(float(bank.priors @ m))
    assert bank.evidence[0] == pytest.approx(m)
    assert shown[0, 0] == pytest.approx(max(means)) == bank.peak[0]
    assert bank.urn[0].tolist() == urn.tolist()


def test_what_was_seen_lately_fades_with_its_memory() -> None:
    bank = _bank(np.array([1.0, 1.0]), numeric=True)
    part = np.array([[0.0, BLOCK / PARTS]] * PARTS)
    whole = np.stack([part] * RECENT_EVERY)[:, :, None]
    bank.advance(_blocks(whole, np.ones((RECENT_EVERY, 1))))
    assert bank.recent[0].tolist() == [0.5, 0.5]  # until the next tables
    bank.advance(_blocks(part[None, :, None], np.ones((1, 1))))
    keep = (1 - 1 / MEMORY) ** (RECENT_EVERY * BLOCK)
    assert bank.recent[0] == pytest.approx([keep * 0.5, 1 - keep * 0.5])


def test_a_constant_puts_evidence_in_where_it_is_not_constant() -> None:
    bank = _bank(np.array([512.0, 1.0]), numeric=False)
    still, moved = (
        np.full((1, PARTS, 1, 2), [BLOCK // PARTS, 0]),
        np.full((1, PARTS, 1, 2), BLOCK // PARTS // 2),
    )
    assert not bank.advance(_blocks(still, np.ones((1, 1)))).any()
    assert bank.advance(_blocks(moved, np.full((1, 1), 1e-6)))[0, 0] > 1.0
    for _ in range(400):
        bank.advance(_blocks(still, np.ones((1, 1))))
    assert not bank.evidence[0, -2:].any()  # so little that it is taken for none


@pytest.mark.parametrize("blocks", [1, 2, 31, 200])
def test_passing_over_a_constant_is_as_advancing_it(blocks: int) -> None:
    over, through = (_bank(np.array([512.0, 1.0]), numeric=False) for _ in range(2))
    counts = np.full((blocks, PARTS, 1, 2), [BLOCK // PARTS, 0])
    for _ in range(3):
        over.rest(np.array([0]), np.array([blocks]))
        through.advance(_blocks(counts, np.ones((blocks, 1))))
        for name in (*Bank.ARRAYS, *Bank.MADE):
            assert getattr(over, name).tobytes() == getattr(through, name).tobytes(), name


def test_a_block_without_values_changes_nothing_and_a_closed_gate_puts_evidence_to_nothing() -> None:
    bank = _bank(np.array([5.0, 7.0]), numeric=True)
    bank.evidence[0] = 0.5
    shown = bank.advance(_blocks(np.zeros((1, PARTS, 1, 2)), np.zeros((1, 1))))
    assert shown[0, 0] == pytest.approx(0.5)
    assert bank.recent[0] == pytest.approx([5 / 12, 7 / 12])
    closed = _blocks(np.full((2, PARTS, 1, 2), 4), np.ones((2, 1)), opened=False)
    assert bank.advance(closed).tolist() == [[0.0], [0.0]]
    assert not bank.evidence.any()
    assert bank.urn[0].tolist() == [5 + 8 * PARTS, 7 + 8 * PARTS]  # it goes on learning


def test_series_side_by_side_and_in_parts_are_as_alone_to_the_bit() -> None:
    random = np.random.default_rng(2)
    together = Bank(5, bins=4, numeric=True)
    alone = []
    for row in range(5):
        places = random.integers(1, 40, 4)
        together.begin(row, places, LEARN)
        alone.append(_bank(places.astype(float), numeric=True))
    for _ in range(30):
        rows = np.flatnonzero(random.random(5) < 0.7)
        if not len(rows):
            continue
        size = random.integers(1, 5, len(rows))
        counts = random.multinomial(BLOCK // PARTS, [0.25] * 4, (5, PARTS, len(rows)))
        weights = random.random((5, len(rows)))
        behind = np.arange(5)[:, None] >= size
        counts[behind.nonzero()[0], :, behind.nonzero()[1]] = 0
        weights[behind] = 0.0
        top = int(size.max())
        together.advance(
            Counted(rows, counts[:top], weights[:top], size, np.ones(len(rows), np.bool_), np.ones(len(rows)))
        )
        for at, row in enumerate(rows.tolist()):
            for block in range(size[at]):
                alone[row].advance(
                    _blocks(
                        counts[block : block + 1, :, at : at + 1], weights[block : block + 1, at : at + 1]
                    )
                )
    for row, one in enumerate(alone):
        for name in (*Bank.ARRAYS, *Bank.MADE):
            assert getattr(together, name)[row].tobytes() == getattr(one, name)[0].tobytes(), name


def test_impossible_blocks_end_in_a_large_number_not_in_infinity() -> None:
    bank = _bank(np.array([10_000.0, 1.0]), numeric=True)
    part = np.array([[0.0, BLOCK / PARTS]] * PARTS)
    assert np.isfinite(bank.advance(_blocks(np.stack([part] * 3)[:, :, None], np.ones((3, 1))))).all()


def test_bettors_without_a_share_gather_nothing() -> None:
    """Or they grow for as long as the stream does what nobody looks for, and the sum ends in no number at all."""
    places = np.full(NUMERIC_BINS, 16.0)
    bank = _bank(places, numeric=True, upward=True)
    low = np.zeros((40, PARTS, 1, NUMERIC_BINS))
    low[..., 3] = BLOCK // PARTS
    for _ in range(10):
        assert (bank.advance(_blocks(low, np.full((40, 1), 1e-6))) < 1.0).all()
    assert not bank.evidence[0, bank.priors == 0.0].any()
    assert np.isfinite(bank.peak[0])


@pytest.mark.parametrize("start", [1, 100, 65_500, 65_530, 65_536, 10**6, 10**12])
def test_logarithms_of_rising_factorials_are_exact_beyond_the_table(start: int) -> None:
    for steps in (0, 1, 7, 32):
        expected = sum(math.log(start + k) for k in range(steps))
        got = bank_module._log_rising(np.array([start]), np.array([start + steps]))[0]
        assert got == pytest.approx(expected, abs=2e-8)


def test_large_urns_and_small_ones_are_judged_alike_side_by_side() -> None:
    """Where one urn outgrows the table, the others' bits stay."""
    urn = np.array([[[70_000, 5]], [[70_010, 9]]])
    small = np.array([[[500, 5]], [[510, 9]]])
    both = bank_module._null(np.concatenate([urn, small], axis=1))
    assert both[0, 0] == bank_module._null(urn)[0, 0]
    assert both[0, 1] == bank_module._null(small)[0, 0]
