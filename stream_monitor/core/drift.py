"""Decides, block by block, whether a series drifts: when a detection counts, what it is called, and when it is over.

A detection counts only when the effect since its change point reaches the tolerance. One that does not yet is kept as a
candidate for a while, because a detector that fires early adapts to what it saw and would not fire again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from stream_monitor.core.detector import Detection, Kind, Plain
from stream_monitor.core.drift_event import EffectSizes, Severity
from stream_monitor.core.effect_sizes import effect_sizes, severity_of
from stream_monitor.core.episode import (
    RECENT,
    Episode,
    Sign,
    aged,
    blocks_since_change,
    is_over,
    lasting,
    mean_effect,
)
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.findings import current_distribution, evidence_of, reference_distribution
from stream_monitor.core.plain import plain_of, value_of
from stream_monitor.core.series import Finding, SeriesKey, Transition
from stream_monitor.core.standardise import Lens
from stream_monitor.core.watch import Watch
from stream_monitor.core.window import BLOCK, LENGTH, Window

DEFAULT_BLOCKS = 8  # of the new regime, where a detector does not say how long it has lasted


class Fired(NamedTuple):
    """A detection and the watch that made it."""

    watch: Watch
    detection: Detection


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A transition at the end of block `end - 1` of the window, with all that is needed to put it into figures."""

    transition: Transition
    episode: Episode
    lens: Lens
    watches: Sequence[Watch]
    window: Window
    end: int

    def finding(self, key: SeriesKey) -> Finding:
        """The decision in figures."""
        window, end = self.window, self.end
        first = end - min(self.episode.blocks, end)
        signs = self.episode.signs
        evidence = tuple(evidence_of(w, signs[w.name], window, end) for w in self.watches if w.name in signs)
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
            effect_sizes=_effects(self.lens, window, first, end),
            reference=reference_distribution(self.lens),
            current=current_distribution(self.lens, window, first, end),
        )


class Drift:
    """Candidates and the open episode of one series."""

    def __init__(self, tolerance: float) -> None:
        self._tolerance = tolerance
        self.episode: Episode | None = None
        self._candidates: dict[str, Sign] = {}

    @property
    def busy(self) -> bool:
        """Whether the next block needs a decision even if no detector fires."""
        return self.episode is not None or bool(self._candidates)

    def decide(
        self, lens: Lens, watches: Sequence[Watch], window: Window, end: int, fired: Sequence[Fired]
    ) -> Decision | None:
        """The block before `end` is complete, with the detections that fell into it."""
        confirmed = self._confirm(watches, window, end, fired)
        transition = self._transition(lens, watches, window, end, confirmed)
        if transition is None:
            return None
        assert self.episode is not None
        decision = Decision(
            transition=transition, episode=self.episode, lens=lens, watches=watches, window=window, end=end
        )
        if transition is Transition.ENDED:
            self.episode = None
        return decision

    def _confirm(
        self, watches: Sequence[Watch], window: Window, end: int, fired: Sequence[Fired]
    ) -> dict[str, Sign]:
        """The signs, new or in waiting, whose effect has reached the tolerance."""
        self._candidates = aged(self._candidates)
        for watch, detection in fired:
            blocks = -(-detection.length // BLOCK) or DEFAULT_BLOCKS
            self._candidates[watch.name] = Sign(
                statistic=detection.statistic, threshold=detection.threshold, blocks=min(blocks, end, LENGTH)
            )
        confirmed = {}
        for watch in watches:
            sign = self._candidates.get(watch.name)
            if sign and abs(mean_effect(window.views[:end, watch.view_at], sign.blocks)) >= self._tolerance:
                confirmed[watch.name] = self._candidates.pop(watch.name)
        return confirmed

    def _transition(
        self,
        lens: Lens,
        watches: Sequence[Watch],
        window: Window,
        end: int,
        confirmed: Mapping[str, Sign],
    ) -> Transition | None:
        if self.episode is None:
            return self._open(lens, watches, window, end, confirmed) if confirmed else None
        episode = self.episode
        episode.blocks = min(episode.blocks + 1, LENGTH)
        episode.signs = lasting(episode.signs)
        if episode.blocks >= RECENT and is_over(window.views[:end], self._tolerance):
            return Transition.ENDED
        new = {name: sign for name, sign in confirmed.items() if name not in episode.signs}
        episode.signs = {**episode.signs, **new}
        worse = self._worse(lens, window, end, episode)
        return Transition.CHANGED if new or worse else None

    def _open(
        self, lens: Lens, watches: Sequence[Watch], window: Window, end: int, confirmed: Mapping[str, Sign]
    ) -> Transition:
        blocks = max(
            blocks_since_change(window.views[:end, watch.view_at])
            for watch in watches
            if watch.name in confirmed
        )
        first = end - blocks
        self.episode = Episode(
            change_row=int(window.rows[first, 0]),
            change_time=int(window.times[first, 0]),
            blocks=blocks,
            severity=severity_of(_effects(lens, window, first, end)),
            signs={name: replace(sign, blocks=blocks) for name, sign in confirmed.items()},
        )
        return Transition.BEGAN

    def _worse(self, lens: Lens, window: Window, end: int, episode: Episode) -> bool:
        """Severity only ever rises while a drift lasts, and only on enough values to tell."""
        if episode.severity is Severity.CRITICAL or episode.blocks < RECENT:
            return False
        first = end - min(episode.blocks, end)
        episode.severity = severity_of(_effects(lens, window, first, end))
        return episode.severity is Severity.CRITICAL

    def dump(self) -> dict[str, Plain]:
        """Explicit fields."""
        return {"episode": plain_of(self.episode), "candidates": plain_of(self._candidates)}

    def load(self, plain: Plain, watches: Sequence[Watch]) -> None:
        """The inverse of `dump`, for a series with those watches. Raises CorruptState."""
        state = value_of(_State, plain)
        self.episode, self._candidates = state.episode, dict(state.candidates)
        signs = {**self._candidates, **(self.episode.signs if self.episode else {})}
        if not signs.keys() <= {watch.name for watch in watches}:
            raise CorruptState("drift: a sign of a watch that does not exist")


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    episode: Episode | None
    candidates: Mapping[str, Sign]


def _effects(lens: Lens, window: Window, first: int, end: int) -> EffectSizes:
    counts = window.counts[first:end].sum(axis=0, dtype="int64")
    shift = mean_effect(window.views[:end, 0], end - first) if lens.kind is not Kind.CATEGORICAL else 0.0
    return effect_sizes(lens.reference, counts, mean_shift=shift)
