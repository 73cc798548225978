"""Columns of 260 blocks with a change late in them, and their event times; each goes another way through the tests."""

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.window import BLOCK

HOUR = 3_600_000
BLOCKS = 260
CHANGE = 200
BUDGET = 20_000.0  # values an alarm


def _autoregression(noise: FloatArray) -> FloatArray:
    values = np.zeros(len(noise))
    for at in range(1, len(noise)):
        values[at] = 0.8 * values[at - 1] + noise[at]
    return values


def _spells() -> FloatArray:
    """Of volatility, and slow waves."""
    random, n = np.random.default_rng(8), BLOCKS * BLOCK
    spread = np.repeat(random.choice([0.4, 1.0, 2.5], n // 64), 64)
    late = np.arange(n) >= CHANGE * BLOCK
    values = _autoregression(random.normal(size=n) * spread) + np.sin(np.arange(n) / 400) + 2.0 * late
    return values.reshape(-1, BLOCK)


def column(name: str) -> FloatArray:
    """(BLOCKS, BLOCK)"""
    random = np.random.default_rng(sum(name.encode()))
    n = BLOCKS * BLOCK
    noise, late = random.normal(size=n), np.arange(n) >= CHANGE * BLOCK
    match name:
        case "normal":
            values = noise + 1.5 * late
        case "flags" | "awakes":
            values = (random.random(n) < np.where(late, 0.5, 0.1 * (name == "flags"))).astype(np.float64)
        case "counts":
            values = random.poisson(np.where(late, 8.0, 4.0)).astype(np.float64)
        case "season":
            values = noise + 2 * np.sin(np.arange(n) * (2 * np.pi / 288)) + 1.5 * late
        case "dependent":
            values = _autoregression(noise) + 4.0 * late
        case "steps":  # dependent, and ties much
            values = np.rint(3.0 * _autoregression(noise)) + 12.0 * late
        case "seasonal":
            values = _autoregression(noise) + 3 * np.sin(np.arange(n) * (2 * np.pi / 288)) + 5.0 * late
        case "flicker":  # falls silent, then comes back in runs: its own view is not white either
            values = np.repeat(random.normal(size=n // 16), 16) * 10 + noise
        case "back":
            values = noise + 1.2 * ((np.arange(n) // BLOCK > 60) & (np.arange(n) // BLOCK < 64))
        case _:
            values = np.full(n, 4.2)
    return values.reshape(-1, BLOCK)


def times(name: str) -> NDArray[np.int64]:
    """(BLOCKS, BLOCK) ms; 0 where the stream tells none. 288 values a day, with a gap."""
    at = 1_735_689_600_000 + np.arange(BLOCKS * BLOCK) * (24 * HOUR // 288)
    if name not in {"season", "seasonal", "flags", "awakes"}:
        return np.zeros((BLOCKS, BLOCK), np.int64)
    at[150 * BLOCK + 7 : 150 * BLOCK + 9] = 0
    return at.reshape(-1, BLOCK)


NAMES = (
    "normal",
    "flags",
    "counts",
    "season",
    "dependent",
    "steps",
    "seasonal",
    "spells",
    "flicker",
    "awakes",
    "back",
    "constant",
)
COLUMNS = {name: _spells() if name == "spells" else column(name) for name in NAMES}
TIMES = {name: times(name) for name in NAMES}
WEIGHTS = np.where(np.arange(BLOCKS) % 3 == 0, 2.0, 0.5) * BLOCK / BUDGET
WEIGHTS[30:35] = 0.0
