"""Which rows of a journal are written together: numbers, borders and counts of its chunks, and which have changed."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class Chunks:
    """Chunks in order of their rows: the last is being filled, up to `rows` rows. Numbers rise and are never used again."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.next_number = 0
        self.numbers: NDArray[np.int64] = np.zeros(0, np.int64)
        self.held: NDArray[np.int64] = np.zeros(0, np.int64)  # rows, closed ones included
        self.open: NDArray[np.int64] = np.zeros(0, np.int64)
        self._begins: NDArray[np.int64] = np.zeros(0, np.int64)  # position of the first row
        self._dirty: set[int] = set()
        self._gone: set[int] = set()
        self._written: set[int] = set()

    def append(self, begin: int, number: int) -> None:
        """`number` rows follow, the first at the position `begin`."""
        if number == 0:
            return
        room = self.rows - int(self.held[-1]) if len(self.held) else 0
        here = min(room, number) if room > 0 else 0
        if here:
            self.held[-1] += here
            self.open[-1] += here
            self._dirty.add(int(self.numbers[-1]))
        sizes = [min(self.rows, number - at) for at in range(here, number, self.rows)]
        new = np.arange(self.next_number, self.next_number + len(sizes))
        self.numbers = np.append(self.numbers, new)
        self.held, self.open = np.append(self.held, sizes), np.append(self.open, sizes)
        begins = begin + here + self.rows * np.arange(len(sizes))
        self._begins = np.append(self._begins, begins)
        self.held, self.open = self.held.astype(np.int64), self.open.astype(np.int64)
        self.next_number += len(sizes)
        self._dirty.update(new.tolist())

    def adopt(self, number: int, begin: int, held: int, is_open: int) -> None:
        """A chunk that is written already, behind those there are."""
        self.numbers = np.append(self.numbers, number)
        self.held = np.append(self.held, held)
        self.open = np.append(self.open, is_open)
        self._begins = np.append(self._begins, begin)
        self._written.add(number)

    def close(self, positions: NDArray[np.intp]) -> None:
        """Open rows at these positions are closed now."""
        if len(positions):
            self.open -= self._counts(positions)

    def reopen(self, positions: NDArray[np.intp]) -> None:
        """Closed rows at these positions are open again."""
        if len(positions):
            self.open += self._counts(positions)

    def _counts(self, positions: NDArray[np.intp]) -> NDArray[np.int64]:
        """How many of the positions are in each chunk."""
        chunk = np.searchsorted(self._begins, positions, side="right") - 1
        return np.bincount(chunk, minlength=len(self.open))

    def bounds(self, at: int, size: int) -> tuple[int, int]:
        """First position, and the one behind the last, of the chunk at the place `at` of a journal of `size` rows."""
        end = int(self._begins[at + 1]) if at + 1 < len(self._begins) else size
        return int(self._begins[at]), end

    def tidy(self) -> Sequence[tuple[int, int]]:
        """Drop chunks without open rows, halve those with few, join neighbours that are small.

        Returns the positions, as bounds, within which closed rows are to be dropped. Never the last chunk, which is being
        filled; nor is the oldest halved: where rows are closed in order it will soon be gone.
        """
        if len(self.numbers) < 2:
            return []
        empty = self.open == 0
        few = 2 * self.open <= self.held
        few[int(np.argmin(empty)) if not empty.all() else 0] = False
        few |= empty
        few[-1] = False
        bounds = [self.bounds(at, 0) for at in np.flatnonzero(few).tolist()]
        self.held[few] = self.open[few]
        self._dirty.update(self.numbers[few].tolist())
        gone = few & empty
        if gone.any():
            self._remove(gone)
        if (self.held[:-2] + self.held[1:-1] <= self.rows // 2).any():
            self._merge()
        return bounds

    def _merge(self) -> None:
        gone = np.zeros(len(self.held), np.bool_)
        into = 0
        for at in range(1, len(self.held) - 1):
            if self.held[into] + self.held[at] > self.rows // 2:
                into = at
                continue
            self.held[into] += self.held[at]
            self.open[into] += self.open[at]
            self._dirty.add(int(self.numbers[into]))
            gone[at] = True
        self._remove(gone)

    def _remove(self, gone: NDArray[np.bool_]) -> None:
        numbers = set(self.numbers[gone].tolist())
        self._dirty -= numbers
        self._gone |= numbers & self._written
        self._written -= numbers
        self.numbers, self.held, self.open = self.numbers[~gone], self.held[~gone], self.open[~gone]
        self._begins = self._begins[~gone]

    def move(self, to: NDArray[np.int64]) -> None:
        """Rows at the position p, and what begins there, are at `to[p]` now."""
        self._begins = to[self._begins].astype(np.int64)

    def take_dirty(self) -> list[int]:
        """Places of the chunks that have changed since the last call, in order; they count as written."""
        places = np.flatnonzero(np.isin(self.numbers, list(self._dirty))).tolist()
        self._written |= self._dirty
        self._dirty = set()
        return places

    def take_gone(self) -> list[int]:
        """Numbers of written chunks that no longer exist, since the last call."""
        gone = sorted(self._gone)
        self._gone = set()
        return gone
