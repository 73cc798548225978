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
    renewals: Places,
    due: Places,
    every: int,
    before: FloatArray,
    keep: FloatArray,
    put: FloatArray,
    urn: Places,
    seen: Places,
    late: Places,
    recent: FloatArray,
    new_seen: Places,
    new_late: Places,
    new_recent: FloatArray,
    null: FloatArray,
) -> None: ...
def bet(
    bins: NDArray[np.uint8],
    usable: NDArray[np.uint8],
    rows: NDArray[np.intp],
    blocks: Places,
    first: Places,
    size: Places,
    renewals: Places,
    due: Places,
    every: int,
    new_q: FloatArray,
    new_late: FloatArray,
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
