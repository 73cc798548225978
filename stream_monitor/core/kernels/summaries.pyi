from numpy import float64, int32, uint8
from numpy.typing import NDArray

def numeric(
    numbers: NDArray[float64],
    scales: NDArray[float64],
    below: NDArray[int32],
    edges: NDArray[float64],
    counts: NDArray[uint8],
    views: NDArray[float64],
    moments: NDArray[float64],
) -> None: ...
def discrete(
    numbers: NDArray[float64],
    table: NDArray[float64],
    counts: NDArray[uint8],
    views: NDArray[float64],
    moments: NDArray[float64],
) -> None: ...
