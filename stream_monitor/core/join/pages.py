"""Large arrays in memory of their own, which goes back to the system as soon as they go.

An allocator keeps what it is given back for the next one who asks, in pieces: of arrays of many MB that grow and are packed, a
third as much again would stay with the process (measured with glibc, whose threshold for separate maps rises to 32 MB).
"""

import mmap
from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

_LARGE: Final = 1 << 18  # bytes; below, a page or two more would matter


def zeros(number: int, kind: DTypeLike) -> NDArray[Any]:
    """`number` zeros; pages that are not written yet cost nothing."""
    size = number * np.dtype(kind).itemsize
    if size < _LARGE:
        return np.zeros(number, kind)
    return np.frombuffer(mmap.mmap(-1, size), kind)
