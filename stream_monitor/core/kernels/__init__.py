"""Loops over arrays, compiled: one pass over memory where numpy needs many.

No decisions and no state: what a kernel computes is written down a second time, slowly, in tests/kernels, and both agree bit
for bit. Arrays are C-contiguous and of the sizes that the callers promise: nothing is checked.
"""

try:
    from stream_monitor.core.kernels import views as _views  # noqa: F401 (whether it is there)
except ImportError as missing:
    raise ImportError(
        "the kernels are not compiled for this Python; in a checkout run: make setup"
    ) from missing
