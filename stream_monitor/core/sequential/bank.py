"""Many conformal Shiryaev–Roberts tests of bin counts side by side, one row a series, advanced many blocks at a time.

For every bettor, M ← (M + w) · E, where E is the probability of the bin counts of a part of a block under the bettor's table
over their probability in the Polya urn, and w the share of the alarm budget that the part is worth, known before it. The
weighted mean of M over the bettors reaches 1 at most Σ w times in expectation, for every distribution of the values.
"""

from collections.abc import Mapping
from typing import ClassVar, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.fields import Fields
from stream_monitor.core.sequential import bets
from stream_monitor.core.sequential import rows as stores
from stream_monitor.core.sequential.choices import LEARN, MEMORY, NOTHING, PARTS, RECENT_EVERY, RENEWALS
from stream_monitor.core.sequential.sums import FINE, on_grid, running
from stream_monitor.core.window import BLOCK

_KEEP: Final = np.array([(1.0 - 1.0 / MEMORY) ** k for k in range(RECENT_EVERY * BLOCK + 1)])
"""What is kept of the shares seen lately when so many values come, and what one of these puts in."""
_PUT: Final = (1.0 - _KEEP) / np.maximum(np.arange(len(_KEEP)), 1)
_EXP_MAX: Final = 150.0  # of one part: the product of a block's stays finite
_TABLE: Final = 65536
_BEFORE: Final = on_grid(np.concatenate([[0.0, 0.0], np.cumsum(np.log(np.arange(1, _TABLE)))]), FINE)
"""log (n - 1)! at n, up to _TABLE."""


