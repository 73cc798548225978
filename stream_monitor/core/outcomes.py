"""What became of a model's predictions: joined with their labels, scored by version, their errors as series to be watched.

The figures of a version are held against the expected ones at fixed numbers of pairs, if by then labels covered enough of the
predictions: coverage is asked at rows that no batch decides (`settle`), so that it is the same however the rows were cut.
Nothing waits before the first label of a model, unless labels are expected: a model that never gets any costs nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import Cell, ColumnBatch
from stream_monitor.core.decline import Declines
from stream_monitor.core.detector import FloatArray, Plain
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.events import Role
from stream_monitor.core.fields import Fields
from stream_monitor.core.join.figures import Coverage
from stream_monitor.core.join.joined import Joined
from stream_monitor.core.join.label_join import LabelJoin
from stream_monitor.core.judgement import judged, together
from stream_monitor.core.parameters import OutcomeParameters
from stream_monitor.core.performance.columns import LABEL, Places, is_score
from stream_monitor.core.performance.errors import ERROR, error_column
from stream_monitor.core.performance.marks import Look
from stream_monitor.core.performance.note import PerformanceNote
from stream_monitor.core.performance.trials import Due
from stream_monitor.core.performance.version import VersionPerformance
from stream_monitor.core.series import Finding, SeriesKey, SeriesSlice

_DUE: Final = 0.95  # of the labels so far had come by the age at which the next one counts as due
_ENOUGH: Final = 256  # predictions that are due; fewer say little of all

Lost: TypeAlias = Callable[[str, str], None]
"""Told which part of a stored state could not be used, and why."""


class TimedErrors(NamedTuple):
    """The series `error` (n,) of pairs, with the rows (n,) that completed them."""

    rows: NDArray[np.int64]
    values: FloatArray


class Outcomes:
    """The label join and the performance of every version of one model."""

    def __init__(self, parameters: OutcomeParameters) -> None:
        self.parameters = parameters
        self.active = parameters.expected
        self.join = LabelJoin(parameters.join)
        self.versions: dict[str | None, VersionPerformance] = {}
        self.declines: dict[str | None, Declines] = {}
        self.covered: float | None = None  # coverage as it was last settled
        self._findings: list[Finding] = []
        self.joined: Joined | None = None  # pairs of the last batch, for whatever else is made of them
        self.errors: dict[str | None, TimedErrors] = {}  # of the last batch, for the same

    def observe(self, batch: ColumnBatch, first_row: int) -> Sequence[SeriesSlice]:
        """Take the rows of `batch` (n >= 1) that follow those observed before. Returns the errors that they told."""
        self.errors = {}
        if not self.active:
            labelled = np.flatnonzero(batch.roles & Role.LABEL)
            if len(labelled) == 0:
                self.joined = None
                return ()
            self.active = True
            first = int(labelled[0])
            batch, first_row = batch.slice(first, len(batch)), first_row + first
        for performance in self.versions.values():
            performance.begin()
        joined = self.joined = self.join.observe(batch, first_row)
        found = [self._learn(joined, at, version) for at, version in enumerate(joined.versions)]
        self._see(batch, first_row)
        for performance in self.versions.values():
            performance.end()
        return sorted((one for one in found if one is not None), key=_by_first_row)

    def findings(self) -> Sequence[Finding]:
        """What the figures of versions came to in the batch observed last; to be asked once after each."""
        found, self._findings = self._findings, []
        return found

    def settle(self) -> None:
        """At a row that no batch decides: the coverage that figures must have to be judged, until the next one; and the estimates
        that can be held against labels by now.
        """
        if not self.active:
            return
        self.covered = self.coverage().share
        due = Due(
            clock=self.join.clock,
            after=self.due_after,
            wait=self.parameters.join.wait_ms,
            coverage=self.parameters.performance.gate.minimum_coverage,
        )
        for performance in self.versions.values():
            performance.settle(due)

    def note(self, key: SeriesKey, change_row: int, row: int) -> PerformanceNote | None:
        """What is known at `row`, of the batch at hand or the end of an earlier one, of the performance of those whom a change of
        the series `key` at `change_row` concerns: its version, or all of them. None while there are no labels, and for a segment.
        """
        if not self.active or not self.versions or key.segment is not None:
            return None
        parameters = self.parameters.performance
        held_back = parameters.gate.reason(pairs=parameters.gate.minimum_pairs, coverage=self.covered)
        of_all = key.version is None and key.name != ERROR
        concerned = self.versions if of_all else {key.version} & self.versions.keys()
        notes = {
            version: judged(
                version,
                self.versions[version].as_of(change_row, row, by_label=key.name == ERROR),
                tolerance=parameters.tolerance,
                held_back=held_back,
            )
            for version in concerned
            if self.versions[version].first_row <= row
        }
        return together(notes) if notes else None

    def retire(self, version: str) -> None:
        """A version has ended: its performance is forgotten."""
        self.versions.pop(version, None)
        self.declines.pop(version, None)

    @property
    def due_after(self) -> int:
        """How old a prediction is, in ms, when its label counts as due: as old as nearly all labels so far found theirs."""
        return max(0, self.join.delays.quantile(_DUE) or 0)

    def coverage(self) -> Coverage:
        """How many predictions have their label, of those that are due; of all that may still get one while few are due."""
        due = self.join.coverage(self.due_after)
        if due.predictions >= _ENOUGH:
            return due
        counts = self.join.counts
        waited = counts.joined + counts.expired + counts.displaced + self.join.pending
        return Coverage(predictions=waited, labelled=counts.joined)

    def _of(self, version: str | None) -> VersionPerformance:
        if version not in self.versions:
            promised = self.parameters.promised.get(version)
            self.versions[version] = VersionPerformance(self.parameters.performance, promised)
            self.declines[version] = Declines(self.parameters.performance.tolerance)
        return self.versions[version]

    def _learn(self, joined: Joined, at: int, version: str | None) -> SeriesSlice | None:
        mine = np.flatnonzero(joined.version_at == at)
        if len(mine) == 0:
            return None
        performance = self._of(version)
        errors = performance.learn(joined.columns, _places(joined, mine))
        if len(errors.rows) == 0 or performance.window is None:
            return None
        for look in errors.looks:
            self._look(version, look)
        own = errors.rows > performance.told  # rows before are not those that completed the pairs
        self.errors[version] = TimedErrors(errors.rows[own], errors.series[ERROR][own])
        column = error_column(errors.series[ERROR], performance.window.task.kind)
        return SeriesSlice(SeriesKey(ERROR, version), column, errors.rows, errors.times)

    def _look(self, version: str | None, look: Look) -> None:
        if self.parameters.performance.gate.reason(pairs=len(look.pairs), coverage=self.covered) is None:
            self._findings += self.declines[version].decide(version, look)

    def _see(self, batch: ColumnBatch, first_row: int) -> None:
        """Predictions feed the estimate of what performance is before their labels have come."""
        scored = np.zeros(len(batch), np.bool_)
        for name, column in batch.columns.items():
            if is_score(name) and name != LABEL:
                scored |= column.codes != Cell.NONE
        for at, version in enumerate(batch.versions):
            here = np.flatnonzero(scored & (batch.version_at == at))
            if len(here) and version in self.versions:
                self.versions[version].see(batch.columns, here, first_row + here, batch.times[here])

    def dump(self) -> dict[str, Plain]:
        """All but the chunks of the join."""
        return {
            "active": self.active,
            "join": self.join.dump(),
            "covered": self.covered,
            "versions": [
                [version, self.versions[version].dump(), self.declines[version].dump()]
                for version in sorted(self.versions, key=_name)
            ],
        }

    @classmethod
    def load(
        cls, parameters: OutcomeParameters, plain: Plain, chunks: Mapping[int, Plain], lost: "Lost"
    ) -> "Outcomes":
        """The inverse of `dump`, with all chunks that were written by then and are not gone.

        A part that cannot be used begins afresh and `lost` is told of it: labels are joined and figures made without what was
        known before, which is better than a model that is not watched. Raises CorruptState where no part can be told.
        """
        fields = Fields(plain, "outcomes")
        outcomes = cls(parameters)
        active = fields.plain("active")
        if not isinstance(active, bool):
            raise fields.wrong("active", "no truth value")
        outcomes.active = active or parameters.expected
        outcomes.covered = None if fields.plain("covered") is None else fields.number("covered")
        try:
            outcomes.join = LabelJoin.load(parameters.join, fields.plain("join"), chunks)
        except CorruptState as error:
            outcomes.join = LabelJoin(parameters.join)
            lost("join", str(error))
        for entry in fields.rows("versions"):
            if not isinstance(entry, list) or len(entry) != 3 or not isinstance(entry[0], str | None):
                raise CorruptState("outcomes: no version, its performance and what fell")
            version, performance, fallen = entry
            declines = Declines(parameters.performance.tolerance)
            try:
                promised = parameters.promised.get(version)
                known = VersionPerformance.load(performance, parameters.performance, promised)
                declines.load(fallen)
            except CorruptState as error:
                lost(f"performance/{version or ''}", str(error))
            else:
                outcomes.versions[version], outcomes.declines[version] = known, declines
        return outcomes


def _by_first_row(one: SeriesSlice) -> tuple[int, str]:
    return int(one.rows[0]), one.key.version or ""


def _places(joined: Joined, at: NDArray[np.intp]) -> Places:
    return Places(at, joined.rows[at], joined.times[at], joined.prediction_rows[at])


def _name(version: str | None) -> tuple[bool, str]:
    return version is not None, version or ""
