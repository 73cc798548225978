"""How far counts by group are from a reference, and where their quantiles lie: formulas over whole tables of counts."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.float64]
_QUANTILES: Final = (0.1, 0.5, 0.9)


def js_distances(
    counts: NDArray[Any], shares: NDArray[Any] | Sequence[float], size: NDArray[Any] | int
) -> Table:
    """Jensen-Shannon distance, base 2 (0..1), of every row of `counts` (buckets, groups) to `shares` of `size` values.

    shares: (groups,) for all rows, or (buckets, groups); size: for all rows, or (buckets,). Groups that hold nothing on either
    side count for nothing, so that rows of fewer groups can be filled up with them.

    NaN for a row without values. What chance adds on average is taken off, (groups - 1) · (1/n + 1/size) / 8 nats of the
    divergence (Grosse et al., Physical Review E 65, 2002), or a minute of few values would look like drift.

    >>> js_distances(np.array([[500, 500], [1000, 0], [0, 0]]), (0.5, 0.5), 1000).round(2).tolist()
    [0.0, 0.56, nan]
    """
    table = np.asarray(counts, np.float64)
    n = table.sum(axis=1)
    q = table / np.maximum(n, 1.0)[:, None]
    p = np.broadcast_to(np.asarray(shares, np.float64), q.shape)
    middle = (p + q) / 2
    bits = (_relative_entropies(p, middle) + _relative_entropies(q, middle)) / 2
    degrees = np.maximum(0, (middle > 0).sum(axis=1) - 1)
    chance = degrees * (1 / np.maximum(n, 1.0) + 1 / np.maximum(1, size)) / (8 * np.log(2))
    found: Table = np.sqrt(np.maximum(0.0, bits - chance))
    found[n == 0] = np.nan
    return found


def _relative_entropies(p: Table, q: Table) -> Table:
    """By row, in bits; q > 0 wherever p > 0."""
    ratio = np.divide(p, q, out=np.ones_like(q), where=p > 0)
    found: Table = (p * np.log2(ratio, out=ratio)).sum(axis=1)
    return found


def quantiles(counts: Sequence[int], edges: Sequence[float]) -> tuple[float, float, float] | None:
    """10 %, 50 % and 90 % of the values counted by group; None without values.

    edges: (groups - 1,) ascending, group i > 0 is [edges[i-1], edges[i]). Within a group values are taken to be spread evenly;
    outside the edges nothing is known but the edge.

    >>> quantiles((0, 10, 10, 0), (0.0, 1.0, 2.0))
    (0.2, 1.0, 1.8)
    """
    total = sum(counts)
    if not total or not edges:
        return None
    lower = np.array([edges[0], *edges])
    upper = np.array([*edges, edges[-1]])
    before = np.concatenate([[0.0], np.cumsum(counts)])
    found = []
    for share in _QUANTILES:
        rank = share * total
        at = min(int(np.searchsorted(before[1:], rank)), len(counts) - 1)
        inside = (rank - before[at]) / max(1.0, float(counts[at]))
        found.append(float(lower[at] + min(1.0, inside) * (upper[at] - lower[at])))
    return found[0], found[1], found[2]
