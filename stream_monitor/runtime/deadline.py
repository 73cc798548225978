"""One deadline shared by all blocking calls of an operation."""

import time
from collections.abc import Callable


class Deadline:
    """Seconds left of a budget that was fixed when the operation began.

    >>> now = iter([0.0, 1.0, 9.0]).__next__
    >>> deadline = Deadline(5.0, monotonic=now)
    >>> deadline.left(), deadline.left()
    (4.0, 0.0)
    """

    __slots__ = ("_end", "_monotonic")

    def __init__(self, seconds: float, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._end = monotonic() + seconds

    def left(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self._end - self._monotonic())

    @property
    def passed(self) -> bool:
        """Whether nothing is left."""
        return self.left() <= 0.0
