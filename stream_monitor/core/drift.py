"""Decides, block by block, whether a series drifts: when a detection counts, what it is called, and when it is over.

A detection counts only when the effect since its change point reaches the tolerance. One that does not yet is kept as a
candidate for a while, because a detector that fires early adapts to what it saw and would not fire again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from stream_monitor.core.detector import Plain
from stream_monitor.core.drift_event import Severity
from stream_monitor.core.effect_sizes import severity_of
from stream_monitor.core.episode import RECENT, SETTLED, Episode, Sign, aged, lasting
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.findings import Decision, effects_of
from stream_monitor.core.measure import (
    SHAPE,
    VALUE,
    Measure,
    blocks_since_shift,
    expected_shape_effect,
    locate,
    mean_effect,
    measure,
    shape_effect,
)
from stream_monitor.core.plain import plain_of, value_of
from stream_monitor.core.series import Transition
from stream_monitor.core.standardise import Lens
from stream_monitor.core.watch import Witness
from stream_monitor.core.window import BLOCK, LENGTH, Window

DEFAULT_BLOCKS = 8  # of the new regime, where a detector does not say how long it has lasted


class Fired(NamedTuple):
    """A witness spoke up. blocks: that the new regime has lasted so far, where it says so, else 0."""

    witness: Witness
    statistic: float
    threshold: float
    blocks: int


class _Confirmed(NamedTuple):
    """A sign whose effect counts, on this view. located: its blocks are the most likely change point already."""

    sign: Sign
    view: str
    effect: float
    bounded: bool
    located: bool


class Drift:
    """Candidates and the open episode of one series."""

    def __init__(self, tolerance: float, *, upward: bool = False) -> None:
        self._tolerance = tolerance
        self._upward = upward  # only a rise counts
        self.episode: Episode | None = None
        self._candidates: dict[str, Sign] = {}
        self._returned_row = 0  # where the series was back after its last drift

    @property
    def stirred(self) -> bool:
        """Whether a block may need a decision in which nobody speaks up."""
        return self.episode is not None or bool(self._candidates)

    def pass_over(self, window: Window, begin: int, end: int) -> int:
        """Take the blocks [begin, end), in which nobody speaks up, up to the first that needs a decision. Returns how many.

        It comes to the same as `decide`, and costs next to nothing while no drift is open, or one that can get no worse.
        """
        episode = self.episode
        if self._candidates or begin == end:
            return 0
        if episode is None:
            return end - begin
        if episode.severity is not Severity.CRITICAL or episode.blocks < RECENT or begin < RECENT:
            return 0
        runs = np.lib.stride_tricks.sliding_window_view(
            window.views[begin + 1 - RECENT : end], RECENT, axis=0
        )
        means = np.ascontiguousarray(runs).sum(axis=-1) / (RECENT * BLOCK)
        back = np.flatnonzero((np.abs(means) < self._tolerance / 2).all(axis=1))  # every view: as `_is_over`
        passed = int(back[0]) if len(back) else end - begin
        episode.blocks = min(episode.blocks + passed, LENGTH)
        episode.signs = lasting(episode.signs, passed)
        return passed

    def decide(
        self, lens: Lens, witnesses: Sequence[Witness], window: Window, end: int, fired: Sequence[Fired]
    ) -> Decision | None:
        """The block before `end` is complete, with what was fired in it."""
        confirmed = self._confirm(lens, witnesses, window, end, fired)
        transition = self._transition(lens, window, end, confirmed)
        if transition is None:
            return None
        assert self.episode is not None
        decision = Decision(
            transition=transition,
            episode=self.episode,
            lens=lens,
            witnesses=witnesses,
            window=window,
            end=end,
            tolerance=self._tolerance,
        )
        if transition is Transition.ENDED:
            self.episode = None
            self._returned_row = int(window.rows[max(0, end - RECENT), 0])
        return decision

    def _confirm(
        self, lens: Lens, witnesses: Sequence[Witness], window: Window, end: int, fired: Sequence[Fired]
    ) -> dict[str, _Confirmed]:
        """The signs, new or in waiting, whose effect has reached the tolerance."""
        self._candidates = aged(self._candidates)
        for witness, statistic, threshold, said in fired:
            blocks = said or self._since(witness, lens, window, end)
            self._candidates[witness.name] = Sign(
                statistic=statistic, threshold=threshold, blocks=min(blocks, end, LENGTH)
            )
        confirmed = {}
        for witness in witnesses:
            sign = self._candidates.get(witness.name)
            if sign is None:
                continue
            moved = self._measure(witness, sign, lens, window, end)
            effect = moved.effect if self._upward and moved.view == VALUE else abs(moved.effect)
            if effect >= self._bar(witness, sign, window, end):
                del self._candidates[witness.name]
                confirmed[witness.name] = _Confirmed(
                    sign, moved.view, moved.effect, witness.bounded, located=witness.view is None
                )
        return confirmed

    def _since(self, witness: Witness, lens: Lens, window: Window, end: int) -> int:
        """Blocks since the change, where the witness does not say. Never from before the return of an earlier drift: the
        sequential test may notice the return long after it, and that is no drift.
        """
        if witness.view is not None:
            return DEFAULT_BLOCKS
        first = int(np.searchsorted(window.rows[:end, 0], self._returned_row))
        return locate(lens, window, min(first, end - 1), end, self._tolerance).blocks

    def _bar(self, witness: Witness, sign: Sign, window: Window, end: int) -> float:
        """The effect that counts: the tolerance, and one standard error more where a detector fired on one view, whose change
        point is where it looks largest; two where the test may only have noticed a return.
        """
        returned = window.rows[max(0, end - LENGTH), 0] < self._returned_row
        errors = 1 if witness.view is not None else 2 * returned
        return self._tolerance + float(errors / np.sqrt(sign.blocks * BLOCK))

    def _measure(self, witness: Witness, sign: Sign, lens: Lens, window: Window, end: int) -> Measure:
        """What `witness` can show for its sign: its view, or else what moved most."""
        if witness.view is None:
            return measure(lens, window, sign.blocks, end, self._tolerance)
        sums = window.views[:end, lens.views.index(witness.view)]
        return Measure(witness.view, mean_effect(sums, sign.blocks), sign.blocks)

    def _transition(
        self, lens: Lens, window: Window, end: int, confirmed: Mapping[str, _Confirmed]
    ) -> Transition | None:
        if self.episode is None:
            return self._open(lens, window, end, confirmed) if confirmed else None
        episode = self.episode
        episode.blocks = min(episode.blocks + 1, LENGTH)
        episode.signs = lasting(episode.signs)
        if episode.blocks >= RECENT and self._is_over(lens, window, end, episode):
            return Transition.ENDED
        joined = [name for name in confirmed if name not in episode.signs]
        grown = any(one.bounded for one in confirmed.values()) and self._has_grown(lens, window, end, episode)
        episode.signs = {**episode.signs, **{name: one.sign for name, one in confirmed.items()}}
        worse = self._worse(lens, window, end, episode)
        return Transition.CHANGED if joined or grown or worse else None

    def _open(self, lens: Lens, window: Window, end: int, confirmed: Mapping[str, _Confirmed]) -> Transition:
        blocks = max(_blocks_since(one, lens, window, end) for one in confirmed.values())
        first = end - min(blocks, end)
        self.episode = Episode(
            change_row=int(window.rows[first, 0]),
            change_time=int(window.times[first, 0]),
            blocks=blocks,
            severity=severity_of(effects_of(lens, window, first, end)),
            signs={name: replace(one.sign, blocks=blocks) for name, one in confirmed.items()},
            shape=all(one.view == SHAPE for one in confirmed.values()),
            told=max(abs(one.effect) for one in confirmed.values()),
        )
        return Transition.BEGAN

    def _is_over(self, lens: Lens, window: Window, end: int, episode: Episode) -> bool:
        """Whether every view has been back inside half the tolerance lately, the shape too if it was what changed: the
        hysteresis of an alert.
        """
        bound = self._tolerance / 2
        views = window.views[:end]
        if any(abs(mean_effect(views[:, at], RECENT)) >= bound for at in range(views.shape[1])):
            return False
        if not episode.shape:
            return True
        blocks = min(SETTLED, end)
        return shape_effect(lens, window, blocks, end) - expected_shape_effect(lens, blocks) < bound

    def _has_grown(self, lens: Lens, window: Window, end: int, episode: Episode) -> bool:
        """Whether the latest blocks show an effect that is larger by the tolerance than what was told: what the test noticed
        again is not the same, nor the return.
        """
        size = abs(measure(lens, window, min(RECENT, end), end, self._tolerance).effect)
        if size < episode.told + self._tolerance:
            return False
        episode.told = size
        return True

    def _worse(self, lens: Lens, window: Window, end: int, episode: Episode) -> bool:
        """Severity only ever rises while a drift lasts, and only on enough values to tell."""
        if episode.severity is Severity.CRITICAL or episode.blocks < RECENT:
            return False
        first = end - min(episode.blocks, end)
        episode.severity = severity_of(effects_of(lens, window, first, end))
        return episode.severity is Severity.CRITICAL

    def dump(self) -> dict[str, Plain]:
        """Explicit fields."""
        return {
            "episode": plain_of(self.episode),
            "candidates": plain_of(self._candidates),
            "returned_row": self._returned_row,
        }

    def load(self, plain: Plain, witnesses: Sequence[Witness]) -> None:
        """The inverse of `dump`, for a series with those witnesses. Raises CorruptState."""
        state = value_of(_State, plain)
        self.episode, self._candidates = state.episode, dict(state.candidates)
        self._returned_row = state.returned_row
        signs = {**self._candidates, **(self.episode.signs if self.episode else {})}
        if not signs.keys() <= {witness.name for witness in witnesses}:
            raise CorruptState("drift: a sign of a witness that does not exist")


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    episode: Episode | None
    candidates: Mapping[str, Sign]
    returned_row: int


def _blocks_since(one: _Confirmed, lens: Lens, window: Window, end: int) -> int:
    """Most likely number of blocks since what `one` confirms began."""
    if one.located:
        return one.sign.blocks
    return blocks_since_shift(window.views[:end, lens.views.index(one.view)])
