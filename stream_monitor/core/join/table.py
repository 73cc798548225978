"""A hash table in two arrays, looked up by whole batches: key → where its case is kept. Never stored: it is made anew.

Open addressing with linear probing (Knuth, TAOCP 3, 6.4, algorithm L), each probe for all keys of a batch at once. A removed
entry keeps its key, so that probes pass over it, until another takes its slot.
"""

from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.join.pages import zeros

_FULL: Final = 0.7  # of the slots taken: time to make the table anew
_SPARE: Final = 2.0  # slots per entry of a new table
_LEAST: Final = 1024  # slots
_BLOCK: Final = 65_536  # slots moved at once


class Where(IntEnum):
    """In which journal a case is kept."""

    NOWHERE = 0
    PENDING = 1
    CLOSED = 2
    EARLY = 3
    USED = 4


class Table:
    """Distinct keys (not 0), each with a journal and a position there. 12 bytes a slot, 1.4 to 2 slots an entry.

    Cost: 0.1 µs a key of a batch of thousands.
    """

    __slots__ = ("_keys", "_taken", "_values")

    _keys: NDArray[np.uint64]
    _values: NDArray[np.int32]

    def __init__(self) -> None:
        self._clear(_LEAST)

    def find(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The slot of every key, (n,); -1 where there is none."""
        slots = np.full(len(keys), -1, np.int64)
        todo, at = np.arange(len(keys)), self._home(keys)
        while len(todo):
            there = self._keys[at]
            hit = there == keys[todo]
            slots[todo[hit]] = at[hit]
            on = ~hit & (there != 0)
            todo, at = todo[on], self._next(at[on])
        return slots

    def read(self, slots: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Journal (`Where`) and position of the entries in `slots` (n,); NOWHERE and 0 for slot -1."""
        values = np.where(slots < 0, np.int32(0), self._values[slots])
        return values & 7, values >> 3

    def write(self, slots: NDArray[np.int64], where: Where, positions: NDArray[np.intp]) -> None:
        """Move the entries in `slots` to other places."""
        self._values[slots] = packed(where, positions)

    def insert(
        self, keys: NDArray[np.uint64], slots: NDArray[np.int64], where: Where, positions: NDArray[np.intp]
    ) -> None:
        """Add entries, or move those there are. slots: what `find` gave for the keys, which differ. There must be room: see
        `make_room`.
        """
        values = packed(where, positions)
        back = slots >= 0  # has an entry, or had one
        self._values[slots[back]] = values[back]
        self._place(keys[~back], values[~back])

    def _place(self, keys: NDArray[np.uint64], values: NDArray[np.int32]) -> None:
        """Put new keys into the first slots that are free, with their values."""
        todo, at = np.arange(len(keys)), self._home(keys)
        while len(todo):
            free = self._values[at] == 0
            mine, slot = todo[free], at[free]
            empty = self._keys[slot] == 0
            self._keys[slot] = keys[mine]  # of several for one slot, one wins
            won = self._keys[slot] == keys[mine]
            self._values[slot[won]] = values[mine[won]]
            self._taken += int(empty[won].sum())
            on = np.concatenate([np.flatnonzero(~free), np.flatnonzero(free)[~won]])
            todo, at = todo[on], self._next(at[on])

    def remove(self, slots: NDArray[np.int64]) -> None:
        """Remove the entries in `slots`."""
        self._values[slots] = 0

    def move(self, where: Where, to: NDArray[np.int32]) -> None:
        """Every entry of a journal is moved from its position p there to `to[p]`. Cost: 10 ns a slot."""
        for begin in range(0, len(self._values), _BLOCK):
            values = self._values[begin : begin + _BLOCK]
            at = np.flatnonzero((values & 7) == where)
            values[at] = (to[values[at] >> 3] << 3) | where

    def make_room(self, more: int) -> None:
        """Grow where `more` entries would make it slow. Cost: 0.1 µs an entry then, a few times as many entries apart."""
        if self._taken + more <= _FULL * len(self._keys):
            return
        keys, values = self._entries()
        self._clear(int(_SPARE * (len(keys) + more)))  # frees the old table first: never are there two
        for begin in range(0, len(keys), _BLOCK):  # little memory besides, and neighbours stay neighbours
            part = slice(begin, begin + _BLOCK)
            self._place(keys[part], values[part])

    def _entries(self) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
        number, end = int(np.count_nonzero(self._values)), 0
        keys, values = zeros(number, np.uint64), zeros(number, np.int32)
        for begin in range(0, len(self._keys), _BLOCK):
            at = begin + np.flatnonzero(self._values[begin : begin + _BLOCK])
            keys[end : end + len(at)], values[end : end + len(at)] = self._keys[at], self._values[at]
            end += len(at)
        return keys, values

    def _clear(self, slots: int) -> None:
        self._keys, self._values = zeros(0, np.uint64), zeros(0, np.int32)
        self._keys, self._values = zeros(max(_LEAST, slots), np.uint64), zeros(max(_LEAST, slots), np.int32)
        self._taken = 0

    def _home(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The slot where the search for a key begins: its upper half scaled to their number (Lemire 2019)."""
        return (((keys >> np.uint64(32)) * np.uint64(len(self._keys))) >> np.uint64(32)).astype(np.int64)

    def _next(self, at: NDArray[np.int64]) -> NDArray[np.int64]:
        at = at + 1
        at[at == len(self._keys)] = 0
        return at


def packed(where: Where, positions: NDArray[np.intp]) -> NDArray[np.int32]:
    """Journal and positions (below 2^28) as the value of an entry."""
    return ((positions << 3) | int(where)).astype(np.int32)
