"""Urns, gains and evidence: the kernels and plain loops agree in every bit, however many streams, blocks and bins."""

import math
from copy import deepcopy
from typing import Final, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.kernels import bank as kernel
from stream_monitor.core.sequential.bank import _BEFORE as PRODUCT_BEFORE
from stream_monitor.core.sequential.sums import FINE, on_grid

PARTS, WIDTH, EVERY = 2, 6, 3
TABLE: Final = 40
BEFORE: Final = on_grid(np.concatenate([[0.0, 0.0], np.cumsum(np.log(np.arange(1, TABLE + 1)))]), FINE)
KEEP: FloatArray = np.power(0.9, np.arange(EVERY * WIDTH * PARTS + 1))
PUT: Final = (1.0 - KEEP) / np.maximum(np.arange(len(KEEP)), 1)


class Case(NamedTuple):
    """Streams in a bank of more rows, and their new blocks among others; when tables are made anew."""

    bins: NDArray[np.uint8]
    usable: NDArray[np.uint8]
    rows: NDArray[np.intp]
    blocks: NDArray[np.int64]
    first: NDArray[np.int64]
    size: NDArray[np.int64]
    renewals: NDArray[np.int64]
    due: NDArray[np.int64]
    every: int

    @property
    def renewed(self) -> int:
        """How often tables are made anew."""
        spans = zip(self.blocks.tolist(), self.size.tolist(), strict=True)
        return sum(done <= at < done + many for done, many in spans for at in self.renewals.tolist())

    @property
    def looks(self) -> int:
        """How often bettors look at what they have seen lately."""
        spans = zip(self.blocks.tolist(), self.size.tolist(), strict=True)
        return sum(at % EVERY == 0 for done, many in spans for at in range(done, done + many) if self.every)


@st.composite
def cases(draw: st.DrawFn, *, bins: int) -> Case:
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    size = np.array(draw(st.lists(st.integers(1, 6), min_size=1, max_size=4)))
    blocks, total = random.integers(1, 9, len(size)), int(size.sum())
    renewals = np.append(np.flatnonzero(random.random(20) < 0.3), 99)
    return Case(
        bins=random.integers(0, bins, (total + 1, PARTS * WIDTH)).astype(np.uint8),
        usable=(random.random(total + 1) < 0.8).astype(np.uint8),
        rows=random.permutation(len(size) + 2)[: len(size)],
        blocks=blocks,
        first=np.cumsum(size) - size + 1,
        size=size,
        renewals=renewals,
        due=np.searchsorted(renewals, blocks),
        every=draw(st.sampled_from([0, EVERY])),
    )


def slow_logarithm(number: int) -> float:
    if number < TABLE:
        return float(BEFORE[number + 1] - BEFORE[number])
    power = 0
    while number >> power >= TABLE:
        power += 1
    low = number >> power
    start, end = float(BEFORE[low + 1] - BEFORE[low]), float(BEFORE[low + 2] - BEFORE[low + 1])
    part = number % (1 << power) / (1 << power)
    return round(FINE * (start + part * (end - start) + power * math.log(2.0))) / FINE


def slow_rising(start: int, steps: int) -> float:
    if start + steps <= TABLE:
        return float(BEFORE[start + steps] - BEFORE[start])
    twice = 2 * start + steps - 1
    middle = slow_logarithm(twice) - math.log(2.0) - (steps * steps - 1) / (6.0 * twice * twice)
    return round(steps * middle * FINE) / FINE


class Bank(NamedTuple):
    """What `draw` moves on, and what it gives."""

    urn: NDArray[np.int64]
    seen: NDArray[np.int64]
    late: NDArray[np.int64]
    recent: FloatArray
    new_seen: NDArray[np.int64]
    new_late: NDArray[np.int64]
    new_recent: FloatArray
    null: FloatArray


def slow_draw(case: Case, bank: Bank) -> None:
    at = renewed = look = 0
    for row, done, first, size in zip(case.rows, case.blocks, case.first, case.size, strict=True):
        urn = bank.urn[row]
        for step in range(size):
            if done + step in case.renewals:
                bank.seen[row] = bank.new_seen[renewed] = urn
                renewed += 1
            if case.every and (done + step) % case.every == 0:
                added = urn - bank.late[row]
                bank.recent[row] = bank.recent[row] * KEEP[added.sum()] + PUT[added.sum()] * added
                bank.late[row] = bank.new_late[look] = urn
                bank.new_recent[look] = bank.recent[row]
                look += 1
            for part, values in enumerate(case.bins[first + step].reshape(PARTS, WIDTH)):
                bank.null[at, part] = 0.0
                if case.usable[first + step]:
                    bank.null[at, part] -= slow_rising(int(urn.sum()), WIDTH)
                    for value in values:
                        bank.null[at, part] += slow_logarithm(int(urn[value]))
                        urn[value] += 1
            at += 1


