"""Many conformal Shiryaev–Roberts tests side by side, one row a stream, advanced one block at a time.

For every bettor, M ← (M + w) · E, where E is the probability of the block's bin counts under the bettor's table over their
probability in the Polya urn, and w the share of the alarm budget that the block is worth, known before it. The mean of M
over the bettors reaches 1 at most Σ w times in expectation, for every distribution of the values.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.sequential.bets import changed_odds, shifted_and_scaled

MEMORIES = np.array([100.0, 500.0])  # values; of the two bettors that expect what they have seen lately
REFRESH = 1.05  # tables are made anew when the urn has grown by a twentieth
_CAUTION = 0.1  # share of the urn in an adaptive bettor's table
_EXP_MAX = 600.0
_FACTORIALS = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, 65536)))])


class Bank:
    """Streams with the same number of bins. numeric: bins are ordered and bets are shifts and scalings; else odds."""

    ARRAYS: ClassVar[Mapping[str, str]] = {"urn": "<u4", "seen": "<u4", "recent": "<f8", "evidence": "<f8"}

    def __init__(self, *, bins: int, numeric: bool) -> None:
        self._tables = shifted_and_scaled if numeric else changed_odds
        fixed = self._tables(np.full((1, bins), 1.0 / bins)).shape[1]
        self._fixed = fixed
        self.urn: FloatArray = np.zeros((0, bins))
        self.seen: FloatArray = np.zeros((0, bins))  # the urn when the tables were made
        self.recent: FloatArray = np.zeros((0, len(MEMORIES), bins))
        self.evidence: FloatArray = np.zeros((0, fixed + len(MEMORIES)))
        self._log_q: FloatArray = np.zeros((0, fixed, bins))

    def add(self, places: FloatArray) -> int:
        """A new stream that starts from these places, (bins,). Returns its row."""
        share = places / places.sum()
        self.urn = np.concatenate([self.urn, places[None]])
        self.seen = np.concatenate([self.seen, places[None]])
        self.recent = np.concatenate([self.recent, np.tile(share, (1, len(MEMORIES), 1))])
        self.evidence = np.concatenate([self.evidence, np.zeros((1, self.evidence.shape[1]))])
        self._log_q = np.concatenate([self._log_q, self._tables(share[None])])
        return len(self.urn) - 1

    def step(self, rows: NDArray[np.intp], counts: FloatArray, weights: FloatArray) -> FloatArray:
        """One block of each of these streams. counts: (n, bins). weights: (n,). Returns the evidence (n,); 1 is an alarm."""
        self._refresh(rows)
        urn, recent = self.urn[rows], self.recent[rows]
        total, size = urn.sum(axis=1), counts.sum(axis=1)
        null = (_log_rising(urn, counts)).sum(axis=1) - _log_rising(total, size)
        fixed = (self._log_q[rows] * counts[:, None, :]).sum(axis=2)
        table = (1 - _CAUTION) * recent + _CAUTION * (urn / total[:, None])[:, None, :]
        adaptive = (np.log(table) * counts[:, None, :]).sum(axis=2)
        gain = np.exp(np.minimum(np.concatenate([fixed, adaptive], axis=1) - null[:, None], _EXP_MAX))
        evidence = (self.evidence[rows] + weights[:, None]) * gain
        keep = (1.0 - 1.0 / MEMORIES[None, :]) ** size[:, None]
        share = counts / size[:, None]
        self.recent[rows] = recent * keep[:, :, None] + (1.0 - keep)[:, :, None] * share[:, None, :]
        self.urn[rows] = urn + counts
        self.evidence[rows] = evidence
        return np.asarray(evidence.mean(axis=1))

    def begin(self, row: int, places: FloatArray) -> None:
        """Start a stream anew from these places, (bins,)."""
        self.urn[row] = self.seen[row] = places
        self.recent[row] = places / places.sum()
        self.evidence[row] = 0.0
        self._log_q[row] = self._tables((places / places.sum())[None])[0]

    def remake(self, rows: slice) -> None:
        """Make again, after these rows were loaded, the tables that follow from them."""
        self._log_q[rows] = self._tables(self.seen[rows] / self.seen[rows].sum(axis=1)[:, None])

    def _refresh(self, rows: NDArray[np.intp]) -> None:
        due = rows[self.urn[rows].sum(axis=1) >= REFRESH * self.seen[rows].sum(axis=1)]
        if len(due):
            self.seen[due] = self.urn[due]
            self._log_q[due] = self._tables(self.urn[due] / self.urn[due].sum(axis=1)[:, None])


def _log_rising(start: FloatArray, steps: FloatArray) -> FloatArray:
    """log of start · (start + 1) ⋯ (start + steps - 1), for whole numbers, start >= 1, any shape."""
    return _log_factorial(start + steps - 1) - _log_factorial(start - 1)


def _log_factorial(n: FloatArray) -> FloatArray:
    """log n!, any shape: a table, and Stirling's series behind its end (relative error below 1e-15 there)."""
    small = _FACTORIALS[np.minimum(n, len(_FACTORIALS) - 1).astype(np.intp)]
    if n.max(initial=0.0) < len(_FACTORIALS):
        return small
    m = np.maximum(n, 1.0)
    large = m * np.log(m) - m + 0.5 * np.log(2 * np.pi * m) + 1 / (12 * m) - 1 / (360 * m**3)
    return np.where(n < len(_FACTORIALS), small, large)
