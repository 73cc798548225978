"""Effect sizes between a reference and a window, from the counts of the same bins. Pure formulas.

PSI and the Jensen-Shannon distance are taken over about ten groups of bins (PSI's thresholds 0.1 and 0.25 were made for
deciles), with half a count added to every group, and PSI without its bias for small windows,
(groups - 1) · (1/n + 1/m) (Yurdakul and Naranjo, Statistical properties of the population stability index, 2020).
"""

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray, Kind
from stream_monitor.core.drift_event import EffectSizes, Severity
from stream_monitor.core.reference import Reference

MAJOR_PSI = 0.25  # the usual reading of PSI: from here on a major shift
_GROUPS = 10

Counts = NDArray[np.int64]


def effect_sizes(reference: Reference, current: Counts, *, mean_shift: float) -> EffectSizes:
    """All effect sizes of `current` (bins,) against the reference's counts.

    mean_shift: standardised difference of means, a lower bound of the Wasserstein distance that the bins cannot see when
    values left the range of the reference.
    """
    before = np.array(reference.counts, np.int64)
    difference = before / max(1, before.sum()) - current / max(1, current.sum())
    p, q = _groups(before, current)
    numeric = reference.kind is Kind.NUMERIC
    return EffectSizes(
        psi=_psi(p, q),
        js_distance=_js_distance(p, q),
        wasserstein=max(_wasserstein(reference, difference), abs(mean_shift)) if numeric else None,
        ks=distance(reference, current),
    )


def distance(reference: Reference, current: Counts) -> float:
    """Largest difference of the distribution functions, or of the shares of categories, 0..1."""
    before = np.array(reference.counts, np.int64)
    difference = before / max(1, before.sum()) - current / max(1, current.sum())
    ordered = reference.kind is Kind.NUMERIC
    return float(np.abs(np.cumsum(difference) if ordered else difference).max())


def severity_of(effects: EffectSizes) -> Severity:
    """By the population stability index."""
    return Severity.CRITICAL if effects.psi >= MAJOR_PSI else Severity.WARNING


def _groups(before: Counts, current: Counts) -> tuple[FloatArray, FloatArray]:
    """Neighbouring bins joined until each group holds a tenth of the reference: (groups,) twice, half a count added."""
    upper = np.cumsum(before)
    group = np.minimum((upper - before) * _GROUPS // max(1, int(upper[-1])), _GROUPS - 1).astype(np.intp)
    p = np.bincount(group, weights=before).astype(np.float64)
    q = np.bincount(group, weights=current).astype(np.float64)
    kept = np.bincount(group) > 0
    return p[kept] + 0.5, q[kept] + 0.5


def _psi(p: FloatArray, q: FloatArray) -> float:
    n, m = p.sum(), q.sum()
    index = ((q / m - p / n) * np.log((q / m) / (p / n))).sum()
    return float(max(0.0, index - (len(p) - 1) * (1 / n + 1 / m)))


def _js_distance(p: FloatArray, q: FloatArray) -> float:
    a, b = p / p.sum(), q / q.sum()
    middle = (a + b) / 2
    divergence = ((a * np.log2(a / middle)).sum() + (b * np.log2(b / middle)).sum()) / 2
    return float(np.sqrt(max(0.0, divergence)))


def _wasserstein(reference: Reference, difference: FloatArray) -> float:
    """First Wasserstein distance inside the reference's range over its standard deviation, trapezoids between edges."""
    edges = np.array(reference.edges)
    at_edges = np.abs(np.cumsum(difference)[: len(edges)])
    return float(((at_edges[1:] + at_edges[:-1]) / 2 * np.diff(edges)).sum() / reference.scale)