@given(st.data(), st.integers(2, 9), st.sampled_from([9, 30, 10**3, 10**9]))
def test_values_into_urns(data: st.DataObject, bins: int, full: int) -> None:
    case = data.draw(cases(bins=bins))
    random = np.random.default_rng(1)
    rows, total = len(case.rows) + 2, int(case.size.sum())
    urn = random.integers(1, full, (rows, bins))
    late = urn.copy()
    quick = Bank(
        urn=urn,
        seen=urn.copy(),
        late=late,
        recent=random.random((rows, bins)),
        new_seen=np.zeros((case.renewed, bins), np.int64),
        new_late=np.zeros((case.looks, bins), np.int64),
        new_recent=np.zeros((case.looks, bins)),
        null=np.zeros((total, PARTS)),
    )
    slow = deepcopy(quick)
    kernel.draw(*case, BEFORE, KEEP, PUT, *quick)
    slow_draw(case, slow)
    for name, one, other in zip(Bank._fields, quick, slow, strict=True):
        assert one.tobytes() == other.tobytes(), name


@pytest.mark.parametrize("start", [1, 100, 65_500, 65_530, 65_536, 10**6, 10**12])
def test_logarithms_of_rising_factorials_are_exact_beyond_the_table(start: int) -> None:
    """As the product uses them: of an urn that was nothing but one bin, and of one to which that bin is new."""
    none, never, null = np.zeros((0, 2), np.int64), np.array([99]), np.zeros((1, 2))
    for other in (1, start):
        urn, one = np.array([[start, other]]), np.ones(1, np.int64)
        values = np.zeros((1, 32), np.uint8)
        place = np.zeros(1, np.int64)
        kernel.draw(
            values, np.ones(1, np.uint8), place, one, place, one, never, place, 0, PRODUCT_BEFORE, KEEP, PUT,
            urn, none, none, np.zeros((1, 0)), none, none, np.zeros((0, 0)), null,
        )  # fmt: skip
        total = start + other
        expected = [
            sum(math.log((start + at) / (total + at)) for at in part) for part in (range(16), range(16, 32))
        ]
        assert null[0] == pytest.approx(expected, abs=2e-7)


@given(st.data(), st.integers(2, 7), st.integers(1, 40), st.sampled_from([0, 2]))
def test_gains_of_bettors(data: st.DataObject, bins: int, fixed: int, recent: int) -> None:
    case = data.draw(cases(bins=bins))
    case = case._replace(every=case.every if recent else 0)
    random = np.random.default_rng(2)
    rows, total = len(case.rows) + 2, int(case.size.sum())

    def tables(many: int, bettors: int) -> FloatArray:
        return on_grid(np.log(random.random((many, bins, bettors))), FINE)

    new = tables(case.renewed, fixed), tables(case.looks, recent)
    quick = tables(rows, fixed), tables(rows, recent)
    slow = tuple(array.copy() for array in quick)
    null, power = -3.0 * WIDTH * random.random((total, PARTS)), random.random(len(case.rows))
    most = np.where(random.random(fixed + recent) < 0.2, -np.inf, 2.0)
    out, expected = np.zeros((total, PARTS, fixed + recent)), np.zeros((total, PARTS, fixed + recent))
    kernel.bet(*case, *new, *quick, null, power, most, out)
    at = renewed = look = 0
    for i, row in enumerate(case.rows):
        for step in range(case.size[i]):
            if case.blocks[i] + step in case.renewals:
                slow[0][row] = new[0][renewed]
                renewed += 1
            if case.every and (case.blocks[i] + step) % case.every == 0:
                slow[1][row] = new[1][look]
                look += 1
            values = case.bins[case.first[i] + step].reshape(PARTS, WIDTH)
            counts = (values[:, :, None] == np.arange(bins)).sum(axis=1) * case.usable[case.first[i] + step]
            gain = counts @ np.concatenate([slow[0][row], slow[1][row]], axis=1)
            expected[at] = np.minimum((gain - null[at][:, None]) * power[i], most)
            at += 1
    assert out.tobytes() == expected.tobytes()
    for one, other in zip(quick, slow, strict=True):
        assert one.tobytes() == other.tobytes()


@given(st.data(), st.integers(1, 30), st.sampled_from([0.0, 0.5]))
def test_evidence_is_gathered(data: st.DataObject, bettors: int, nothing: float) -> None:
    case = data.draw(cases(bins=2))
    random = np.random.default_rng(3)
    rows, total = len(case.rows) + 2, int(case.size.sum())
    gain = np.exp(random.normal(size=(total, PARTS, bettors)))
    weights, priors = random.random(total + 1), random.random(bettors)
    quick = random.random((rows, bettors)), np.zeros(rows), np.zeros(total + 1)
    evidence, peak, shown = (array.copy() for array in quick)
    kernel.gather(gain, weights, case.rows, case.first, case.size, priors, nothing, *quick)
    at = 0
    for i, row in enumerate(case.rows):
        for block in range(case.first[i], case.first[i] + case.size[i]):
            before, weight = evidence[row].copy(), weights[block] / PARTS
            product, put, means = np.ones(bettors), np.zeros(bettors), []
            for part in range(PARTS):
                product = product * gain[at, part]
                put = (put + weight) * gain[at, part]
                evidence[row] = before * product + put
                terms = (evidence[row] * priors).tolist()
                even, odd = 0.0, 0.0
                for value in terms[::2]:
                    even += value
                for value in terms[1::2]:
                    odd += value
                means.append(even + odd)
            evidence[row, evidence[row] < nothing] = 0.0
            peak[row] = shown[block] = max(means)
            at += 1
    for one, other in zip(quick, (evidence, peak, shown), strict=True):
        assert one.tobytes() == other.tobytes()
