"""Gathers what came of a model since its last snapshot: rows and the closed blocks of its series, by time.

Emptied with every snapshot, so it needs no state of its own: after a restore the refold gathers the same again. Whole blocks
are counted, by the event time of their last value: sums over the records do not hang on batches, crashes or snapshots.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.groups import first_bins, reference_id
from stream_monitor.core.series import SeriesKey
from stream_monitor.core.standardise import Lens
from stream_monitor.core.window import BLOCK, LENGTH, Window

_MINUTE: Final = 60_000
_DAY: Final = 24 * 60 * _MINUTE
WIDTHS: Final = (
    _MINUTE,
    5 * _MINUTE,
    15 * _MINUTE,
    60 * _MINUTE,
    6 * 60 * _MINUTE,
    _DAY,
    7 * _DAY,
    28 * _DAY,
    364 * _DAY,
    3_640 * _DAY,
)
"""Of a bucket in ms; each is a multiple of the one before it."""
MOST: Final = (
    64  # buckets between two snapshots; all of the years 1 to 9999 are more than that, but no stream is
)


class Watched(Protocol):
    """A series with the blocks that it closed last."""

    key: SeriesKey
    lens: Lens | None
    window: Window


class Closed(Protocol):
    """What a series made of its cells: so many blocks were closed."""

    @property
    def blocks(self) -> int: ...  # noqa: D102  # said above


class Counted(NamedTuple):
    """What a series brought against the reference of `lens`. buckets, values, unusable: (m,), ascending. counts: (m, groups)."""

    key: SeriesKey
    lens: Lens
    reference: str
    buckets: NDArray[np.int64]
    values: NDArray[np.int64]
    unusable: NDArray[np.int64]
    counts: NDArray[np.int64]


class Gathered(NamedTuple):
    """buckets: multiples of `width`, ascending; rows: of the model in each."""

    width: int
    buckets: tuple[int, ...]
    rows: tuple[int, ...]
    series: tuple[Counted, ...]


class _Tally:
    """By bucket: blocks, unusable cells and the counts of the groups, (2 + groups,)."""

    __slots__ = ("buckets", "first", "lens", "reference")

    def __init__(self, lens: Lens) -> None:
        self.lens = lens
        self.first = first_bins(lens.reference)
        self.reference = reference_id(lens.reference)
        self.buckets: dict[int, NDArray[np.int64]] = {}

    def add(self, at: NDArray[np.int64], window: Window, n: int) -> list[int]:
        """The last n blocks, in the buckets `at` (n,). Returns these buckets, some perhaps twice."""
        runs = np.flatnonzero(at[1:] != at[:-1]) + 1
        if len(runs) == 0:
            bins = window.counts[-n:].sum(axis=0, dtype=np.int64)
            row = np.concatenate([[n, window.unusable[-n:].sum()], np.add.reduceat(bins, self.first)])
            self._put(int(at[0]), row)
            return [int(at[0])]
        runs = np.concatenate([[0], runs])
        bins = np.add.reduceat(window.counts[-n:], runs, axis=0, dtype=np.int64)
        rows = np.empty((len(runs), 2 + len(self.first)), np.int64)
        rows[:, 0] = np.diff(runs, append=n)
        rows[:, 1] = np.add.reduceat(window.unusable[-n:], runs)
        rows[:, 2:] = np.add.reduceat(bins, self.first, axis=1)
        found: list[int] = at[runs].tolist()
        for bucket, row in zip(found, rows, strict=True):
            self._put(bucket, row)
        return found

    def widen(self, factor: int) -> None:
        """Buckets `factor` times as wide."""
        narrow, self.buckets = self.buckets, {}
        for bucket, row in narrow.items():
            self._put(bucket // factor, row)

    def take(self, key: SeriesKey) -> Counted:
        """All of it, in order of time; it is forgotten here."""
        found, self.buckets = self.buckets, {}
        buckets = sorted(found)
        rows = np.stack([found[bucket] for bucket in buckets])
        return Counted(
            key=key,
            lens=self.lens,
            reference=self.reference,
            buckets=np.array(buckets, np.int64),
            values=rows[:, 0] * BLOCK,
            unusable=rows[:, 1],
            counts=rows[:, 2:],
        )

    def _put(self, bucket: int, row: NDArray[np.int64]) -> None:
        known = self.buckets.get(bucket)
        if known is None:
            self.buckets[bucket] = row.copy()
        else:
            known += row


class HistoryCounts:
    """Of one model. Cost: some µs a batch and 20 µs a series for every 2,000 values; at most 64 buckets of each series.

    Blocks wait in the windows of their series until enough are closed to count them at once.
    """

    def __init__(self) -> None:
        self._level = 0
        self._rows: dict[int, int] = {}
        self._waiting: dict[SeriesKey, int] = {}
        # one for each reference that counted; the last one of a series stays for what follows
        self._tallies: dict[SeriesKey, list[_Tally]] = {}

    @property
    def width(self) -> int:
        """Of the buckets so far, ms."""
        return WIDTHS[self._level]

    def observe(
        self,
        times: NDArray[np.int64],
        taken: Mapping[SeriesKey, Closed],
        series: Mapping[SeriesKey, Watched],
    ) -> None:
        """Rows came with these event times (n,), n >= 1, and series closed blocks; their windows were not trimmed since."""
        self._count_rows(times)
        for key, one in taken.items():
            if one.blocks:
                waiting = self._waiting.get(key, 0) + one.blocks
                self._waiting[key] = waiting
                if waiting > LENGTH:  # more than a window keeps
                    self.settle(series[key])

    def _count_rows(self, times: NDArray[np.int64]) -> None:
        width = self.width
        first, last = int(times.min()) // width, int(times.max()) // width
        if first == last:
            self._rows[first] = self._rows.get(first, 0) + len(times)
        else:
            buckets, numbers = np.unique(times // width, return_counts=True)
            for bucket, n in zip(buckets.tolist(), numbers.tolist(), strict=True):
                self._rows[bucket] = self._rows.get(bucket, 0) + n
        self._widen()

    def settle(self, series: Watched) -> None:
        """Count what waits of `series`: its window is about to go."""
        waiting = self._waiting.pop(series.key, 0)
        if not waiting:
            return
        assert series.lens is not None
        at = series.window.times[-waiting:, 1] // self.width
        for bucket in self._tally(series.key, series.lens).add(at, series.window, waiting):
            self._rows.setdefault(bucket, 0)
        self._widen()

    def take(self, series: Mapping[SeriesKey, Watched]) -> Gathered:
        """All that was gathered, which is forgotten here. series: those of the model."""
        for key in list(self._waiting):
            self.settle(series[key])
        rows, width = sorted(self._rows.items()), self.width
        counted = [
            tally.take(key)
            for key in sorted(self._tallies, key=lambda key: key.order)
            for tally in self._tallies[key]
            if tally.buckets
        ]
        self._level, self._rows = 0, {}
        self._tallies = {key: tallies[-1:] for key, tallies in self._tallies.items() if key in series}
        return Gathered(width, tuple(at for at, _ in rows), tuple(n for _, n in rows), tuple(counted))

    def _tally(self, key: SeriesKey, lens: Lens) -> _Tally:
        tallies = self._tallies.setdefault(key, [])
        if not tallies or tallies[-1].lens is not lens:
            tallies.append(_Tally(lens))
        return tallies[-1]

    def _widen(self) -> None:
        """Coarser buckets, until there are few enough."""
        while len(self._rows) > MOST and self._level + 1 < len(WIDTHS):
            factor = WIDTHS[self._level + 1] // WIDTHS[self._level]
            self._level += 1
            narrow, self._rows = self._rows, {}
            for bucket, n in narrow.items():
                self._rows[bucket // factor] = self._rows.get(bucket // factor, 0) + n
            for tallies in self._tallies.values():
                for tally in tallies:
                    tally.widen(factor)
