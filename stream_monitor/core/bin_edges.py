"""Where the bins of numbers begin and end: about equally full, and a value that occurs often has a bin of its own.

Quantiles alone put heavy ties into one bin with their neighbours: 90% zeros and 10% fives would be one bin, and blind to
a change of their shares.
"""

from collections.abc import Sequence

import numpy as np

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.reference import BINS, VALUES_PER_BIN


def numeric_edges(values: FloatArray, bins: int | None = None) -> FloatArray:
    """Ascending edges (k,), k >= 2, of at most `bins` bins of `values` (n,), finite, n >= 1; as `Reference.edges`.

    Up to `bins` distinct values: one bin each, which begins at the value, and the last edge is repeated; nothing else ends
    so. Otherwise quantiles; a value that holds a whole bin's share is closed off from what follows.
    bins: as many as the sample can fill with 30 values each, 2 to 32, if absent. Cost: a sort.

    >>> numeric_edges(np.array([0.0] * 900 + [5.0] * 100)).tolist()
    [0.0, 5.0, 5.0]
    >>> numeric_edges(np.full(100, 7.0)).tolist()
    [7.0, 7.0]
    """
    wanted = bins or int(np.clip(len(values) // VALUES_PER_BIN, 2, BINS))
    distinct = np.unique(values)
    if len(distinct) <= wanted:
        return np.append(distinct, distinct[-1])
    edges, times = np.unique(np.quantile(values, np.linspace(0.0, 1.0, wanted + 1)), return_counts=True)
    return np.union1d(edges, np.nextafter(edges[times > 1], np.inf))


def few_values(edges: Sequence[float] | FloatArray) -> bool:
    """Whether each of the bins between `edges` (k,), k >= 2, holds nothing but the value at which it begins."""
    return bool(edges[-1] == edges[-2])


def widened(
    edges: FloatArray, counts: np.ndarray[tuple[int], np.dtype[np.int64]], *, low: float, high: float
) -> tuple[FloatArray, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Edges and counts (below, bins, above) with what was counted as below and above in bins that reach to `low`, `high`."""
    tally = counts.tolist()
    if tally[0]:
        edges, tally = np.insert(edges, 0, low), [0, *tally]
        if few_values(edges):  # no more
            edges[-1] = np.nextafter(edges[-1], np.inf)
    if tally[-1]:
        last = np.nextafter(edges[-1], np.inf)
        edges, tally = np.append(edges[:-1], [last, high]), [*tally, 0]
    return edges, np.array(tally, np.int64)
