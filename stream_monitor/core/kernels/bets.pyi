import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray

def expect(
    seen: FloatArray,
    urn: NDArray[np.int64],
    basis: FloatArray,
    largest: float,
    least: float,
    caution: float,
    out: FloatArray,
) -> None: ...
def spread(share: FloatArray, distributions: FloatArray, out: FloatArray) -> None: ...
