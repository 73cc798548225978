from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from stream_monitor.core import history_counts
from stream_monitor.core.history_counts import MOST, WIDTHS, Gathered, HistoryCounts
from stream_monitor.core.reference import learn_boolean
from stream_monitor.core.series import SeriesKey
from stream_monitor.core.standardise import Lens
from stream_monitor.core.summaries import Summed
from stream_monitor.core.window import BLOCK

MINUTE = 60_000
KEY = SeriesKey("feature:flag", None)
LENS = Lens(learn_boolean(np.array([0.0, 1.0] * 50), unusable=0))


def observe(
    counts: HistoryCounts, *times: int, trues: int = 0, keys: Sequence[SeriesKey] = (KEY,), lens: Lens = LENS
) -> None:
    """Rows at `times`, each of which ends a block of the series `keys`; one cell was passed over in each."""
    shape = len(keys), len(times)
    summed = Summed(
        keys=keys,
        lenses=[lens] * len(keys),
        ends=np.array(times, np.int64),
        unusable=np.ones(len(times), np.int64),
        counts=np.full((*shape, 4), [BLOCK - trues, trues, 0, 0], np.uint8),
    )
    counts.observe(np.array(times, np.int64), [summed])


def test_rows_and_blocks_are_counted_by_the_minute_in_which_they_came() -> None:
    counts = HistoryCounts()
    observe(counts, 5, MINUTE - 1, trues=2)
    observe(counts, MINUTE, 3 * MINUTE, MINUTE + 1)
    gathered = counts.take({KEY})
    assert gathered[:3] == (MINUTE, (0, 1, 3), (2, 2, 1))
    (one,) = gathered.series
    assert one.buckets.tolist() == [0, 1, 3]
    assert one.values.tolist() == [64, 64, 32]
    assert one.unusable.tolist() == [2, 2, 1]
    assert one.counts.tolist() == [[60, 4, 0], [64, 0, 0], [32, 0, 0]]


def test_what_was_told_is_forgotten() -> None:
    counts = HistoryCounts()
    observe(counts, 5)
    counts.take({KEY})
    assert counts.take({KEY}) == Gathered(MINUTE, (), (), ())
    observe(counts, 7)
    (one,) = counts.take({KEY}).series
    assert one.values.tolist() == [32]


@pytest.mark.parametrize("waiting", [1, 100, 1 << 18])
def test_it_makes_no_difference_how_long_counts_wait(waiting: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_counts, "_WAITING", waiting)
    counts, other = HistoryCounts(), SeriesKey("feature:other", None)
    for at in range(200):
        observe(counts, at * 1_000, trues=at % 3, keys=(other, KEY) if at % 2 else (KEY,))
    one, two = counts.take({KEY, other}).series
    assert (one.key, two.key) == (KEY, other)
    assert one.values.tolist() == [60 * BLOCK, 60 * BLOCK, 60 * BLOCK, 20 * BLOCK]
    assert two.values.tolist() == [30 * BLOCK, 30 * BLOCK, 30 * BLOCK, 10 * BLOCK]
    assert one.counts.sum(axis=0).tolist() == [200 * BLOCK - 199, 199, 0]


def test_there_are_never_more_than_so_many_buckets() -> None:
    counts = HistoryCounts()
    observe(counts, *[at * MINUTE for at in range(MOST)])
    assert counts.width == MINUTE
    observe(counts, MOST * MINUTE)
    assert counts.width == 5 * MINUTE
    gathered = counts.take({KEY})
    assert gathered.rows == (5,) * 13
    assert gathered.series[0].values.tolist() == [5 * BLOCK] * 13
    assert counts.width == MINUTE


@pytest.mark.parametrize("first", [0, -10 * WIDTHS[-1], 1_795_255_200_000])
def test_wide_buckets_hold_what_narrow_ones_did(first: int) -> None:
    times = [first + 7 * 24 * 60 * MINUTE * at for at in range(300)]
    at_once, bit_by_bit = HistoryCounts(), HistoryCounts()
    observe(at_once, *times)
    for time in times:
        observe(bit_by_bit, time)
    one, two = at_once.take({KEY}), bit_by_bit.take({KEY})
    assert one[:3] == two[:3]
    assert one.series[0].counts.tolist() == two.series[0].counts.tolist()
    assert one.width == WIDTHS[8]
    assert len(one.buckets) <= MOST
    assert sum(one.rows) == 300


def test_widths_are_multiples_of_those_before() -> None:
    assert all(wide % narrow == 0 for narrow, wide in pairwise(WIDTHS))


def test_another_reference_is_counted_apart() -> None:
    counts = HistoryCounts()
    observe(counts, 5)
    observe(counts, 6, trues=32, lens=Lens(learn_boolean(np.ones(40), unusable=0)))
    before, after = counts.take({KEY}).series
    assert before.reference != after.reference
    assert (before.counts.tolist(), after.counts.tolist()) == ([[32, 0, 0]], [[0, 32, 0]])


def test_a_series_that_is_gone_is_told_once_more() -> None:
    counts = HistoryCounts()
    observe(counts, 5)
    assert len(counts.take(()).series) == 1
    assert counts.take(()).series == ()
