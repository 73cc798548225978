"""Gathers what came of a model since its last snapshot: rows and the closed blocks of its series, by time.

Emptied with every snapshot, so it needs no state of its own: after a restore the refold gathers the same again. Whole blocks
are counted, by the event time of their last value: sums over the records do not hang on batches, crashes or snapshots.
"""

from collections.abc import Collection, Hashable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.groups import first_bins
from stream_monitor.core.series import SeriesKey
from stream_monitor.core.standardise import Lens
from stream_monitor.core.summaries import Summed
from stream_monitor.core.window import BLOCK

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

_WAITING: Final = 1 << 18  # counts that wait at most


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

    __slots__ = ("buckets", "first", "lens")

    def __init__(self, lens: Lens) -> None:
        self.lens = lens
        self.first = first_bins(lens.reference)
        self.buckets: dict[int, NDArray[np.int64]] = {}

    def add(self, blocks: NDArray[np.int64], counts: NDArray[np.int64], buckets: list[int]) -> None:
        """Runs of blocks of this series alone. blocks: (r, 2) how many, and cells passed over. counts: (r, width)."""
        groups = np.add.reduceat(counts[:, : self.lens.bins], self.first, axis=1)
        for bucket, row in zip(buckets, np.concatenate([blocks, groups], axis=1), strict=True):
            self._put(bucket, row)

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
            reference=self.lens.id,
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


class _Runs(NamedTuple):
    """Blocks of series in step that follow each other in one bucket, as sums. buckets: of each run. blocks: (r, 2) how many, and
    cells passed over. counts: (S, r, width), of all bins.
    """

    keys: Sequence[SeriesKey]
    lenses: Sequence[Lens]
    buckets: list[int]
    blocks: NDArray[np.int64]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, summed: Summed, width: int) -> "_Runs":
        """Of buckets of `width` ms."""
        keys, lenses, ends, unusable, counts = summed
        buckets = (ends // width).tolist()
        begins = [at for at, bucket in enumerate(buckets) if at == 0 or bucket != buckets[at - 1]]
        blocks = np.stack([np.ones(len(buckets), np.int64), unusable], axis=1)
        return cls(
            keys,
            lenses,
            [buckets[at] for at in begins],
            np.add.reduceat(blocks, begins, axis=0),
            np.add.reduceat(counts, begins, axis=1, dtype=np.int64),
        )


class HistoryCounts:
    """Of one model. Cost: ~1 µs a series and batch; at most 64 buckets of each series.

    Sums over blocks wait until there are enough of them to be given to their series.
    """

    def __init__(self) -> None:
        self._level = 0
        self._rows: dict[int, int] = {}
        self._waiting: dict[Hashable, _Runs] = {}
        self._size = 0  # counts that wait
        # one for each reference that counted; the last one of a series stays for what follows
        self._tallies: dict[SeriesKey, list[_Tally]] = {}

    @property
    def width(self) -> int:
        """Of the buckets so far, ms."""
        return WIDTHS[self._level]

    def observe(self, times: NDArray[np.int64], summed: Sequence[Summed]) -> None:
        """Rows came with these event times (n,), n >= 1, and series closed blocks."""
        self._count_rows(times)
        for one in summed:
            runs = _Runs.of(one, self.width)
            alike = tuple(map(id, one.lenses)), tuple(runs.buckets)
            known = self._waiting.setdefault(alike, runs)
            if known is runs:
                self._size += runs.counts.size
            else:  # as a rule: the same series, in the same bucket
                np.add(known.blocks, runs.blocks, out=known.blocks)
                np.add(known.counts, runs.counts, out=known.counts)
            for bucket in runs.buckets:
                self._rows.setdefault(bucket, 0)
        self._widen()
        if self._size > _WAITING:
            self._settle()

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

    def _settle(self) -> None:
        """Give what waits to the tallies of the series."""
        waiting, self._waiting, self._size = self._waiting, {}, 0
        for keys, lenses, buckets, blocks, counts in waiting.values():
            for key, lens, mine in zip(keys, lenses, counts, strict=True):
                self._tally(key, lens).add(blocks, mine, buckets)

    def take(self, series: Collection[SeriesKey]) -> Gathered:
        """All that was gathered, which is forgotten here. series: those of the model."""
        self._settle()
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
            self._settle()
            factor = WIDTHS[self._level + 1] // WIDTHS[self._level]
            self._level += 1
            narrow, self._rows = self._rows, {}
            for bucket, n in narrow.items():
                self._rows[bucket // factor] = self._rows.get(bucket // factor, 0) + n
            for tallies in self._tallies.values():
                for tally in tallies:
                    tally.widen(factor)
