"""Counts by time: a table that grows at its end and is made coarser at its beginning. Knows nothing of what is counted."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Starts = NDArray[np.int64]
Sums = NDArray[np.uint32]
Peaks = NDArray[np.float32]


class Buckets:
    """Sums (n, columns) and one peak each of buckets that begin at `starts` (n,), ms UTC, ascending.

    Equal starts are added up; of peaks the largest is kept, NaN where there is none. Memory: 4 bytes a cell, 12 more a bucket,
    up to twice that while it grows.
    """

    __slots__ = ("_n", "_peaks", "_starts", "_sums", "columns")

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self._n = 0
        self._starts: Starts = np.zeros(4, np.int64)
        self._sums: Sums = np.zeros((4, columns), np.uint32)
        self._peaks: Peaks = np.full(4, np.nan, np.float32)

    def __len__(self) -> int:
        return self._n

    @property
    def cells(self) -> int:
        """Of memory, 4 bytes each."""
        return self._n * (self.columns + 3)

    @property
    def starts(self) -> Starts:
        """(n,), ascending."""
        return self._starts[: self._n]

    @property
    def sums(self) -> Sums:
        """(n, columns)."""
        return self._sums[: self._n]

    @property
    def peaks(self) -> Peaks:
        """(n,)."""
        return self._peaks[: self._n]

    def add(self, start: int, counts: Sequence[int], peak: float | None = None) -> None:
        """Add `counts` (columns,) to the bucket that begins at `start`."""
        at = self._n - 1
        if at < 0 or start > self._starts[at]:
            at = self._inserted(self._n, start)
        elif start < self._starts[at]:
            at = int(np.searchsorted(self.starts, start))
            if self._starts[at] != start:
                at = self._inserted(at, start)
        self._sums[at] += np.array(counts, np.uint32)
        if peak is not None:
            self._peaks[at] = np.fmax(self._peaks[at], peak)

    def thin(self, *, before: int, width: int, oldest: int) -> None:
        """Forget what lies before `oldest`; let buckets before `before` begin at multiples of `width` (ms), added up."""
        first = int(np.searchsorted(self.starts, oldest))
        end = int(np.searchsorted(self.starts, before))
        coarse = self._starts[first:end] // width * width
        begins = np.flatnonzero(np.diff(coarse, prepend=np.iinfo(np.int64).min))
        if first == 0 and len(begins) == end:
            return
        rest = slice(max(end, first), self._n)
        starts, sums, peaks = self._starts[rest], self._sums[rest], self._peaks[rest]
        if len(begins):
            starts = np.concatenate([coarse[begins], starts])
            sums = np.concatenate(
                [np.add.reduceat(self._sums[first:end], begins, axis=0, dtype=np.uint32), sums]
            )
            peaks = np.concatenate([np.fmax.reduceat(self._peaks[first:end], begins), peaks])
        self._starts, self._sums, self._peaks = starts.copy(), sums.copy(), peaks.copy()
        self._n = len(starts)

    def resampled(self, first: int, width: int, number: int) -> tuple[Sums, Peaks]:
        """Sums (number, columns) and peaks (number,) of the stretches of `width` ms from `first` on."""
        sums: Sums = np.zeros((number, self.columns), np.uint32)
        peaks: Peaks = np.full(number, np.nan, np.float32)
        begin, end = np.searchsorted(self.starts, [first, first + width * number])
        if end > begin:
            at = (self._starts[begin:end] - first) // width
            firsts = np.flatnonzero(np.diff(at, prepend=-1))
            held, told = self._sums[begin:end], self._peaks[begin:end]
            if len(firsts) < len(at):  # several buckets fall into one stretch
                held = np.add.reduceat(held, firsts, axis=0, dtype=np.uint32)
                told = np.fmax.reduceat(told, firsts)
            sums[at[firsts]], peaks[at[firsts]] = held, told
        return sums, peaks

    def _inserted(self, at: int, start: int) -> int:
        """An empty bucket at the place `at`."""
        if self._n == len(self._starts):
            room = self._n // 2 + 4
            self._starts = np.concatenate([self._starts, np.zeros(room, np.int64)])
            self._sums = np.concatenate([self._sums, np.zeros((room, self.columns), np.uint32)])
            self._peaks = np.concatenate([self._peaks, np.full(room, np.nan, np.float32)])
        if at < self._n:
            self._starts[at + 1 : self._n + 1] = self._starts[at : self._n].copy()
            self._sums[at + 1 : self._n + 1] = self._sums[at : self._n].copy()
            self._peaks[at + 1 : self._n + 1] = self._peaks[at : self._n].copy()
        self._starts[at], self._sums[at], self._peaks[at] = start, 0, np.nan
        self._n += 1
        return at
