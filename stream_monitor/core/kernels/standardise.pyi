import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray

def standardise(
    values: FloatArray,
    first: NDArray[np.int64],
    size: NDArray[np.int64],
    centers: FloatArray,
    units: FloatArray,
    largest: float,
) -> None: ...
def score(
    bins: NDArray[np.uint8],
    first: NDArray[np.int64],
    size: NDArray[np.int64],
    ordinals: NDArray[np.int64],
    seeds: NDArray[np.uint64],
    places: NDArray[np.int64],
    scores: FloatArray,
    out: FloatArray,
) -> None: ...
