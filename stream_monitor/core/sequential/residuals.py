"""One-step forecast errors of many streams by an autoregression that learns as it goes."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray

ORDER = 3
WARM = 20  # points before residuals count


class Residuals:
    """AR(3) with intercept by recursive least squares, forecast before update (Ljung, System Identification, ch. 11)."""

    ARRAYS: ClassVar[Mapping[str, str]] = {
        "number": "<i8",
        "weights": "<f8",
        "covariance": "<f8",
        "line": "<f8",
    }

    def __init__(self, rows: int) -> None:
        self.number = np.zeros(rows, np.int64)
        self.weights: FloatArray = np.zeros((rows, ORDER + 1))
        self.covariance: FloatArray = np.tile(np.eye(ORDER + 1) * 10.0, (rows, 1, 1))
        self.line: FloatArray = np.zeros((rows, ORDER))  # newest first

    def push(self, rows: NDArray[np.intp], points: FloatArray) -> FloatArray:
        """Forecast error (n,) of each point (n,); the model then learns from it."""
        features = np.concatenate([np.ones((len(rows), 1)), self.line[rows]], axis=1)
        error = points - (self.weights[rows] * features).sum(axis=1)
        along = (self.covariance[rows] * features[:, None, :]).sum(axis=2)
        gain = along / (1.0 + (features * along).sum(axis=1))[:, None]
        self.weights[rows] += gain * error[:, None]
        self.covariance[rows] -= gain[:, :, None] * along[:, None, :]
        self.line[rows] = np.concatenate([points[:, None], self.line[rows, :-1]], axis=1)
        self.number[rows] += 1
        return np.asarray(error)

    def restart(self, rows: NDArray[np.intp]) -> None:
        """Begin anew."""
        self.number[rows] = 0
        self.weights[rows] = self.line[rows] = 0.0
        self.covariance[rows] = np.eye(ORDER + 1) * 10.0
