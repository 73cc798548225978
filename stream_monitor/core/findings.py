"""Puts a decision into figures: evidence, effect sizes and before/after summaries of a series at the end of a block."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import Kind
from stream_monitor.core.drift_event import Direction, Distribution, EffectSizes, Evidence
from stream_monitor.core.effect_sizes import effect_sizes
from stream_monitor.core.episode import Episode, Sign
from stream_monitor.core.measure import SHAPE, mean_effect, measure
from stream_monitor.core.series import Finding, SeriesKey, Transition
from stream_monitor.core.standardise import Lens
from stream_monitor.core.watch import Witness
from stream_monitor.core.window import BLOCK, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A transition at the end of block `end - 1` of the window, with all that is needed to put it into figures."""

    transition: Transition
    episode: Episode
    lens: Lens
    witnesses: Sequence[Witness]
    window: Window
    end: int
    tolerance: float

    def finding(self, key: SeriesKey) -> Finding:
        """The decision in figures."""
        window, end = self.window, self.end
        first = end - min(self.episode.blocks, end)
        signs = self.episode.signs
        evidence = tuple(
            evidence_of(witness, signs[witness.name], self.lens, window, end, self.tolerance)
            for witness in self.witnesses
            if witness.name in signs
        )
        return Finding(
            series=key,
            kind=self.lens.kind,
            transition=self.transition,
            row=int(window.rows[end - 1, 1]),
            time=int(window.times[end - 1, 1]),
            change_row=self.episode.change_row,
            change_time=self.episode.change_time,
            severity=self.episode.severity,
            effect=max((e.effect for e in evidence), key=abs),
            evidence=evidence,
            effect_sizes=effects_of(self.lens, window, first, end),
            reference=reference_distribution(self.lens),
            current=current_distribution(self.lens, window, first, end),
        )


def evidence_of(
    witness: Witness, sign: Sign, lens: Lens, window: Window, end: int, tolerance: float
) -> Evidence:
    """What `witness` saw, with the effect since its own change point."""
    if witness.view is None:
        view, effect, _ = measure(lens, window, sign.blocks, end, tolerance)
    else:
        view = witness.view
        effect = mean_effect(window.views[:end, lens.views.index(view)], sign.blocks)
    return Evidence(
        detector=witness.detector,
        claim=witness.claim,
        bounded=witness.bounded,
        view=view,
        statistic=sign.statistic,
        threshold=sign.threshold,
        effect=effect,
        direction=direction_of(view, effect),
        parameters=witness.parameters,
    )


def direction_of(view: str, effect: float) -> Direction:
    """Up or down where the view has an order: values, spread and rarity; shapes and categories trading places have none."""
    if view in ("mix", SHAPE):
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


def effects_of(lens: Lens, window: Window, first: int, end: int) -> EffectSizes:
    """Effect sizes of the blocks [first, end) of the window against the reference."""
    counts = window.counts[first:end].sum(axis=0, dtype=np.int64)
    shift = mean_effect(window.views[:end, 0], end - first) if lens.kind is not Kind.CATEGORICAL else 0.0
    return effect_sizes(lens.reference, counts, mean_shift=shift)


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
