"""One series from warm-up to drift: cells in, findings out. Knows nothing of other series, budgets or alerts.

The way of a value: cell → usable number → block → bin count and standardised views → detectors → decision per block.
Between `take` and `decide` the model advances the sequential tests of all its series at once.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import Column
from stream_monitor.core.blocks import Blocks, Closed
from stream_monitor.core.cells import present
from stream_monitor.core.derived.names import Fault
from stream_monitor.core.derived.quality_counts import COUNTED, COUNTERS, NOT_ALLOWED, UNSEEN, WRONG_KIND
from stream_monitor.core.derived.screen import Found, Screen, moved
from stream_monitor.core.detector import FloatArray, Kind
from stream_monitor.core.drift import Drift, Fired
from stream_monitor.core.episode import RECENT, SETTLED
from stream_monitor.core.measure import smallest_of_means
from stream_monitor.core.parameters import SeriesParameters
from stream_monitor.core.sequential.tests import Alarm, SequentialTests
from stream_monitor.core.series import SEQUENTIAL, DetectorCatalogue, Finding, SeriesKey, choices
from stream_monitor.core.standardise import Lens
from stream_monitor.core.untested import Untested, joined, rehearsal_of, untested_of
from stream_monitor.core.warm_up import WarmUp
from stream_monitor.core.watch import DIFFERS, TEST, Seen, Watch, Witness, seed_of, watches_of
from stream_monitor.core.window import BLOCK, LENGTH, Window


class Taken(NamedTuple):
    """usable: (n,) which cells were values of the series. blocks: closed now. fired: by block, what detectors said. faults: cells
    that are at fault, where they are looked for.
    """

    usable: NDArray[np.bool_]
    blocks: int = 0
    fired: Mapping[int, Sequence[Fired]] = {}
    untested: Untested | None = None
    faults: Mapping[Fault, NDArray[np.intp]] = {}


class SeriesMonitor:
    """The state of one series. Cost: ~0.5 µs a numeric value; state ≤ 24 kB.

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
        self.tested = False
        self.witnesses: Sequence[Witness] = ()
        self.blocks = Blocks()
        self.begun = -1  # event time at which the last block began, so far
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
        if self._differs_may_be_said:
            self.witnesses += (DIFFERS,)
        self.window = Window(bins=lens.bins, views=len(lens.views))

    @property
    def is_given(self) -> bool:
        """Whether the reference was given, not learned here."""
        return self.lens is not None and self.lens.reference is self.parameters.reference

    @property
    def _differs_may_be_said(self) -> bool:
        """Whether the reference was given: one that was learned here differs from what follows only if that changed."""
        return self.lens is not None and self.is_given and bool(self.lens.views)

    @property
    def has_settled(self) -> bool:
        """Whether a drift is open and the new regime fills the window: it may be learned as the new normal."""
        episode = self.drift.episode
        return episode is not None and episode.blocks >= LENGTH

    def take(self, column: Column, rows: NDArray[np.int64], times: NDArray[np.int64]) -> Taken:
        """Take the cells of `column` (n,), none of them NONE, with the model's row ordinals and event times (n,).

        `decide` must follow, with what the sequential test makes of `untested`.
        """
        self.quality += np.bincount(column.codes, minlength=len(self.quality))
        taken = self._take(column, rows, times)
        return taken if self.screen is None else self._screened(self.screen, column, taken)

    def _screened(self, screen: Screen, column: Column, taken: Taken) -> Taken:
        """With all that is at fault, counted."""
        declared = screen.declared(column)
        for fault, at in declared.items():
            if fault is Fault.UNSEEN:
                self.quality[NOT_ALLOWED] += len(at)
        faults = {**taken.faults, **declared}
        for fault, counter in COUNTED.items():
            self.quality[counter] += len(faults.get(fault, ()))
        return taken._replace(faults=faults)

    def _take(self, column: Column, rows: NDArray[np.int64], times: NDArray[np.int64]) -> Taken:
        if self.lens is not None:
            return self._watch(self.lens, column, rows, times)
        assert self.warm_up is not None
        used = self.warm_up.take(column, times)
        here = present(column.codes)
        if not self.warm_up.done:
            return Taken(here)
        lens, learned = self._learn(self.warm_up)
        rest = np.arange(used, len(here))
        taken = self._watch(lens, column.take(rest), rows[used:], times[used:])
        return taken._replace(
            usable=np.concatenate([here[:used], taken.usable]),
            untested=joined(learned, taken.untested),
            faults=moved(taken.faults, used),
        )

    def decide(self, taken: Taken, alarms: Sequence[Alarm]) -> Sequence[Finding]:
        """What the closed blocks come to, each at its end, given the alarms of the sequential test.

        Trim the window once all series of the model have decided: others may look at the blocks up to a row of this batch.
        """
        if self.lens is None or taken.blocks == 0:
            return ()
        fired = {at: list(said) for at, said in taken.fired.items()}
        before = len(self.window) - taken.blocks
        for alarm in alarms:
            assert taken.untested is not None
            at = alarm.at - taken.untested.learned
            fired.setdefault(at, []).append(Fired(TEST, alarm.evidence, 1.0, 0))
        if DIFFERS in self.witnesses:
            for at, effect in self._differing(before):
                fired.setdefault(at, []).append(Fired(DIFFERS, effect, self.parameters.tolerance, SETTLED))
        findings = []
        if fired or self.drift.busy:
            for at in range(taken.blocks):
                decision = self.drift.decide(
                    self.lens, self.witnesses, self.window, before + at + 1, fired.get(at, ())
                )
                if decision is not None:
                    findings.append(decision.finding(self.key))
        return findings

    def _learn(self, warm_up: WarmUp) -> tuple[Lens, Untested | None]:
        """The warm-up is complete: fix kind and reference, and let the detectors see what is normal."""
        lens = Lens(warm_up.learn(self.parameters.kind, categories=self._categories))
        self.begin(lens)
        if not lens.views:
            return lens, None
        usable, numbers = lens.values(warm_up.column())
        views = lens.standardised(numbers)
        for watch in self.watches:
            watch.rehearse(numbers, views)
        return lens, rehearsal_of(numbers, warm_up.times()[usable]) if self.tested else None

    def _watch(self, lens: Lens, column: Column, rows: NDArray[np.int64], times: NDArray[np.int64]) -> Taken:
        values = lens.values(column)
        usable, numbers = values
        faults: Found = {}
        if self.screen is not None:
            faults = self.screen.seen(lens, column, values, given=self.is_given)
        self.quality[WRONG_KIND] += int(present(column.codes).sum()) - int(usable.sum())
        if lens.kind is Kind.IDENTIFIER:
            return Taken(usable, faults=faults)
        if lens.kind is Kind.CATEGORICAL:
            self.quality[UNSEEN] += int((numbers == lens.bins - 1).sum())
        closed = self.blocks.add(usable, numbers, rows, times)
        if closed is None:
            return Taken(usable, faults=faults)
        return self._advance(lens, closed, usable)._replace(faults=faults)

    def _advance(self, lens: Lens, closed: Closed, usable: NDArray[np.bool_]) -> Taken:
        """Put the closed blocks into the window and before the detectors."""
        views = lens.standardised(closed.numbers)
        summary = _summary(lens, closed, views)
        self.window.extend(summary)
        return Taken(
            usable,
            len(closed.unusable),
            self._detect(Seen(closed.numbers, views, summary.views)),
            self._untested(closed) if self.tested else None,
        )

    def _untested(self, closed: Closed) -> Untested:
        untested, self.begun = untested_of(closed, self.begun)
        return untested

    def _detect(self, seen: Seen) -> dict[int, list[Fired]]:
        """What the detectors of single series say, by the block in which they say it."""
        fired: dict[int, list[Fired]] = {}
        for watch, witness in zip(self.watches, self.witnesses, strict=False):
            for at, statistic, threshold, blocks in watch.update(seen):
                fired.setdefault(at, []).append(Fired(witness, statistic, threshold, blocks))
        return fired

    def _differing(self, before: int) -> list[tuple[int, float]]:
        """The new blocks at whose end a view has been off the reference that was given, for long and still; and how far."""
        first = max(before, SETTLED - 1)  # earlier there are too few blocks
        effects = smallest_of_means(self.window.views[first - SETTLED + 1 :], (SETTLED, RECENT))
        found = np.flatnonzero(effects >= self.parameters.tolerance)
        return [(int(at) + first - before, float(effects[at])) for at in found]


def _summary(lens: Lens, closed: Closed, views: Mapping[str, FloatArray]) -> Window:
    """The closed blocks as counts and sums, one row a block."""
    m = len(closed.unusable)
    window = Window(bins=lens.bins, views=len(views))
    place = np.repeat(np.arange(m) * lens.bins, BLOCK) + lens.bin(closed.numbers)
    window.counts = np.bincount(place, minlength=m * lens.bins).reshape(m, lens.bins).astype(np.uint8)
    z = lens.z(closed.numbers).reshape(m, BLOCK)
    window.moments = np.stack([z.sum(axis=1), (z * z).sum(axis=1)], axis=1)
    window.views = np.stack([view.reshape(m, BLOCK).sum(axis=1) for view in views.values()], axis=1)
    rows = closed.rows.reshape(m, BLOCK)
    window.rows = rows[:, [0, -1]]
    window.times = closed.times.reshape(m, BLOCK)[:, [0, -1]]
    window.unusable = closed.unusable
    return window
