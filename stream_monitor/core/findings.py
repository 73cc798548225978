"""Puts a decision into figures: evidence, effect sizes and before/after summaries of a series at the end of a block."""

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import Kind
from stream_monitor.core.drift_event import Direction, Distribution, Evidence
from stream_monitor.core.episode import Sign, mean_effect
from stream_monitor.core.standardise import Lens
from stream_monitor.core.watch import Watch
from stream_monitor.core.window import BLOCK, Window


def evidence_of(watch: Watch, sign: Sign, window: Window, end: int) -> Evidence:
    """What `watch` saw, with the effect on its view since its own change point."""
    effect = mean_effect(window.views[:end, watch.view_at], sign.blocks)
    return Evidence(
        detector=watch.id,
        view=watch.view,
        statistic=sign.statistic,
        threshold=sign.threshold,
        effect=effect,
        direction=direction_of(watch.view, effect),
        parameters=dict(watch.parameters),
    )


def direction_of(view: str, effect: float) -> Direction:
    """Up or down where the view has an order: values, spread and rarity; trading places of categories has none."""
    if view == "mix":
        return Direction.OTHER
    return Direction.UP if effect > 0 else Direction.DOWN


def reference_distribution(lens: Lens) -> Distribution:
    """The reference as published: shares of all its cells."""
    reference = lens.reference
    counts = np.array(reference.counts, np.int64)
    return _distribution(lens, counts, reference.unusable, reference.mean, reference.scale)


def current_distribution(lens: Lens, window: Window, first: int, end: int) -> Distribution:
    """The blocks [first, end) of the window as published. Mean and spread are winsorised at 5 standard deviations."""
    counts = window.counts[first:end].sum(axis=0, dtype=np.int64)
    total, squares = window.moments[first:end].sum(axis=0).tolist()
    values = (end - first) * BLOCK
    mean = total / values
    spread = float(np.sqrt(max(0.0, squares / values - mean * mean)))
    reference = lens.reference
    return _distribution(
        lens,
        counts,
        int(window.unusable[first:end].sum()),
        reference.mean + reference.scale * mean,
        reference.scale * spread,
    )


def _distribution(
    lens: Lens, counts: NDArray[np.int64], unusable: int, mean: float, spread: float
) -> Distribution:
    size = int(counts.sum())
    ordered = lens.kind is not Kind.CATEGORICAL
    return Distribution(
        size=size,
        mean=mean if ordered else None,
        standard_deviation=spread if ordered else None,
        missing=unusable / max(1, size + unusable),
        bins=lens.labels(),
        shares=tuple((counts / max(1, size)).tolist()),
    )
