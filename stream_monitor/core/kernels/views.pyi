import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.sequential.views import Views

def push(
    views: Views,
    rows: NDArray[np.intp],
    first: NDArray[np.int64],
    size: NDArray[np.int64],
    hours: NDArray[np.int8],
    usual: FloatArray,
    known: NDArray[np.uint8],
    kept: FloatArray,
    rates: FloatArray,
    slow_rate: float,
    run_rate: float,
    least_size: float,
    values: FloatArray,
    usable: NDArray[np.uint8],
) -> None: ...
