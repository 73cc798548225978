"""A process of the product, set up to read much: by what the kernel is asked for."""

import subprocess
import sys

FAULTS = """
import resource
import numpy as np
from stream_monitor.app.process import keep_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(100):
        np.ones(1 << 20).sum()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

asked = {asked} and keep_memory()
np.ones(1 << 20).sum()
print(int(asked), faults())
"""


def test_large_arrays_find_the_memory_of_those_before_them() -> None:
    asked, faults = _run(asked=True)
    assert asked
    assert faults < 50
    assert _run(asked=False)[1] > 200  # what it is for


def _run(*, asked: bool) -> tuple[int, int]:
    done = subprocess.run(
        [sys.executable, "-c", FAULTS.format(asked=asked)], capture_output=True, text=True, check=True
    )
    first, second = map(int, done.stdout.split())
    return first, second
