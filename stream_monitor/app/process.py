"""What a process that reads much sets up once: imports that would stop it later, the collector, the allocator."""

import ctypes
import gc
from typing import Final

from stream_monitor.core.series import RIVER_DEFAULT
from stream_monitor.detectors import registry

_TRIM_THRESHOLD: Final = -1  # parameters of mallopt(3), as glibc's malloc.h numbers them
_MMAP_THRESHOLD: Final = -3
_KEPT_BYTES: Final = 256 << 20  # freed memory at the end of the heap that is not given back at once
_LARGEST_BYTES: Final = 32 << 20  # of what comes from the heap at all: the most that glibc allows


def settle() -> None:
    """Load now what the loop of a service would stop for later, and then spare memory its work."""
    registry.get(RIVER_DEFAULT).build({}, seed=0)
    gc.collect()
    gc.freeze()
    collect_rarely()
    keep_memory()


def collect_rarely() -> None:
    """Let the collector walk young garbage only now and then.

    What was decoded lives until it is columns; each collection would walk it all (5 µs an event with the default thresholds).
    """
    gc.set_threshold(100_000, 50, 1_000)


def keep_memory() -> bool:
    """Let arrays of 128 kB and more, which come and go with every batch, find their memory where the last ones left it.

    By default glibc fetches it from the kernel and gives it back each time: 18,000 page faults in 200,000 events, now 2,000, for
    a twelfth of the time. Returns whether this C library can be told so; musl and macOS cannot, and need not.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _LARGEST_BYTES) and mallopt(_TRIM_THRESHOLD, _KEPT_BYTES))
