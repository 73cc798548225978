"""Stops the program when too much is rejected, where the configuration sets a limit."""

from collections import deque

from stream_monitor.core.errors import StreamMonitorError


class TooManyRejects(StreamMonitorError):
    """More events were rejected than the configuration accepts."""


class RejectLimit:
    """At most `most` rejected events within `seconds`; None: no limit."""

    def __init__(self, most: int | None, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._seen: deque[tuple[float, int]] = deque()
        self._total = 0

    def add(self, rejects: int, now: float) -> None:
        """Count rejected events at `now`, monotonic seconds. Raises TooManyRejects."""
        if self._most is None or not rejects:
            return
        self._seen.append((now, rejects))
        self._total += rejects
        while self._seen and self._seen[0][0] < now - self._seconds:
            self._total -= self._seen.popleft()[1]
        if self._total > self._most:
            raise TooManyRejects(
                f"{self._total} events were rejected within {self._seconds:g} s, more than ingest.reject_limit accepts "
                f"({self._most}); look at the reasons in the dead-letter topic, then start again"
            )
