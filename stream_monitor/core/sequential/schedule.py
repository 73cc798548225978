"""When something that is made from the past is made anew: a function of how much was seen, never of how it came."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
_FAR = 2**50


class Due(NamedTuple):
    """What is due, in order of streams, then of time: which stream, and how many steps from now."""

    stream: Integers
    step: Integers


class Schedule:
    """The number `first`, and from each the next: `growth` of it further, at least `least`."""

    def __init__(self, *, first: int, least: int, growth: float) -> None:
        numbers = [first]
        while numbers[-1] < _FAR:
            numbers.append(numbers[-1] + max(least, int(numbers[-1] * growth)))
        self._numbers = np.array(numbers)

    def due(self, done: Integers, size: Integers) -> Due:
        """What comes before one of the next `size` (n,) steps of streams that have done so many (n,)."""
        begin = np.searchsorted(self._numbers, done)
        many = np.searchsorted(self._numbers, done + size) - begin
        if not many.any():
            return Due(many[:0], many[:0])
        stream = np.repeat(np.arange(len(done)), many)
        place = np.arange(len(stream)) - np.repeat(np.cumsum(many) - many, many)
        return Due(stream, self._numbers[begin[stream] + place] - done[stream])

    def after(self, done: Integers) -> Integers:
        """The next numbers above these (n,).

        >>> Schedule(first=16, least=16, growth=0.1).after(np.array([200])).tolist()
        [212]
        """
        return self._numbers[np.searchsorted(self._numbers, done, side="right")]

    def before(self, end: Integers) -> Integers:
        """The last numbers below these (n,), which are above the first.

        >>> Schedule(first=16, least=16, growth=0.1).before(np.array([212])).tolist()
        [193]
        """
        return self._numbers[np.searchsorted(self._numbers, end) - 1]
