from collections import defaultdict

import numpy as np
import pytest

from stream_monitor.runtime.board.buckets import Buckets


def table(buckets: Buckets) -> dict[int, list[int]]:
    return dict(zip(buckets.starts.tolist(), buckets.sums.tolist(), strict=True))


def test_equal_starts_are_added_up_in_whatever_order_they_come() -> None:
    rng = np.random.default_rng(3)
    expected: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    buckets = Buckets(2)
    for start in rng.integers(0, 50, 500).tolist():
        counts = rng.integers(0, 9, 2).tolist()
        buckets.add(start, counts)
        expected[start] = [a + b for a, b in zip(expected[start], counts, strict=True)]
    assert table(buckets) == dict(sorted(expected.items()))
    assert buckets.starts.tolist() == sorted(expected)


def test_of_peaks_the_largest_is_kept() -> None:
    buckets = Buckets(1)
    for peak in (0.25, None, 0.75, 0.5):
        buckets.add(0, (1,), peak)
    buckets.add(1, (1,))
    assert buckets.peaks[0] == 0.75
    assert np.isnan(buckets.peaks[1])


def test_old_buckets_become_coarser_and_older_ones_go() -> None:
    buckets = Buckets(1)
    for start in range(100):
        buckets.add(start, (1,), float(start))
    buckets.thin(before=60, width=15, oldest=30)
    assert table(buckets) == {30: [15], 45: [15], **{start: [1] for start in range(60, 100)}}
    assert buckets.peaks[:2].tolist() == [44.0, 59.0]
    buckets.thin(before=60, width=15, oldest=30)
    assert len(buckets) == 42
    buckets.add(31, (7,))
    buckets.thin(before=60, width=15, oldest=30)
    assert table(buckets)[30] == [22]
    buckets.thin(before=200, width=15, oldest=1_000)
    assert len(buckets) == 0


def test_resampling_adds_up_what_falls_into_each_stretch() -> None:
    buckets = Buckets(1)
    for start in range(0, 100, 2):
        buckets.add(start, (1,), float(start))
    sums, peaks = buckets.resampled(10, 20, 3)
    assert sums[:, 0].tolist() == [10, 10, 10]
    assert peaks.tolist() == [28.0, 48.0, 68.0]
    sums, peaks = buckets.resampled(1_000, 20, 2)
    assert sums[:, 0].tolist() == [0, 0]
    assert np.isnan(peaks).all()


def test_counts_that_do_not_fit_are_refused() -> None:
    buckets = Buckets(2)
    buckets.add(0, (1, 2))
    with pytest.raises(ValueError, match="shape"):
        buckets.add(0, (1, 2, 3))
    with pytest.raises(OverflowError):
        buckets.add(0, (-1, 2))
