"""One series from warm-up to drift: cells in, findings out. Knows nothing of other series, budgets or alerts.

The way of a value: cell → usable number → block → bin count and standardised views → detectors → decision per block. Up to the
detectors it is that of all series of the model at once (`taking`), as are the sequential tests between `take` and `decide`.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import Column
from stream_monitor.core.blocks import Waiting
from stream_monitor.core.cells import Values
from stream_monitor.core.derived.names import Fault
from stream_monitor.core.derived.quality_counts import COUNTED, COUNTERS, NOT_ALLOWED
from stream_monitor.core.derived.screen import Found, Screen, moved
from stream_monitor.core.detector import FloatArray
from stream_monitor.core.drift import Drift, Fired
from stream_monitor.core.episode import RECENT, SETTLED
from stream_monitor.core.measure import smallest_of_means
from stream_monitor.core.parameters import SeriesParameters
from stream_monitor.core.sequential.series import Blocks
from stream_monitor.core.sequential.tests import Alarm, SequentialTests
from stream_monitor.core.series import SEQUENTIAL, DetectorCatalogue, Finding, SeriesKey, choices
from stream_monitor.core.standardise import Lens
from stream_monitor.core.warm_up import WarmUp
from stream_monitor.core.watch import DIFFERS, TEST, Seen, Watch, Witness, seed_of, watches_of
from stream_monitor.core.window import BLOCK, LENGTH, Window


class Learned(NamedTuple):
    """What a warm-up came to. used: cells that it took. rehearsal: what it was completed with, for the sequential test."""

    used: int
    rehearsal: Blocks | None


class SeriesMonitor:
    """The state of one series, ≤ 24 kB. Cost: some µs for each part of the stream; its values go with those of others.

    born: the model's row at which it was first seen.
    """

    def __init__(
        self,
        key: SeriesKey,
        parameters: SeriesParameters,
        catalogue: DetectorCatalogue,
        *,
        tests: SequentialTests,
        categories: int,
        born: int,
    ) -> None:
        self.key = key
        self.parameters = parameters
        self.born = born
        self.quality: NDArray[np.int64] = np.zeros(COUNTERS, np.int64)
        self.screen: Screen | None = None  # set by who makes it, where its cells are to be looked at
        self.tests = tests
        self._catalogue = catalogue
        self._categories = categories
        self.warm_anew()
        if parameters.reference is not None:
            self.begin(Lens(parameters.reference))

    def warm_anew(self) -> None:
        """Learn what is normal from the values that follow."""
        if self.key in self.tests.series:
            self.tests.remove(self.key)
        self.warm_up: WarmUp | None = WarmUp(self.parameters.warm_up)
        self.lens: Lens | None = None
        self.watches: Sequence[Watch] = ()
        self.tested = self._may_differ = False
        self.witnesses: Sequence[Witness] = ()
        self.blocks, self.place = Waiting(()), 0  # and which of the series there it is
        self.window = Window(bins=0, views=0)
        self.drift = Drift(self.parameters.tolerance, upward=self.parameters.upward)

    def begin(self, lens: Lens) -> None:
        """From here on the series is watched against the reference of `lens`."""
        self.warm_up = None
        self.lens = lens
        chosen = choices(lens.kind, self.parameters.detectors, self._catalogue)
        self.watches = watches_of(self.key, lens, chosen, self._catalogue)
        self.tested = any(choice.id == SEQUENTIAL for choice in chosen)
        self.witnesses = tuple(watch.witness for watch in self.watches)
        if self.tested:
            seed = seed_of(self.key, SEQUENTIAL)
            self.tests.add(self.key, seed=seed, upward=self.parameters.upward)
            self.witnesses += (TEST,)
        # Only from a reference that was given: one that was learned here differs from what follows only if that changed.
        self._may_differ = self.is_given and bool(lens.views)
        if self._may_differ:
            self.witnesses += (DIFFERS,)
        self.blocks, self.place = Waiting((lens,)), 0
        self.window = Window(bins=lens.bins, views=len(lens.views))

    @cached_property
    def parameters_digest(self) -> str:
        """Of its parameters, which it keeps for good."""
        return self.parameters.digest()

    @property
    def is_given(self) -> bool:
        """Whether the reference was given, not learned here."""
        return self.lens is not None and self.lens.reference is self.parameters.reference

    @property
    def has_settled(self) -> bool:
        """Whether a drift is open and the new regime fills the window: it may be learned as the new normal."""
        episode = self.drift.episode
        return episode is not None and episode.blocks >= LENGTH

    def learn(self, column: Column, times: NDArray[np.int64]) -> Learned:
        """While it warms up: take cells of `column` (n,), none of them NONE, with their event times (n,).

        Once there are enough it takes no more, and is watched from there on.
        """
        assert self.warm_up is not None
        used = self.warm_up.take(column, times)
        return Learned(used, self._begin_with(self.warm_up) if self.warm_up.done else None)

    def screened(self, column: Column, values: Values | None, used: int) -> Found:
        """What is at fault in the cells of `column`, counted.

        values: those of the cells after the first `used`, with which it warmed up; None while it does.
        """
        if self.screen is None:
            return {}
        faults: dict[Fault, NDArray[np.intp]] = {}
        if self.lens is not None and values is not None:
            watched = column.slice(used, len(column.codes))
            faults = moved(self.screen.seen(self.lens, watched, values, given=self.is_given), used)
        declared = self.screen.declared(column)
        if Fault.UNSEEN in declared:
            self.quality[NOT_ALLOWED] += len(declared[Fault.UNSEEN])
        faults.update(declared)
        for fault, counter in COUNTED.items():
            self.quality[counter] += len(faults.get(fault, ()))
        return faults

    def detect(self, seen: Seen) -> dict[int, list[Fired]]:
        """What the detectors of single series say, by the block in which they say it."""
        fired: dict[int, list[Fired]] = {}
        for watch, witness in zip(self.watches, self.witnesses, strict=False):
            for at, statistic, threshold, blocks in watch.update(seen):
                fired.setdefault(at, []).append(Fired(witness, statistic, threshold, blocks))
        return fired

    @property
    def stirred(self) -> bool:
        """Whether closed blocks have to be decided on though no detector and no test said anything."""
        return self.drift.stirred or self._may_differ

    def decide(
        self, blocks: int, said: Mapping[int, Sequence[Fired]], alarms: Sequence[Alarm]
    ) -> Sequence[Finding]:
        """What so many closed blocks come to, each at its end, given what detectors said, by block, and the alarms of the
        sequential test.
        """
        assert self.lens is not None
        fired = {at: list(some) for at, some in said.items()}
        before = len(self.window) - blocks
        for alarm in alarms:
            fired.setdefault(alarm.at, []).append(Fired(TEST, alarm.evidence, 1.0, 0))
        if self._may_differ:
            for at, effect in self._differing(before):
                fired.setdefault(at, []).append(Fired(DIFFERS, effect, self.parameters.tolerance, SETTLED))
        findings = []
        at = 0
        for spoken in [*sorted(fired), blocks]:
            while (at := at + self.drift.pass_over(self.window, before + at, before + spoken)) < blocks:
                here = fired.get(at, ())
                decision = self.drift.decide(self.lens, self.witnesses, self.window, before + at + 1, here)
                if decision is not None:
                    findings.append(decision.finding(self.key))
                at += 1
                if here:
                    break
        return findings

    def _begin_with(self, warm_up: WarmUp) -> Blocks | None:
        """The warm-up is complete: fix kind and reference, and let the detectors see what is normal; the sequential test, too."""
        lens = Lens(warm_up.learn(self.parameters.kind, categories=self._categories))
        self.begin(lens)
        if not lens.views:
            return None
        usable, numbers = lens.values(warm_up.column())
        views = lens.standardised(numbers)
        for watch in self.watches:
            watch.rehearse(numbers, views)
        return rehearsed(numbers, warm_up.times()[usable]) if self.tested else None

    def _differing(self, before: int) -> list[tuple[int, float]]:
        """The new blocks at whose end a view has been off the reference that was given, for long and still; and how far."""
        first = max(before, SETTLED - 1)  # earlier there are too few blocks
        effects = smallest_of_means(self.window.views[first - SETTLED + 1 :], (SETTLED, RECENT))
        found = np.flatnonzero(effects >= self.parameters.tolerance)
        return [(int(at) + first - before, float(effects[at])) for at in found]


def rehearsed(numbers: FloatArray, times: NDArray[np.int64]) -> Blocks:
    """The full blocks of a warm-up, values and event times (n,): only to be learned from."""
    m = len(numbers) // BLOCK
    shape = m, BLOCK
    return Blocks(numbers[: m * BLOCK].reshape(shape), times[: m * BLOCK].reshape(shape), np.zeros(m))
