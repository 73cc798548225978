"""Where the bins of numbers begin and end: about equally full, and a value that occurs often has a bin of its own.

Quantiles alone put heavy ties into one bin with their neighbours: 90% zeros and 10% fives would be one bin, and blind to
a change of their shares.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from stream_monitor.core.detector import FloatArray

BINS = 32
VALUES_PER_BIN = 30  # below that a bin's share says little: fewer bins for small samples
_DIGITS = range(6, 18)  # of an edge in a label: 17 tell any two numbers apart


def numeric_edges(values: FloatArray, bins: int | None = None) -> FloatArray:
    """Ascending edges (k,), k >= 2, of about `bins` bins of `values` (n,), finite, n >= 1; as `Reference.edges`.

    Up to `bins` distinct values: one bin each, which begins at the value, and the last edge is repeated; nothing else ends
    so. Otherwise quantiles, and a value that alone holds a bin's share has a bin of its own: less than one bin more for
    each, so never more than twice as many. bins: as many as the sample can fill with 30 values each, 2 to 32, if absent.
    Cost: a sort.

    >>> numeric_edges(np.array([0.0] * 900 + [5.0] * 100)).tolist()
    [0.0, 5.0, 5.0]
    >>> numeric_edges(np.full(100, 7.0)).tolist()
    [7.0, 7.0]
    """
    wanted = bins or int(np.clip(len(values) // VALUES_PER_BIN, 2, BINS))
    distinct, times = np.unique(values, return_counts=True)
    if len(distinct) <= wanted:
        return np.append(distinct, distinct[-1])
    heavy = distinct[times * wanted >= len(values)]
    quantiles = np.quantile(values, np.linspace(0.0, 1.0, wanted + 1))
    return np.unique(np.concatenate([quantiles, heavy, np.nextafter(heavy, np.inf)]))


def bin_labels(edges: Sequence[float]) -> tuple[str, ...]:
    """A name for what is below `edges` (k,), for each bin between them, and for what is above: (k+1,), all different.

    A bin that holds one value is called by it. At least 6 digits, and as many as tell the edges apart.

    >>> bin_labels([0.0, 5e-324, 2.5, 9.0])
    ('below 0', '0', '0 to 2.5', '2.5 to 9', 'above 9')
    >>> bin_labels([1.0, 2.0, 2.0])
    ('below 1', '1', '2', 'above 2')
    """
    few = few_values(edges)
    single = [few or high == math.nextafter(low, math.inf) for low, high in pairwise(edges)]
    ends = [low if one else high for (low, high), one in zip(pairwise(edges), single, strict=True)]
    begins = [
        low if one else before
        for low, one, before in zip(
            edges, single, (edges[0], *ends), strict=False
        )  # what a tie's bin ends at is the tie
    ]
    told = {*begins, *ends}
    named = ({edge: f"{edge:.{digits}g}" for edge in told} for digits in _DIGITS)
    names = next(one for one in named if len(set(one.values())) == len(told))
    inside = [
        names[begin] if one else f"{names[begin]} to {names[end]}"
        for begin, end, one in zip(begins, ends, single, strict=True)
    ]
    return (f"below {names[begins[0]]}", *inside, f"above {names[ends[-1]]}")


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
