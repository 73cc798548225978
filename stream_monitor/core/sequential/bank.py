"""Many conformal Shiryaev–Roberts tests of bin counts side by side, one row a series, advanced many blocks at a time.

For every bettor, M ← (M + w) · E, where E is the probability of the bin counts of a part of a block under the bettor's table
over their probability in the Polya urn, and w the share of the alarm budget that the part is worth, known before it. The
weighted mean of M over the bettors reaches 1 at most Σ w times in expectation, for every distribution of the values.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.fields import Fields
from stream_monitor.core.kernels import bank as kernel
from stream_monitor.core.sequential import bets
from stream_monitor.core.sequential import rows as stores
from stream_monitor.core.sequential.choices import LEARN, MEMORY, NOTHING, PARTS, RECENT_EVERY, RENEWALS
from stream_monitor.core.sequential.sums import FINE, on_grid
from stream_monitor.core.window import BLOCK

_KEEP: Final = np.array([(1.0 - 1.0 / MEMORY) ** k for k in range(RECENT_EVERY * BLOCK + 1)])
"""What is kept of the shares seen lately when so many values come, and what one of these puts in."""
_PUT: Final = (1.0 - _KEEP) / np.maximum(np.arange(len(_KEEP)), 1)
_MOST: Final = 150.0  # log of E of one part: the product of a block's stays finite
_TABLE: Final = 65536
_BEFORE: Final = on_grid(np.concatenate([[0.0, 0.0], np.cumsum(np.log(np.arange(1, _TABLE + 1)))]), FINE)
"""log (n - 1)! at n, up to what the kernel needs for the logarithms of numbers below _TABLE."""


class Binned(NamedTuple):
    """New blocks of n streams, among N. rows: (n,) in the bank. first, size: (n,) where the blocks of each begin, and how many.
    bins: (N, BLOCK). usable: (N,) whether a block counts. weights: (N,). open: (n,) whether the gate lets a stream take part.
    power: (n,) of its evidence, at most 1.
    """

    rows: NDArray[np.intp]
    first: NDArray[np.int64]
    size: NDArray[np.int64]
    bins: NDArray[np.uint8]
    usable: NDArray[np.bool_]
    weights: FloatArray
    open: NDArray[np.bool_]
    power: FloatArray


class Bank:
    """Streams with the same number of bins. numeric: bins are ordered quantiles; else they are a few levels. upward: all bets are
    on a rise.
    """

    ARRAYS: ClassVar[Mapping[str, str]] = {
        "urn": "<u4",
        "seen": "<u4",
        "late": "<u4",
        "blocks": "<i8",
        "recent": "<f8",
        "evidence": "<f8",
        "peak": "<f8",
    }
    STILL: ClassVar[frozenset[str]] = frozenset()
    MADE: ClassVar[tuple[str, ...]] = ("log_q", "log_late")

    def __init__(self, rows: int = 0, *, bins: int, numeric: bool, upward: bool = False) -> None:
        self.free: list[int] = []
        self._kind = (bins, numeric, upward)
        self._numeric = numeric
        self._constant = not numeric and bins == 2
        if numeric:
            self._tables, self.priors = bets.ordered, bets.ordered_priors(bins, upward=upward)
        elif self._constant:
            self._tables, self.priors = bets.constant, bets.constant_priors(bins)
        else:
            self._tables, self.priors = bets.levels, bets.levels_priors(bins, upward=upward)
        # Without a share they gather nothing: it could grow beyond all bounds.
        self._most = np.where(self.priors > 0.0, _MOST, -np.inf)
        self.urn = np.ones((rows, bins), np.int64)
        self.seen = np.ones((rows, bins), np.int64)  # the urn when the tables were made
        self.blocks = np.zeros(rows, np.int64)  # in the urn, those that it began from included
        # shares of the bins seen lately, where a bettor looks at them, and the urn then
        self.recent: FloatArray = np.zeros((rows, bins if numeric else 0))
        self.late = np.ones((rows, bins if numeric else 0), np.int64)
        self.log_late: FloatArray = np.zeros((rows, bins, bets.RECENT if numeric else 0))
        self.evidence: FloatArray = np.zeros((rows, len(self.priors)))
        self.peak: FloatArray = np.zeros(rows)  # the largest weighted mean at the last block
        self.log_q: FloatArray = np.zeros((rows, bins, len(self.priors) - (bets.RECENT if numeric else 0)))

    def fresh(self, rows: int) -> "Bank":
        """So many rows as they begin."""
        bins, numeric, upward = self._kind
        return Bank(rows, bins=bins, numeric=numeric, upward=upward)

    def begin(self, row: int, places: NDArray[np.int64], blocks: int) -> None:
        """Start a stream anew from these places, (bins,), which come from so many blocks."""
        self.urn[row] = self.seen[row] = places
        self.blocks[row] = blocks
        self.log_q[row] = self._tables(places[None] / places.sum())[0]
        self.late[row] = places[: self.late.shape[1]]
        self.recent[row] = self.late[row] / places.sum()
        self.evidence[row] = self.peak[row] = 0.0

    def advance(self, new: Binned, shown: FloatArray) -> None:
        """Take the new blocks. shown: (N,) becomes the evidence at each: the largest of the weighted means of M at its parts."""
        weights = new.weights
        if self._constant:  # blocks of its only level are worth nothing
            weights = np.where(new.bins.any(axis=1), weights, 0.0)
        gain = self._log_gain(new)
        np.exp(gain, out=gain)
        if not new.open.all():
            gain[np.repeat(~new.open, new.size)] = 0.0
        streams, nothing = (new.rows, new.first, new.size), NOTHING if self._constant else 0.0
        kernel.gather(gain, weights, *streams, self.priors, nothing, self.evidence, self.peak, shown)

    def rest(self, rows: NDArray[np.intp], blocks: NDArray[np.int64]) -> None:
        """So many (n,) new blocks of these constants, which have no evidence, hold nothing but their levels."""
        done = self.blocks[rows]
        renewed = RENEWALS.before(done + blocks) - done
        anew = rows[renewed >= 0]
        self.seen[anew] = self.urn[anew]
        self.seen[anew, 0] += renewed[renewed >= 0] * BLOCK
        self.urn[rows, 0] += blocks * BLOCK
        self.blocks[rows] += blocks
        self.peak[rows] = 0.0

    def make(self, rows: NDArray[np.intp]) -> None:
        """The tables of these rows, n >= 1, which follow from the rest."""
        seen = self.seen[rows]
        self.log_q[rows] = self._tables(seen / seen.sum(axis=1)[:, None])
        if self._numeric:
            self.log_late[rows] = bets.recent(self.recent[rows], self.late[rows])

    def load(self, rows: NDArray[np.intp], many: Sequence[Fields]) -> None:
        """Read these rows, n >= 1. Raises CorruptState."""
        stores.load(self, rows, many)
        urn = self.urn[rows]
        if (urn < 1).any() or (self.seen[rows] < 1).any():
            raise many[0].wrong("urn", "a bin without a place")
        if (
            (self.blocks[rows] < LEARN).any()
            or (self.recent[rows] < 0).any()
            or (self.evidence[rows] < 0).any()
        ):
            raise many[0].wrong("blocks", "younger than its slots, or less than nothing")
        self.evidence[np.ix_(rows, self.priors == 0.0)] = 0.0
        if self._numeric:
            late = self.late[rows]
            added = urn - late
            most = ((self.blocks[rows] - 1) % RECENT_EVERY + 1) * BLOCK
            if (late < 1).any() or (added < 0).any() or (added.sum(axis=1) > most).any():
                raise many[0].wrong("late", "does not fit the urn")
        self.make(rows)

    def _log_gain(self, new: Binned) -> FloatArray:
        """log of E of every bettor in every part of the blocks, stream after stream, (Σ size, PARTS, bettors)."""
        rows, done = new.rows, self.blocks[new.rows]
        end, due, every = done + new.size, RENEWALS.place(done), RECENT_EVERY if self._numeric else 0
        renewed = int((RENEWALS.place(end) - due).sum())
        looks = int(((end - 1) // every - (done - 1) // every).sum()) if every else 0
        blocks = new.bins, new.usable.view(np.uint8), rows, done, new.first, new.size
        schedule, tables = (RENEWALS.numbers, due, every), (_BEFORE, _KEEP, _PUT)
        seen = np.empty((renewed, self.urn.shape[1]), np.int64)
        late = np.empty((looks, self.late.shape[1]), np.int64)
        recent = np.empty((looks, self.recent.shape[1]))
        null = np.empty((int(new.size.sum()), PARTS))
        kernel.draw(
            *blocks, *schedule, *tables, self.urn, self.seen, self.late, self.recent, seen, late, recent, null
        )
        self.blocks[rows] = end
        log_q = self._tables(seen / seen.sum(axis=1)[:, None]) if renewed else self.log_q[:0]
        log_late = bets.recent(recent, late) if looks else self.log_late[:0]
        out = np.empty((*null.shape, len(self.priors)))
        kernel.bet(
            *blocks, *schedule, log_q, log_late, self.log_q, self.log_late, null, new.power, self._most, out
        )
        return out
