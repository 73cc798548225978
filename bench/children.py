"""Processes that are measured or that measure: run to their end, and their complaint passed on when they fail."""

import subprocess
from collections.abc import Mapping, Sequence

from bench.peers.environment import ROOT


def output_of(command: Sequence[str], environment: Mapping[str, str] | None = None, *, seconds: float) -> str:
    """What it printed. Raises RuntimeError with the end of what it complained about when it fails."""
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=seconds
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    return done.stdout
