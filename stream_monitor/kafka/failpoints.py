"""Dying on purpose at a named step of the commit. For tests only: they prove what a kill at that moment leads to.

STREAM_MONITOR_FAILPOINT=step:n ends the process as kill -9 would (exit code 137, nothing flushed, no finaliser) when the
step is passed for the n-th time. Steps, in order: begin, produced, offsets_sent, commit_sent (a few milliseconds into
the commit: whether it happens is open), committed. Unset, which is always but in tests, nothing is ever done.
"""

import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

from stream_monitor.core.errors import StreamMonitorError

VARIABLE: Final = "STREAM_MONITOR_FAILPOINT"
STEPS: Final = ("begin", "produced", "offsets_sent", "commit_sent", "committed")
EXIT_CODE: Final = 137

# A commit takes 13-16 ms on one loopback broker; this is in the middle of it.
_INTO_COMMIT_SECONDS: Final = 0.004


def no_failpoint(step: str) -> None:
    """Pass every step."""


def failpoint_from(environ: Mapping[str, str]) -> Callable[[str], None]:
    """The failpoint that the environment asks for. Raises StreamMonitorError when it names no step."""
    text = environ.get(VARIABLE)
    if not text:
        return no_failpoint
    step, _, number = text.partition(":")
    if step not in STEPS or not (number or "1").isdigit() or int(number or "1") < 1:
        raise StreamMonitorError(
            f"{VARIABLE}={text}: write one of {', '.join(STEPS)}, a colon and a number from 1"
        )
    return Failpoint(step, int(number or "1"))


class Failpoint:
    """Ends the process when `step` is passed for the n-th time."""

    def __init__(self, step: str, n: int, *, end: Callable[[int], object] = os._exit) -> None:
        self._step = step
        self._left = n
        self._end = end

    def __call__(self, step: str) -> None:
        """Called at every step of every commit."""
        if step != self._step:
            return
        self._left -= 1
        if self._left != 0:
            return
        if step == "commit_sent":  # called before the commit: end it from beside
            threading.Thread(target=self._end_soon, daemon=True).start()
        else:
            self._end(EXIT_CODE)

    def _end_soon(self) -> None:
        time.sleep(_INTO_COMMIT_SECONDS)
        self._end(EXIT_CODE)