class Counted(NamedTuple):
    """Up to m blocks of n streams, block by block. rows: (n,) in the bank. counts: (m, PARTS, n, bins). weights: (m, n) of the
    blocks. size: (n,) blocks of each; behind them counts and weights are 0. open: (n,) whether the gate lets it take part.
    power: (n,) of its evidence, at most 1.
    """

    rows: NDArray[np.intp]
    counts: NDArray[np.int64]
    weights: FloatArray
    size: NDArray[np.int64]
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
        self._idle = self.priors == 0.0  # they gather nothing: it could grow beyond all bounds
        self.urn = np.ones((rows, bins), np.int64)
        self.seen = np.ones((rows, bins), np.int64)  # the urn when the tables were made
        self.blocks = np.zeros(rows, np.int64)  # in the urn, those that it began from included
        # shares of the bins seen lately, where a bettor looks at them, and the urn then
        self.recent: FloatArray = np.zeros((rows, bins if numeric else 0))
        self.late = np.ones((rows, bins if numeric else 0), np.int64)
        self.log_late: FloatArray = np.zeros((rows, bets.RECENT if numeric else 0, bins))
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

    def advance(self, new: Counted) -> FloatArray:
        """Take the new blocks. Returns the evidence (m, n) at each: the largest of the weighted means of M at its parts."""
        if self._constant:  # blocks of its only level are worth nothing
            new = new._replace(weights=np.where(new.counts[..., 1].any(axis=1), new.weights, 0.0))
        rows, every = new.rows, np.arange(len(new.rows))
        m, parts, n, bins = new.counts.shape
        urn = running(self.urn[rows], new.counts.reshape(m * parts, n, bins))
        gain = self._fixed(new, urn)
        gain -= _null(urn)[:, :, None]
        if (new.power < 1.0).any():  # a power of what has mean one has a mean of at most one (Jensen)
            gain *= new.power[:, None]
        np.exp(np.minimum(gain, _EXP_MAX, out=gain), out=gain)
        if not new.open.all():
            gain[:, ~new.open] = 0.0
        if self._idle.any():
            gain[:, :, self._idle] = 0.0
        self.urn[rows] = urn[new.size * parts, every]
        self.blocks[rows] += new.size
        return self._accumulate(new, gain.reshape(m, parts, n, -1))

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

    def load(self, row: int, fields: Fields) -> None:
        """Read a row, and make again the tables that follow from it. Raises CorruptState."""
        stores.load(self, row, fields)
        seen = self.seen[row : row + 1]
        if (self.urn[row] < 1).any() or (seen < 1).any():
            raise fields.wrong("urn", "a bin without a place")
        if self.blocks[row] < LEARN or (self.recent[row] < 0).any() or (self.evidence[row] < 0).any():
            raise fields.wrong("blocks", "younger than its slots, or less than nothing")
        self.log_q[row] = self._tables(seen / seen.sum())[0]
        self.evidence[row, self._idle] = 0.0
        if self._numeric:
            late = self.late[row]
            added = self.urn[row] - late
            if (late < 1).any() or (added < 0).any() or added.sum() >= len(_KEEP):
                raise fields.wrong("late", "does not fit the urn")
            self.log_late[row] = bets.recent(self.recent[row], late / late.sum())

    def _fixed(self, new: Counted, urn: NDArray[np.int64]) -> FloatArray:
        """log of the probability of every part under every bettor, (m · PARTS, n, bettors), with the tables of its time.

        The tables are on a grid on which products and sums of counts are exact: any routine adds them up to the same bits.
        """
        rows, counts = new.rows, new.counts.astype(np.float64).reshape(len(urn) - 1, len(new.rows), -1)
        due = RENEWALS.due(self.blocks[rows], new.size)
        seen = urn[due.step * PARTS, due.stream]
        tables = self._tables(seen / seen.sum(axis=1)[:, None]) if len(seen) else self.log_q[:0]
        out = np.empty((*counts.shape[:2], len(self.priors)))
        fixed = out[:, :, : self.log_q.shape[2]]
        np.matmul(counts.swapaxes(0, 1), self.log_q[rows], out=fixed.swapaxes(0, 1))
        for at, step, table in zip(due.stream.tolist(), (due.step * PARTS).tolist(), tables, strict=True):
            np.matmul(counts[step:, at], table, out=fixed[step:, at])
        self.log_q[rows[due.stream]] = tables  # in order of time: the last stays
        self.seen[rows[due.stream]] = seen
        if self._numeric:
            self._recent(new, urn, counts, out[:, :, -bets.RECENT :])
        return out

    def _recent(self, new: Counted, urn: NDArray[np.int64], counts: FloatArray, out: FloatArray) -> None:
        """The same under the bettors that expect what was seen lately; their tables are made anew every few blocks."""
        m, parts, n, bins = new.counts.shape
        rows, every = new.rows, np.arange(n)
        phase = self.blocks[rows] % RECENT_EVERY
        step = np.arange(0, int(phase.max()) + m, RECENT_EVERY)[:, None] - phase
        due = (step >= 0) & (step < new.size)
        seen = urn[np.clip(step, 0, m) * parts, every]
        seen[0, ~due[0]] = self.late[rows[~due[0]]]
        added = np.diff(seen, axis=0, prepend=self.late[rows][None])
        added[~due] = 0
        values = added.sum(axis=2)
        shares, put = np.empty((len(step) + 1, n, bins)), _PUT[values][..., None] * added
        shares[0] = self.recent[rows]
        keep = np.repeat(_KEEP[values], bins, axis=1).reshape(put.shape)
        for before, kept, more, after in zip(shares, keep, put, shares[1:], strict=False):
            np.multiply(before, kept, after)
            np.add(after, more, after)
        # The tables that are not due meet no value, but the first ones.
        tables = np.empty((*step.shape, bets.RECENT, bins))
        made = slice(0 if due[0].any() else 1, None)
        tables[made] = bets.recent(shares[1:][made], seen[made] / seen[made].sum(axis=2, keepdims=True))
        tables[0, ~due[0]] = self.log_late[rows[~due[0]]]
        which = (np.arange(m)[:, None] + phase) // RECENT_EVERY
        by_block = counts.reshape(m, parts, n, bins).swapaxes(1, 2)
        of_block = by_block @ tables[which, every].swapaxes(2, 3)
        out.reshape(m, parts, n, -1)[:] = of_block.swapaxes(1, 2)
        self.recent[rows] = shares[-1]
        self.late[rows] += added.sum(axis=0)
        self.log_late[rows] = tables[which[new.size - 1, every], every]

    def _accumulate(self, new: Counted, gain: FloatArray) -> FloatArray:
        """Move M through all parts. Over a block it is linear: M ← product · M + put; only that runs block by block."""
        weight = (new.weights / PARTS)[:, :, None]
        products, puts = [gain[:, 0]], [weight * gain[:, 0]]
        for part in range(1, PARTS):
            products.append(products[-1] * gain[:, part])
            puts.append((puts[-1] + weight) * gain[:, part])
        every = np.arange(len(new.rows))
        with np.errstate(over="ignore", invalid="ignore"):  # behind an alarm, where nobody looks any more
            grown = np.empty((len(gain) + 1, *gain.shape[2:]))
            grown[0] = self.evidence[new.rows]
            for before, product, put, after in zip(grown, products[-1], puts[-1], grown[1:], strict=False):
                np.multiply(before, product, after)
                np.add(after, put, after)
                if self._constant:
                    after[after < NOTHING] = 0.0
            means = []
            for product, put in zip(products, puts, strict=True):
                np.multiply(grown[:-1], product, out=product)
                np.add(product, put, out=product)
                means.append(np.einsum("ijk,k->ij", product, self.priors))
        self.evidence[new.rows] = grown[new.size, every]
        peak = np.fmax.reduce(means)
        self.peak[new.rows] = peak[new.size - 1, every]
        return np.asarray(peak)


def _null(urn: NDArray[np.int64]) -> FloatArray:
    """log of the probability of every step of the urns (m + 1, n, bins), (m, n)."""
    total = np.einsum("ijk->ij", urn)
    if total.max(initial=0) <= _TABLE or urn.max() <= _TABLE:
        chosen = np.diff(np.einsum("ijk->ij", _BEFORE.take(urn)), axis=0)
    else:
        chosen = np.einsum("ijk->ij", _log_rising(urn[:-1], urn[1:]))
    return np.asarray(chosen - _log_rising(total[:-1], total[1:]))


def _log_rising(start: NDArray[np.int64], end: NDArray[np.int64]) -> FloatArray:
    """log of start · (start + 1) ⋯ (end - 1) on the fine grid, any shape; 1 <= start <= end <= start + BLOCK.

    A table of factorials, and behind its end the first terms of the expansion around the middle factor: relative error below
    1e-15 of each factor there.
    """
    rising: FloatArray = _BEFORE.take(np.minimum(end, _TABLE)) - _BEFORE.take(np.minimum(start, _TABLE))
    beyond = np.flatnonzero((end > _TABLE) & (end > start))
    if len(beyond):
        first, last = start.ravel()[beyond], end.ravel()[beyond]
        steps, middle = last - first, (first + last - 1) / 2.0
        large = steps * (np.log(middle) - (steps * steps - 1.0) / (24.0 * middle * middle))
        rising.ravel()[beyond] = -on_grid(-large, FINE)
    return rising
