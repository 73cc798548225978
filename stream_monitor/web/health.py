"""What the health endpoints say, decided from the view alone.

Liveness never asks whether the broker can be reached: a broker that is down would have every worker restarted, over and
over, and restarting helps nobody. Lag is an alert, not unreadiness. Knows no HTTP.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from stream_monitor.telemetry.view import View


class Check(NamedTuple):
    """One condition: whether it holds, and what is the matter if not."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """max_beat_age: seconds a turn of the loop may take: max.poll.interval.ms, when the group gives it up, too."""

    max_beat_age: float = 300.0
    monotonic: Callable[[], float] = time.monotonic

    def live(self, view: View) -> Sequence[Check]:
        """Checks of /livez: if one fails, only a restart can help."""
        age = self.monotonic() - view.beat
        return (
            Check("worker-running", view.running, "the worker has ended"),
            Check(
                "worker-loop",
                age <= self.max_beat_age,
                f"no turn of the loop for {age:.0f} s, at most {self.max_beat_age:.0f} s are allowed",
            ),
        )

    def ready(self, view: View) -> Sequence[Check]:
        """Checks of /readyz: whether it does its work. Nothing is served without a valid configuration."""
        return (
            Check("configuration-loaded", passed=True, detail=""),
            Check("worker-running", view.running, "the worker has ended"),
            Check("group-joined", view.joined, f"no assignment from the group {view.group} yet"),
            Check("state-restored", view.restored, "the state is not restored yet"),
        )


def as_text(checks: Sequence[Check]) -> str:
    """One line a check, in the manner of the Kubernetes API server.

    >>> print(as_text([Check("group-joined", True, ""), Check("state-restored", False, "not yet")]), end="")
    [+]group-joined ok
    [-]state-restored failed: not yet
    """
    lines = [f"[+]{c.name} ok" if c.passed else f"[-]{c.name} failed: {c.detail}" for c in checks]
    return "\n".join(lines) + "\n"
