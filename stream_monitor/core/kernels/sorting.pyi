import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray

def sort(
    values: FloatArray,
    first: NDArray[np.int64],
    size: NDArray[np.int64],
    ordinals: NDArray[np.int64],
    seeds: NDArray[np.uint64],
    constant: NDArray[np.uint8],
    lines: FloatArray,
    out: NDArray[np.uint8],
) -> None: ...
