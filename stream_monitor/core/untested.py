"""Closed blocks of one series on their way to its sequential test, with what their weight is made of."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.blocks import Closed
from stream_monitor.core.detector import FloatArray
from stream_monitor.core.window import BLOCK


class Untested(NamedTuple):
    """Closed blocks for the sequential test, in order. numbers, times: (m, BLOCK). first_rows: (m,) where each begins.

    elapsed: (m,) ms between the starts of the two blocks before. learned: the first of them are only learned from.
    """

    numbers: FloatArray
    times: NDArray[np.int64]
    first_rows: NDArray[np.int64]
    elapsed: NDArray[np.int64]
    learned: int


def untested_of(closed: Closed, begun: int) -> tuple[Untested, int]:
    """Blocks of a series whose last block began at the event time `begun`, -1 for none. Returns them and the new `begun`."""
    times = closed.times.reshape(-1, BLOCK)
    starts = np.maximum(np.maximum.accumulate(times[:, 0]), begun)
    before = np.concatenate([[begun if begun >= 0 else starts[0]], starts[:-1]])
    untested = Untested(
        closed.numbers.reshape(-1, BLOCK), times, closed.rows[::BLOCK], starts - before, learned=0
    )
    return untested, int(starts[-1])


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


def joined(rehearsal: Untested | None, live: Untested | None) -> Untested | None:
    """The blocks of a rehearsal, then those that followed it."""
    if rehearsal is None or live is None:
        return rehearsal or live
    return Untested(
        np.concatenate([rehearsal.numbers, live.numbers]),
        np.concatenate([rehearsal.times, live.times]),
        np.concatenate([rehearsal.first_rows, live.first_rows]),
        np.concatenate([rehearsal.elapsed, live.elapsed]),
        learned=rehearsal.learned,
    )
