import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray

def learn(
    rows: NDArray[np.intp],
    first: NDArray[np.int64],
    size: NDArray[np.int64],
    values: FloatArray,
    hours: NDArray[np.int8],
    total: FloatArray,
    number: NDArray[np.int64],
    visits: NDArray[np.int64],
    last: NDArray[np.int64],
) -> None: ...
