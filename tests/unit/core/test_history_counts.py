from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest

from stream_monitor.core.history_counts import MOST, WIDTHS, Gathered, HistoryCounts
from stream_monitor.core.reference import learn_boolean
from stream_monitor.core.series import SeriesKey
from stream_monitor.core.standardise import Lens
from stream_monitor.core.window import BLOCK, LENGTH, Window

MINUTE = 60_000
KEY = SeriesKey("feature:flag", None)
LENS = Lens(learn_boolean(np.array([0.0, 1.0] * 50), unusable=0))


class Blocks(NamedTuple):
    blocks: int


@dataclass
class Series:
    """Closes blocks as it is told."""

    key: SeriesKey = KEY
    lens: Lens | None = LENS
    window: Window = field(default_factory=lambda: Window(bins=LENS.bins, views=1))

    def close(self, *times: int, trues: int = 0) -> Blocks:
        """A block for each of `times`, at which it ends; one cell was passed over in each."""
        new = Window(bins=LENS.bins, views=1)
        new.counts = np.array([[BLOCK - trues, trues, 0]] * len(times), np.uint8)
        new.times = np.array([[at - 10, at] for at in times], np.int64)
        new.rows = np.zeros((len(times), 2), np.int64)
        new.views, new.moments = np.zeros((len(times), 1)), np.zeros((len(times), 2))
        new.unusable = np.ones(len(times), np.int64)
        self.window.extend(new)
        return Blocks(len(times))


def observe(counts: HistoryCounts, series: Series, *times: int, trues: int = 0) -> None:
    """Rows at `times`, each of which ends a block."""
    taken = {series.key: series.close(*times, trues=trues)}
    counts.observe(np.array(times, np.int64), taken, {series.key: series})
    series.window.trim()


def test_rows_and_blocks_are_counted_by_the_minute_in_which_they_came() -> None:
    counts, series = HistoryCounts(), Series()
    observe(counts, series, 5, MINUTE - 1, trues=2)
    observe(counts, series, MINUTE, 3 * MINUTE, MINUTE + 1)
    gathered = counts.take({KEY: series})
    assert gathered[:3] == (MINUTE, (0, 1, 3), (2, 2, 1))
    (one,) = gathered.series
    assert one.buckets.tolist() == [0, 1, 3]
    assert one.values.tolist() == [64, 64, 32]
    assert one.unusable.tolist() == [2, 2, 1]
    assert one.counts.tolist() == [[60, 4, 0], [64, 0, 0], [32, 0, 0]]


def test_what_was_told_is_forgotten() -> None:
    counts, series = HistoryCounts(), Series()
    observe(counts, series, 5)
    counts.take({KEY: series})
    assert counts.take({KEY: series}) == Gathered(MINUTE, (), (), ())
    observe(counts, series, 7)
    (one,) = counts.take({KEY: series}).series
    assert one.values.tolist() == [32]


def test_blocks_that_a_window_would_forget_are_counted_before() -> None:
    counts, series = HistoryCounts(), Series()
    for at in range(3 * LENGTH):
        observe(counts, series, at)
    (one,) = counts.take({KEY: series}).series
    assert one.values.tolist() == [3 * LENGTH * BLOCK]


def test_there_are_never_more_than_so_many_buckets() -> None:
    counts, series = HistoryCounts(), Series()
    observe(counts, series, *[at * MINUTE for at in range(MOST)])
    assert counts.width == MINUTE
    observe(counts, series, MOST * MINUTE)
    assert counts.width == 5 * MINUTE
    gathered = counts.take({KEY: series})
    assert gathered.rows == (5,) * 13
    assert gathered.series[0].values.tolist() == [5 * BLOCK] * 13
    assert counts.width == MINUTE


@pytest.mark.parametrize("first", [0, -10 * WIDTHS[-1], 1_795_255_200_000])
def test_wide_buckets_hold_what_narrow_ones_did(first: int) -> None:
    times = [first + 7 * 24 * 60 * MINUTE * at for at in range(300)]
    at_once, bit_by_bit, series, other = HistoryCounts(), HistoryCounts(), Series(), Series()
    observe(at_once, series, *times)
    for time in times:
        observe(bit_by_bit, other, time)
    one, two = at_once.take({KEY: series}), bit_by_bit.take({KEY: other})
    assert one[:3] == two[:3]
    assert one.series[0].counts.tolist() == two.series[0].counts.tolist()
    assert one.width == WIDTHS[8]
    assert len(one.buckets) <= MOST
    assert sum(one.rows) == 300


def test_widths_are_multiples_of_those_before() -> None:
    assert all(wide % narrow == 0 for narrow, wide in pairwise(WIDTHS))


def test_another_reference_is_counted_apart() -> None:
    counts, series = HistoryCounts(), Series()
    observe(counts, series, 5)
    counts.settle(series)
    series.lens, series.window = Lens(learn_boolean(np.ones(40), unusable=0)), Window(bins=3, views=1)
    observe(counts, series, 6, trues=32)
    before, after = counts.take({KEY: series}).series
    assert before.reference != after.reference
    assert (before.counts.tolist(), after.counts.tolist()) == ([[32, 0, 0]], [[0, 32, 0]])


def test_a_series_that_is_gone_is_told_once_more() -> None:
    counts, series = HistoryCounts(), Series()
    observe(counts, series, 5)
    counts.settle(series)
    assert len(counts.take({}).series) == 1
    assert counts.take({}).series == ()
