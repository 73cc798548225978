"""The open drift of one series and the signs it rests on, as explicit fields. Decisions are made in `drift`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.drift_event import Severity
from stream_monitor.core.window import BLOCK, LENGTH

PATIENCE = 32  # blocks a candidate lives
RECENT = 8  # blocks that must be back inside half the tolerance before a drift is over


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """A detector fired on a view: its evidence, how many blocks the new regime has lasted, and the sign's age in blocks."""

    statistic: float
    threshold: float
    blocks: int
    age: int = 0


@dataclass(slots=True, kw_only=True)
class Episode:
    """An open drift: when the new regime began, and the signs that were confirmed, by watch."""

    change_row: int
    change_time: int
    blocks: int
    severity: Severity
    signs: Mapping[str, Sign]


def mean_effect(views: FloatArray, blocks: int) -> float:
    """Mean of a standardised view over the last `blocks` blocks. views: (L,) sums per block."""
    return float(views[-blocks:].sum() / (min(blocks, len(views)) * BLOCK))


def blocks_since_change(views: FloatArray) -> int:
    """Most likely number of blocks since the mean of a view left its reference, at least 1. views: (L,) sums per block.

    The split with the largest likelihood ratio for a shift of a mean that was 0 before (Page, Biometrika 1954): the
    largest S²/k over the sums S of the last k blocks.
    """
    sums = np.cumsum(views[::-1][:LENGTH])
    return int(np.argmax(sums * sums / np.arange(1, len(sums) + 1))) + 1


def is_over(views: FloatArray, tolerance: float) -> bool:
    """Whether every view (L, views) has been back inside half the tolerance lately: the hysteresis of an alert."""
    return all(abs(mean_effect(views[:, at], RECENT)) < tolerance / 2 for at in range(views.shape[1]))


def lasting(signs: Mapping[str, Sign]) -> dict[str, Sign]:
    """The signs one block later."""
    return {name: replace(s, blocks=min(s.blocks + 1, LENGTH), age=s.age + 1) for name, s in signs.items()}


def aged(signs: Mapping[str, Sign]) -> dict[str, Sign]:
    """The candidates one block later, without those that waited long enough."""
    return {name: sign for name, sign in lasting(signs).items() if sign.age <= PATIENCE}
