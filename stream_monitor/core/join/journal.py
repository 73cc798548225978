"""Rows in order of arrival as arrays, closed in any order: the store of what waits, and what of it has changed since written.

Rows belong to chunks of consecutive rows. A chunk holds all its rows, the closed ones too, until few are open: then it is
written anew with the open ones alone, as a log-structured file system cleans its segments (Rosenblum & Ousterhout 1992). So a
closed row changes nothing but a mark. Which rows a chunk holds depends on the rows taken and the moments of `tidy`, never on
when it is written.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from stream_monitor.core.join.chunks import Chunks
from stream_monitor.core.join.pages import zeros

Arrays: TypeAlias = Mapping[str, NDArray[Any]]
OPEN: Final = 0
CLOSED: Final = 1  # still in its chunk
DROPPED: Final = 2  # still in the arrays, until they are packed
_BLOCK: Final = 65_536  # rows packed at once


class Journal:
    """Rows with the fields `fixed` (name → type) and any others; cells that were never given are 0.

    A row costs the bytes of its fields and 1, at most 2.3 times over: up to half of the rows of a chunk may be closed, and
    an eighth of all rows no longer be in one.
    """

    def __init__(self, fixed: Mapping[str, DTypeLike], chunk: int) -> None:
        self.size = 0  # rows in the arrays
        self.open = 0
        self.chunks = Chunks(chunk)
        self._arrays: dict[str, NDArray[Any]] = {name: np.zeros(0, kind) for name, kind in fixed.items()}
        self._state: NDArray[np.uint8] = np.zeros(0, np.uint8)
        self._front = 0  # no row before it is open
        self._dropped = 0
        self.was_packed = False  # by the last `tidy`

    def __getitem__(self, name: str) -> NDArray[Any]:
        """The field of all rows: (size,), closed rows included; do not keep it."""
        return self._arrays[name][: self.size]

    def names(self) -> list[str]:
        """All fields, sorted."""
        return sorted(self._arrays)

    def is_open(self) -> NDArray[np.bool_]:
        """By row, (size,)."""
        is_open: NDArray[np.bool_] = self._state[: self.size] == OPEN
        return is_open

    def open_from(self, begin: int) -> NDArray[np.intp]:
        """Positions of the open rows from the position `begin` on."""
        return begin + np.flatnonzero(self._state[begin : self.size] == OPEN)

    def append(self, rows: Arrays, number: int) -> NDArray[np.intp]:
        """Take `number` new rows, (number,) for each field; returns their positions."""
        self.chunks.append(self.size, number)
        return self._store(rows, number)

    def _store(self, rows: Arrays, number: int) -> NDArray[np.intp]:
        begin, end = self.size, self.size + number
        if end > len(self._state):
            self._resize(max(end, len(self._state) * 2, 1024))
        for name, values in rows.items():
            if name not in self._arrays:
                self._arrays[name] = zeros(len(self._state), values.dtype)
            self._arrays[name][begin:end] = values
        for name in self._arrays.keys() - rows.keys():
            self._arrays[name][begin:end] = 0
        self._state[begin:end] = OPEN
        self.size = end
        self.open += number
        return np.arange(begin, end)

    def reorder(self, begin: int, order: NDArray[np.intp]) -> None:
        """Put the rows from `begin` on, none of them dropped, into another order."""
        closed = begin + np.flatnonzero(self._state[begin : self.size] == CLOSED)
        for array in (*self._arrays.values(), self._state):
            array[begin : self.size] = array[begin : self.size][order]
        self.chunks.reopen(closed)
        self.chunks.close(begin + np.flatnonzero(self._state[begin : self.size] == CLOSED))

    def close(self, positions: NDArray[np.intp]) -> None:
        """These rows, all open, wait no longer."""
        self._state[positions] = CLOSED
        self.open -= len(positions)
        self.chunks.close(positions)

    def oldest(self, number: int) -> NDArray[np.intp]:
        """Positions of the `number` oldest open rows. Cost: a pass over the closed rows before them, once."""
        found: list[NDArray[np.intp]] = []
        missing, at = min(number, self.open), self._front
        while missing > 0 and at < self.size:
            here = np.flatnonzero(self._state[at : min(at + 8192, self.size)] == OPEN)[:missing] + at
            found.append(here)
            missing -= len(here)
            at += 8192
        return np.concatenate([*found, np.zeros(0, np.intp)])

    def before(self, clock: int) -> NDArray[np.intp]:
        """Positions of the open rows whose field `clock`, which never falls, is below `clock`."""
        end = int(np.searchsorted(self["clock"], clock))
        return np.flatnonzero(self._state[self._front : end] == OPEN) + self._front

    def tidy(self) -> NDArray[np.int32] | None:
        """Drop what no chunk needs. Returns where every row has moved to (-1: dropped), (old size,), if any has moved."""
        state = self._state[: self.size]
        for begin, end in self.chunks.tidy():
            part = state[begin:end]
            self._dropped += int((part == CLOSED).sum())
            part[part == CLOSED] = DROPPED
        ahead = state[self._front :] == OPEN
        self._front += int(ahead.argmax()) if ahead.any() else len(ahead)
        self.was_packed = self._dropped >= 4 * self.chunks.rows and 8 * self._dropped >= self.size
        return self._pack() if self.was_packed else None

    def _pack(self) -> NDArray[np.int32]:
        kept = self._state[: self.size] != DROPPED
        to = np.cumsum(kept, dtype=np.int32) - np.int32(1)
        self._front = int(kept[: self._front].sum())
        self.chunks.move(np.append(to + 1 - kept, kept.sum()))
        to[~kept] = -1
        for array in (*self._arrays.values(), self._state):
            end = 0
            for begin in range(0, self.size, _BLOCK):  # in place, with little memory besides
                part = array[begin : min(begin + _BLOCK, self.size)][kept[begin : begin + _BLOCK]]
                array[end : end + len(part)] = part
                end += len(part)
        self.size, self._dropped = int(kept.sum()), 0
        if 4 * self.size < len(self._state):
            self._resize(2 * self.size)
        return to

    def forget(self, name: str) -> None:
        """Drop a field that is 0 in every row."""
        del self._arrays[name]

    def _resize(self, room: int) -> None:
        for name, array in self._arrays.items():  # one at a time: the copy costs no more than one field
            self._arrays[name] = _grown(array, self.size, room)
        self._state = _grown(self._state, self.size, room)

    def reserve(self, rows: int) -> None:
        """Make room for so many rows at once."""
        if rows > len(self._state):
            self._resize(rows)

    def held(self, at: int) -> Arrays:
        """All fields of the rows that the chunk at the place `at` holds."""
        begin, end = self.chunks.bounds(at, self.size)
        here = np.flatnonzero(self._state[begin:end] != DROPPED) + begin
        return {name: self._arrays[name][here] for name in self.names()}

    def open_in(self, at: int) -> NDArray[np.bool_]:
        """Which rows that the chunk at the place `at` holds are open."""
        begin, end = self.chunks.bounds(at, self.size)
        state = self._state[begin:end]
        is_open: NDArray[np.bool_] = state[state != DROPPED] == OPEN
        return is_open

    def adopt(self, rows: Arrays, is_open: NDArray[np.bool_], number: int) -> None:
        """The next chunk when restoring, with its number, as `held` and `open_in` gave it."""
        self.chunks.adopt(number, self.size, len(is_open), int(is_open.sum()))
        positions = self._store(rows, len(is_open))
        self._state[positions[~is_open]] = CLOSED
        self.open -= int((~is_open).sum())


def _grown(array: NDArray[Any], size: int, room: int) -> NDArray[Any]:
    grown = zeros(room, array.dtype)
    grown[:size] = array[:size]
    return grown
