"""Closed blocks of one series on their way to its sequential test, with what their weight is made of."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.blocks import Closed
from stream_monitor.core.detector import FloatArray
from stream_monitor.core.window import BLOCK


class Untested(NamedTuple):
    """Closed blocks for the sequential test, in order. numbers: (m, BLOCK), or the one that all of them are. times: (m, BLOCK).
    first_rows: (m,) where each begins.

    elapsed: (m,) ms between the starts of the two blocks before. learned: the first of them are only learned from.
    """

    numbers: FloatArray | float
    times: NDArray[np.int64]
    first_rows: NDArray[np.int64]
    elapsed: NDArray[np.int64]
    learned: int

    def values(self) -> FloatArray:
        """The numbers, (m, BLOCK)."""
        return (
            self.numbers if isinstance(self.numbers, np.ndarray) else np.full(self.times.shape, self.numbers)
        )


class Elapsed(NamedTuple):
    """begun: event time at which the last block began, or a later one before it. elapsed: as in `Untested`."""

    begun: int
    elapsed: NDArray[np.int64]


def elapsed_of(closed: Closed, begun: int) -> Elapsed:
    """Of blocks of series whose last block began at the event time `begun`, -1 for none."""
    starts = np.maximum(np.maximum.accumulate(closed.times[:, 0]), begun)
    before = np.concatenate([[begun if begun >= 0 else starts[0]], starts[:-1]])
    return Elapsed(int(starts[-1]), starts - before)


def rehearsal_of(numbers: FloatArray, times: NDArray[np.int64]) -> Untested:
    """The full blocks of a warm-up, values and event times (n,): only to be learned from."""
    m = len(numbers) // BLOCK
    nothing = np.zeros(m, np.int64)
    return Untested(
        numbers[: m * BLOCK].reshape(m, BLOCK),
        times[: m * BLOCK].reshape(m, BLOCK),
        nothing,
        nothing,
        learned=m,
    )


def joined(rehearsal: Untested, live: Untested) -> Untested:
    """The blocks of a rehearsal, then those that followed it."""
    return Untested(
        np.concatenate([rehearsal.values(), live.values()]),
        np.concatenate([rehearsal.times, live.times]),
        np.concatenate([rehearsal.first_rows, live.first_rows]),
        np.concatenate([rehearsal.elapsed, live.elapsed]),
        learned=rehearsal.learned,
    )
