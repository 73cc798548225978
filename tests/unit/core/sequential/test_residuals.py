"""Against ridge regression solved afresh at every step."""

import numpy as np
import pytest

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.sequential.residuals import ORDER, Residuals


def _by_least_squares(points: FloatArray) -> list[float]:
    """Forecast errors of AR(3) with intercept, fitted to all earlier points, with the prior of recursive least squares."""
    padded = np.concatenate([np.zeros(ORDER), points])
    features = np.array([[1.0, *padded[at : at + ORDER][::-1]] for at in range(len(points))])  # newest first
    errors = []
    for at in range(len(points)):
        past, target = features[:at], points[:at]
        weights = np.linalg.solve(past.T @ past + np.eye(ORDER + 1) / 10.0, past.T @ target)
        errors.append(float(points[at] - weights @ features[at]))
    return errors


def test_forecast_errors_are_those_of_least_squares() -> None:
    random = np.random.default_rng(1)
    points = np.zeros(80)
    for at in range(1, 80):
        points[at] = 0.8 * points[at - 1] + random.normal()
    residuals = Residuals(3)
    got = [float(residuals.push(np.array([1]), points[at : at + 1])[0]) for at in range(80)]
    assert got == pytest.approx(_by_least_squares(points), abs=1e-9)
    assert residuals.number.tolist() == [0, 80, 0]


def test_streams_side_by_side_are_as_alone_and_start_anew_alone() -> None:
    random = np.random.default_rng(2)
    together, alone = Residuals(2), Residuals(1)
    for at in range(30):
        points = random.normal(size=2)
        if at == 10:
            together.restart(np.array([0]))
        error = together.push(np.array([0, 1]), points)
        assert error[1:].tobytes() == alone.push(np.array([0]), points[1:]).tobytes()
    assert together.number.tolist() == [20, 30]
    fresh = Residuals(2)
    together.restart(np.array([0, 1]))
    for name in Residuals.ARRAYS:
        assert getattr(together, name).tobytes() == getattr(fresh, name).tobytes()
