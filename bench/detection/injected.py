"""Shifts put into real series: how many are found, next to how many could be by somebody who knows how the series moves."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from bench.detection import datasets
from bench.detection.datasets import Real
from bench.detection.figures import table
from bench.detection.monitors import BUDGET, Monitor, Part
from stream_monitor.core.detector import FloatArray

SHIFTS: Final = (0.5, 1.0)  # standard deviations of the series, from its middle on
HORIZON: Final = 2_000  # rows in which it must be found
ORDER: Final = 48  # of the longest autoregression
_DAY_MS: Final = 86_400_000
_HOUR_MS: Final = 3_600_000
_YEAR_DAYS: Final = 365.25


def injected(folder: Path, compared: Sequence[Monitor]) -> str:
    """The table."""
    sets = {
        "NOAA": datasets.noaa(folder),
        **{f"NAB {name}": datasets.nab(folder, name) for name in datasets.NAB},
    }
    rows = []
    for name, series in sets.items():
        findable = [sum(is_findable(one, size) for one in series) for size in SHIFTS]
        rows.append([name, "who knows how it moves", f"{len(series)}", "", *map(str, findable)])
        for monitor in compared:
            before = [_is_found(monitor, one, 0.0) for one in series]
            cells = []
            for size in SHIFTS:
                found = [_is_found(monitor, one, size) for one in series]
                new = sum(now and not then for now, then in zip(found, before, strict=True))
                cells.append(f"{sum(found)} ({new})")
            rows.append(["", monitor.name, f"{len(series)}", f"{sum(before)}", *cells])
    shifts = [f"+{size} sd" for size in SHIFTS]
    return table(["series", "monitor", "number", "alarms there without a shift", *shifts], rows)


def is_findable(one: Real, size: float) -> bool:
    """Whether the shift brings the evidence of one alarm in BUDGET values in time, on average, to who knows the dynamics."""
    return information(one, size) >= math.log(BUDGET)


def information(one: Real, size: float) -> float:
    """Expected log likelihood ratio, up to HORIZON rows after the middle, of the shift against none: Σ δ_t² / 2σ².

    For an autoregression with normal errors, fitted to the whole series without a shift, less the usual of the hour or of the
    season; δ_t is what the shift leaves in the error of its forecast.
    """
    n = len(one.values)
    left = _without_usual(one)
    covariance = np.array([left[lag:] @ left[: n - lag] for lag in range(ORDER + 1)]) / n
    if covariance[0] <= 0.0:
        return 0.0
    phi, error = _autoregression(covariance, n)
    kept = np.concatenate([[0.0], np.cumsum(phi)])
    rows = np.arange(min(HORIZON, n - n // 2))
    shift = size * one.values.std() * (1.0 - kept[np.minimum(rows, len(phi))])
    return float((shift**2).sum() / (2.0 * error))


def _autoregression(covariance: FloatArray, n: int) -> tuple[FloatArray, float]:
    """Coefficients and variance of the error, of the order that Schwarz's criterion chooses (Levinson's recursion)."""
    phi, error = np.zeros(0), float(covariance[0])
    best, chosen = n * math.log(error), (phi, error)
    for order in range(1, ORDER + 1):
        partial = (covariance[order] - phi @ covariance[order - 1 : 0 : -1]) / error
        phi = np.append(phi - partial * phi[::-1], partial)
        error = max(error * (1.0 - partial * partial), 1e-12 * float(covariance[0]))
        score = n * math.log(error) + order * math.log(n)
        if score < best:
            best, chosen = score, (phi, error)
    return chosen


def _without_usual(one: Real) -> FloatArray:
    """Values less the mean of their hour of the day, or of daily values less two waves of a year."""
    assert one.times is not None
    hours = one.times % _DAY_MS // _HOUR_MS
    if len(np.unique(hours)) > 1:
        means = np.bincount(hours, one.values) / np.maximum(np.bincount(hours), 1)
        return np.asarray(one.values - means[hours])
    angle = one.times / _DAY_MS * (2.0 * np.pi / _YEAR_DAYS)
    waves = [np.ones_like(angle), *(wave(k * angle) for k in (1, 2) for wave in (np.sin, np.cos))]
    design = np.stack(waves, axis=1)
    return np.asarray(one.values - design @ np.linalg.lstsq(design, one.values)[0])


def _is_found(monitor: Monitor, one: Real, size: float) -> bool:
    """Whether there is an alarm in the rows after the middle, from which on `size` standard deviations are added."""
    middle = len(one.values) // 2
    values = one.values + np.where(np.arange(len(one.values)) >= middle, size * one.values.std(), 0.0)
    found = monitor.begin(1, one.kind).feed(Part([0], values[None], 0, one.times)).get(0, ())
    return any(middle <= at < middle + HORIZON for at in found)
