"""How far the probabilities are from what happened: log loss, Brier score, calibration error. Lower is better for all three.

Log loss (nats) = -log p of the actual class, p kept off 0 and 1 by the float's epsilon, as scikit-learn does. Brier score =
(p - y)² of the positive class of two (0..1), Σ (p_c - y_c)² over the classes of many (0..2): scikit-learn's
`scale_by_half="auto"`. Both are means over pairs, with intervals from the means of closed blocks.

Expected calibration error = Σ n_b / n · |observed rate - mean probability| over ten bins of equal width (Naeini, Cooper and
Hauskrecht, Obtaining well calibrated probabilities using Bayesian binning, AAAI 2015): of the positive class of two, of the
predicted class's confidence of many (Guo et al., On calibration of modern neural networks, ICML 2017). The absolute value lets
chance look like error (Bröcker, Estimating reliability and resolution, Climate Dynamics 39, 2012): a perfectly calibrated model
has about Σ n_b / n · √(2 v_b / π n_b). The lower limit takes all of that off, so that the interval errs on the wide side.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.performance.figure import TOO_FEW, Figure, error_of_mean, mean_of, undefined
from stream_monitor.core.performance.pairs import Pairs
from stream_monitor.core.performance.task import Task, TaskKind

BINS = 10
NO_PROBABILITIES = "no pairs with probabilities"
_EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationBin:
    """Pairs with a probability in (low, high], the first bin closed below. expected: their mean probability. observed: how often
    it happened. Both None where n is 0.
    """

    low: float
    high: float
    n: int
    expected: float | None
    observed: float | None


def probabilistic_figures(pairs: Pairs, task: Task) -> dict[str, Figure]:
    """`log_loss`, `brier` and `calibration_error` of pairs whose probabilities are known."""
    if len(pairs) == 0:
        return {name: undefined(NO_PROBABILITIES) for name in ("log_loss", "brier", "calibration_error")}
    return {
        "log_loss": mean_of(log_losses(pairs), positive=True),
        "brier": mean_of(brier_scores(pairs), positive=True),
        "calibration_error": calibration_error(*confidences(pairs, task)),
    }


def log_losses(pairs: Pairs) -> FloatArray:
    """Log loss of each pair, (n,) nats."""
    return -np.log(np.clip(_of_actual(pairs), _EPSILON, 1.0 - _EPSILON))


def brier_scores(pairs: Pairs) -> FloatArray:
    """Brier score of each pair, (n,): 0..1 with two classes, 0..2 with more."""
    happened = pairs.actual[:, None] == np.arange(pairs.probabilities.shape[1])
    scores = np.square(pairs.probabilities - happened).sum(axis=1)
    return np.asarray(scores / 2 if happened.shape[1] == 2 else scores)


def confidences(pairs: Pairs, task: Task) -> tuple[FloatArray, NDArray[np.bool_]]:
    """The probability that calibration is about, and whether it came true: (n,) each."""
    if task.kind is TaskKind.BINARY:
        return pairs.probabilities[:, task.positive_at], pairs.actual == task.positive_at
    at = pairs.predicted.astype(np.intp)
    return pairs.probabilities[np.arange(len(at)), at], pairs.actual == pairs.predicted


def calibration_bins(probabilities: FloatArray, happened: NDArray[np.bool_]) -> tuple[CalibrationBin, ...]:
    """BINS bins of equal width over (n,) probabilities: the reliability diagram."""
    edges, at = _binned(probabilities)
    tally = np.bincount(at, minlength=BINS).tolist()
    expected, observed = np.bincount(at, probabilities, BINS), np.bincount(at, happened, BINS)
    return tuple(
        CalibrationBin(
            low=float(edges[b]),
            high=float(edges[b + 1]),
            n=tally[b],
            expected=float(expected[b]) / tally[b] if tally[b] else None,
            observed=float(observed[b]) / tally[b] if tally[b] else None,
        )
        for b in range(BINS)
    )


def calibration_error(probabilities: FloatArray, happened: NDArray[np.bool_]) -> Figure:
    """Expected calibration error of (n,) probabilities, n >= 1."""
    n = len(probabilities)
    _, at = _binned(probabilities)
    gaps = np.bincount(at, happened - probabilities, BINS)  # n_b times (observed - expected)
    value = float(np.abs(gaps).sum()) / n
    error = error_of_mean(np.sign(gaps)[at] * (happened - probabilities))
    if error is None:
        return Figure(value=value, low=None, high=None, n=n, reason=TOO_FEW)
    variances = np.bincount(at, probabilities * (1 - probabilities), BINS)  # n_b v_b if calibrated
    chance = math.sqrt(2 / math.pi) * float(np.sqrt(variances).sum()) / n
    return Figure(value=value, low=max(0.0, value - chance - error), high=min(1.0, value + error), n=n)


def _binned(probabilities: FloatArray) -> tuple[FloatArray, NDArray[np.intp]]:
    edges = np.linspace(0.0, 1.0, BINS + 1)
    return edges, np.searchsorted(edges[1:-1], probabilities)


def _of_actual(pairs: Pairs) -> FloatArray:
    return np.asarray(pairs.probabilities[np.arange(len(pairs)), pairs.actual.astype(np.intp)])
