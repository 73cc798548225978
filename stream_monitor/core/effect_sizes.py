"""Effect sizes between a reference and a window, from the counts of the same bins. Pure formulas.

Which of them a series has follows from its kind: all kinds have PSI and the Jensen-Shannon distance; numbers, which have an
order, the Wasserstein distance and KS; categories and booleans, which have none, chi-square, Cramér's V and L-infinity.
docs/events.md is the table of formulas, ranges, thresholds and sources.

PSI, Jensen-Shannon, chi-square and Cramér's V are taken over about ten groups of bins (see `_groups`). Two windows of the
same distribution differ by chance; all four measure the same thing to first order, so that what chance adds to them is
(groups - 1) · (1/n + 1/m) times 1 for PSI (Yurdakul, Statistical properties of population stability index, 2018), 1/8 for
the divergence in nats (Grosse et al., Physical Review E 65, 2002) and 1/4 for V² (Bergsma, A bias-correction for Cramér's V
and Tschuprow's T, 2013). It is taken off, so that a threshold means the same for windows of 100 and of 2,000 values.
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.bin_edges import few_values
from stream_monitor.core.detector import FloatArray, Kind
from stream_monitor.core.drift_event import EffectSize, EffectSizes, Severity
from stream_monitor.core.reference import Reference

MAJOR_PSI = 0.25  # from here on a major shift: Siddiqi, Credit Risk Scorecards, 2006
THRESHOLDS: Mapping[str, float] = MappingProxyType(
    {
        "psi": 0.1,  # from here on some shift: Siddiqi 2006; default of Evidently
        "js_distance": 0.1,  # default of Evidently above 1,000 rows, and of Azure ML for categories
        "wasserstein": 0.1,  # default of Evidently above 1,000 rows, and of Azure ML
        "ks": 0.1,  # `comparison_threshold` of SageMaker Model Monitor
        "cramers_v": 0.2,  # default of Deepchecks; between Cohen's small .1 and medium .3 (1988, p. 227)
        "l_infinity": 0.3,  # default of Vertex AI
    }
)
"""Published defaults, reported beside each value."""
# 95% quantile by degrees of freedom from 1, as Evidently and NannyML test categories: p < .05.
CHI_SQUARE_95 = (
    3.841, 5.991, 7.815, 9.488, 11.070, 12.592, 14.067, 15.507, 16.919, 18.307, 19.675, 21.026,
    22.362, 23.685, 24.996, 26.296, 27.587, 28.869, 30.144, 31.410, 32.671, 33.924, 35.172, 36.415,
)  # fmt: skip
_GROUPS = 10

Counts = NDArray[np.int64]


def effect_sizes(reference: Reference, current: Counts, *, mean_shift: float) -> EffectSizes:
    """All effect sizes of `current` (bins,) against the reference's counts that its kind has.

    mean_shift: standardised difference of means, a lower bound of the Wasserstein distance that the bins cannot see when
    values left the range of the reference.
    """
    before = np.array(reference.counts, np.int64)
    difference = before / max(1, before.sum()) - current / max(1, current.sum())
    a, b = _groups(reference.kind, before, current)
    psi, js_distance = _of("psi", _psi(a, b)), _of("js_distance", _js_distance(a, b))
    if reference.kind is Kind.NUMERIC:
        moved = max(_wasserstein(reference, difference), abs(mean_shift))
        return EffectSizes(
            psi=psi,
            js_distance=js_distance,
            wasserstein=_of("wasserstein", moved),
            ks=_of("ks", distance(reference, current)),
            chi_square=None,
            cramers_v=None,
            l_infinity=None,
        )
    return EffectSizes(
        psi=psi,
        js_distance=js_distance,
        wasserstein=None,
        ks=None,
        chi_square=EffectSize.of(_chi_square(a, b), CHI_SQUARE_95[max(0, len(a) - 2)]),
        cramers_v=_of("cramers_v", _cramers_v(a, b)),
        l_infinity=_of("l_infinity", distance(reference, current)),
    )


def distance(reference: Reference, current: Counts) -> float:
    """Largest difference of the distribution functions, or of the shares of categories, 0..1."""
    before = np.array(reference.counts, np.int64)
    difference = before / max(1, before.sum()) - current / max(1, current.sum())
    ordered = reference.kind is Kind.NUMERIC
    return float(np.abs(np.cumsum(difference) if ordered else difference).max())


def severity_of(effects: EffectSizes) -> Severity:
    """Critical from a major shift of PSI on, the only effect size of every kind with a published second threshold.

    One is enough: PSI is never below 4 V² nor below 8 divergences, so neither is large where PSI is small. To first order it
    is the square of Cohen's d (a mean in standard deviations) and of his h (a rate), of which .5, a PSI of .25, is "medium".
    """
    assert effects.psi is not None  # every series with bins has it
    return Severity.CRITICAL if effects.psi.value >= MAJOR_PSI else Severity.WARNING


def _of(name: str, value: float) -> EffectSize:
    return EffectSize.of(value, THRESHOLDS[name])


def _groups(kind: Kind, before: Counts, current: Counts) -> tuple[FloatArray, FloatArray]:
    """Counts of neighbouring bins joined by the tenth of the reference in which each begins: (groups,) twice, none empty.

    The thresholds of PSI were made for deciles. Never joined with others: a bin that holds a tenth, what lies outside the
    range or the known categories, and true with false; otherwise values could move inside a group without a trace.
    """
    upper = np.cumsum(before)
    total = max(1, int(upper[-1]))
    tenth = np.minimum((upper - before) * _GROUPS // total, _GROUPS - 1)
    alone = before * _GROUPS >= total
    alone[-1] = True
    alone[0] |= kind is Kind.NUMERIC
    if kind is Kind.BOOLEAN:
        alone[:] = True
    begins = alone.copy()
    begins[1:] |= alone[:-1] | (np.diff(tenth) > 0)
    group = np.cumsum(begins)
    a = np.bincount(group, weights=before).astype(np.float64)
    b = np.bincount(group, weights=current).astype(np.float64)
    seen = a + b > 0
    return a[seen], b[seen]


def _chance(a: FloatArray, b: FloatArray) -> float:
    """What PSI is on average when nothing changed."""
    return float(max(0, len(a) - 1) * (1 / max(1.0, a.sum()) + 1 / max(1.0, b.sum())))


def _psi(a: FloatArray, b: FloatArray) -> float:
    """With half a count more in every group: the logarithm of 0 is not finite."""
    p, q = (a + 0.5) / (a + 0.5).sum(), (b + 0.5) / (b + 0.5).sum()
    return max(0.0, float(((q - p) * np.log(q / p)).sum()) - _chance(a, b))


def _js_distance(a: FloatArray, b: FloatArray) -> float:
    p, q = a / max(1.0, a.sum()), b / max(1.0, b.sum())
    middle = (p + q) / 2
    bits = (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2
    return float(np.sqrt(max(0.0, bits - _chance(a, b) / (8 * np.log(2)))))


def _relative_entropy(p: FloatArray, q: FloatArray) -> float:
    """In bits; q > 0 wherever p > 0."""
    held = p > 0
    return float((p[held] * np.log2(p[held] / q[held])).sum())


def _chi_square(a: FloatArray, b: FloatArray) -> float:
    """Pearson's statistic of the table of two samples."""
    n, m = a.sum(), b.sum()
    return float(n * m * (np.square(a / max(1.0, n) - b / max(1.0, m)) / (a + b)).sum())


def _cramers_v(a: FloatArray, b: FloatArray) -> float:
    """Of the table in which both samples weigh the same: else V would shrink as the reference outgrows the window."""
    p, q = a / max(1.0, a.sum()), b / max(1.0, b.sum())
    squared = (np.square(p - q) / (p + q)).sum() / 2
    return float(np.sqrt(max(0.0, squared - _chance(a, b) / 4)))


def _wasserstein(reference: Reference, difference: FloatArray) -> float:
    """First Wasserstein distance inside the reference's range over its standard deviation.

    Between two edges the difference of the distribution functions is taken to go straight from one to the other, or, where
    a bin holds only the value at which it begins, to stay what it is from there on.
    """
    edges = np.array(reference.edges)
    at_edges = np.abs(np.cumsum(difference)[: len(edges)])
    between = at_edges[1:] if few_values(edges) else (at_edges[1:] + at_edges[:-1]) / 2
    return float((between * np.diff(edges)).sum() / reference.scale)
