from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray

Places: TypeAlias = NDArray[np.int64]

def draw(
    bins: NDArray[np.uint8],
    usable: NDArray[np.uint8],
    rows: NDArray[np.intp],
    blocks: Places,
    first: Places,
    size: Places,
    due: Places,
    every: int,
    before: FloatArray,
    keep: FloatArray,
    put: FloatArray,
    urn: Places,
    late: Places,
    recent: FloatArray,
    seen: Places,
    seen_late: Places,
    seen_recent: FloatArray,
    null: FloatArray,
) -> None: ...
def bet(
    bins: NDArray[np.uint8],
    usable: NDArray[np.uint8],
    rows: NDArray[np.intp],
    blocks: Places,
    first: Places,
    size: Places,
    due: Places,
    every: int,
    tables: FloatArray,
    tables_late: FloatArray,
    log_q: FloatArray,
    log_late: FloatArray,
    null: FloatArray,
    power: FloatArray,
    most: FloatArray,
    out: FloatArray,
) -> None: ...
def gather(
    gain: FloatArray,
    weights: FloatArray,
    rows: NDArray[np.intp],
    first: Places,
    size: Places,
    priors: FloatArray,
    nothing: float,
    evidence: FloatArray,
    peak: FloatArray,
    out: FloatArray,
) -> None: ...
