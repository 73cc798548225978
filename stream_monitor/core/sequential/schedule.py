"""When something that is made from the past is made anew: a function of how much was seen, never of how it came."""

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
_FAR = 2**50


class Schedule:
    """The number `first`, and from each the next: `growth` of it further, at least `least`."""

    def __init__(self, *, first: int, least: int, growth: float) -> None:
        numbers = [first]
        while numbers[-1] < _FAR:
            numbers.append(numbers[-1] + max(least, int(numbers[-1] * growth)))
        self.numbers: Integers = np.array(numbers)

    def place(self, done: Integers) -> Integers:
        """Where in `numbers` the first is that is not below each of these (n,): what comes before the next step, or later.

        >>> Schedule(first=16, least=16, growth=0.1).place(np.array([16, 17, 200])).tolist()
        [0, 1, 12]
        """
        return np.searchsorted(self.numbers, done)

    def after(self, done: Integers) -> Integers:
        """The next numbers above these (n,).

        >>> Schedule(first=16, least=16, growth=0.1).after(np.array([200])).tolist()
        [212]
        """
        return self.numbers[np.searchsorted(self.numbers, done, side="right")]

    def before(self, end: Integers) -> Integers:
        """The last numbers below these (n,), which are above the first.

        >>> Schedule(first=16, least=16, growth=0.1).before(np.array([212])).tolist()
        [193]
        """
        return self.numbers[self.place(end) - 1]
