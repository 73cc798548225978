"""What each pair says about the model, as series for detectors: the error, and where probabilities are known their loss."""

import numpy as np

from stream_monitor.core.batch import Cell, Column
from stream_monitor.core.detector import FloatArray
from stream_monitor.core.performance.pairs import Pairs
from stream_monitor.core.performance.probabilistic import brier_scores, log_losses
from stream_monitor.core.performance.task import Task, TaskKind
from stream_monitor.core.reference import Moments

ERROR, LOG_LOSS, BRIER = "error", "log_loss", "brier"


def errors_of(pairs: Pairs, task: Task, scale: Moments | None = None) -> dict[str, FloatArray]:
    """Series by name, (n,) each and higher is worse; NaN where a pair has no probabilities.

    Classification: `error` 1 where the class is wrong, else 0 (what river's binary detectors take); `log_loss` (nats) and
    `brier`. Regression: `error` |predicted - actual|, as (|e| - mean) / scale where the `scale` of `error_scale` is given.
    """
    if task.kind is TaskKind.REGRESSION:
        errors = np.abs(pairs.predicted - pairs.actual)
        return {ERROR: errors if scale is None else (errors - scale.mean) / scale.scale}
    wrong = (pairs.predicted != pairs.actual).astype(np.float64)
    known = ~np.isnan(pairs.probabilities[:, 0])
    log_loss, brier = np.full(len(pairs), np.nan), np.full(len(pairs), np.nan)
    log_loss[known], brier[known] = log_losses(pairs.take(known)), brier_scores(pairs.take(known))
    return {ERROR: wrong, LOG_LOSS: log_loss, BRIER: brier}


def error_scale(pairs: Pairs) -> Moments:
    """Mean and standard deviation of the absolute error of a regression's reference pairs, n >= 1; the latter never 0."""
    errors = np.abs(pairs.predicted - pairs.actual)
    largest = float(errors.max()) or 1e-3
    return Moments(mean=float(errors.mean()), scale=max(float(errors.std()), 1e-9 * largest, 1e-150))


def error_column(errors: FloatArray, kind: TaskKind) -> Column:
    """The series `error` as cells: true where the class was wrong, or the size of a regression's error, (n,)."""
    if kind is TaskKind.REGRESSION:
        finite = np.isfinite(errors)
        codes = np.where(finite, Cell.NUMBER, Cell.INFINITE).astype(np.uint8)
        return Column(values=np.where(finite, errors, 0.0), codes=codes)
    codes = np.where(errors > 0, Cell.TRUE, Cell.FALSE).astype(np.uint8)
    return Column(values=np.zeros(len(errors)), codes=codes)
