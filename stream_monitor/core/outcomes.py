"""What became of a model's predictions: joined with their labels, scored by version, their errors as series to be watched.

Nothing waits before the first label of a model, unless labels are expected: a model that never gets any costs nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from stream_monitor.core.batch import Cell, Column, ColumnBatch
from stream_monitor.core.detector import FloatArray, Plain
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.events import Role
from stream_monitor.core.fields import Fields
from stream_monitor.core.join.figures import Coverage
from stream_monitor.core.join.joined import Joined
from stream_monitor.core.join.label_join import LabelJoin
from stream_monitor.core.parameters import OutcomeParameters
from stream_monitor.core.performance.columns import PREDICTION, Places
from stream_monitor.core.performance.errors import ERROR
from stream_monitor.core.performance.task import TaskKind
from stream_monitor.core.performance.version import Errors, VersionPerformance
from stream_monitor.core.series import SeriesKey, SeriesSlice

_DUE: Final = 0.95  # of the labels so far had come by the age at which the next one counts as due
_ENOUGH: Final = 256  # predictions that are due; fewer say little of all


class Outcomes:
    """The label join and the performance of every version of one model."""

    def __init__(self, parameters: OutcomeParameters) -> None:
        self.parameters = parameters
        self.active = parameters.expected
        self.join = LabelJoin(parameters.join)
        self.versions: dict[str | None, VersionPerformance] = {}

    def observe(self, batch: ColumnBatch, first_row: int) -> Sequence[SeriesSlice]:
        """Take the rows of `batch` (n >= 1) that follow those observed before. Returns the errors that they told."""
        if not self.active:
            labelled = np.flatnonzero(batch.roles & Role.LABEL)
            if len(labelled) == 0:
                return ()
            self.active = True
            first = int(labelled[0])
            batch, first_row = batch.take(np.arange(first, len(batch))), first_row + first
        joined = self.join.observe(batch, first_row)
        found = [self._learn(joined, at, version) for at, version in enumerate(joined.versions)]
        self._see(batch, first_row)
        return sorted((one for one in found if one is not None), key=_by_first_row)

    def retire(self, version: str) -> None:
        """A version has ended: its performance is forgotten."""
        self.versions.pop(version, None)

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
            self.versions[version] = VersionPerformance(self.parameters.performance)
        return self.versions[version]

    def _learn(self, joined: Joined, at: int, version: str | None) -> SeriesSlice | None:
        mine = np.flatnonzero(joined.version_at == at)
        if len(mine) == 0:
            return None
        performance = self._of(version)
        errors = performance.learn(joined.columns, Places(mine, joined.rows[mine], joined.times[mine]))
        if len(errors.rows) == 0 or performance.window is None:
            return None
        column = _column(errors, performance.window.task.kind)
        return SeriesSlice(SeriesKey(ERROR, version), column, errors.rows, errors.times)

    def _see(self, batch: ColumnBatch, first_row: int) -> None:
        """Predictions feed the estimate of what performance is before their labels have come."""
        column = batch.columns.get(PREDICTION)
        if column is None:
            return
        for at, version in enumerate(batch.versions):
            here = np.flatnonzero((column.codes != Cell.NONE) & (batch.version_at == at))
            if len(here) and version in self.versions:
                self.versions[version].see(batch.columns, here, first_row + here)

    def dump(self) -> dict[str, Plain]:
        """All but the chunks of the join."""
        return {
            "active": self.active,
            "join": self.join.dump(),
            "versions": [
                [version, self.versions[version].dump()] for version in sorted(self.versions, key=_name)
            ],
        }

    @classmethod
    def load(cls, parameters: OutcomeParameters, plain: Plain, chunks: Mapping[int, Plain]) -> "Outcomes":
        """The inverse of `dump`, with all chunks that were written by then and are not gone. Raises CorruptState."""
        fields = Fields(plain, "outcomes")
        outcomes = cls(parameters)
        active = fields.plain("active")
        if not isinstance(active, bool):
            raise fields.wrong("active", "no truth value")
        outcomes.active = active or parameters.expected
        outcomes.join = LabelJoin.load(parameters.join, fields.plain("join"), chunks)
        for entry in fields.rows("versions"):
            if not isinstance(entry, list) or len(entry) != 2 or not isinstance(entry[0], str | None):
                raise CorruptState("outcomes: no version and its performance")
            outcomes.versions[entry[0]] = VersionPerformance.load(entry[1], parameters.performance)
        return outcomes


def _by_first_row(one: SeriesSlice) -> tuple[int, str]:
    return int(one.rows[0]), one.key.version or ""


def _name(version: str | None) -> tuple[bool, str]:
    return version is not None, version or ""


def _column(errors: Errors, kind: TaskKind) -> Column:
    """The series `error`: true where the class was wrong, or the size of a regression's error."""
    values: FloatArray = errors.series[ERROR]
    if kind is TaskKind.REGRESSION:
        finite = np.isfinite(values)
        codes = np.where(finite, Cell.NUMBER, Cell.INFINITE).astype(np.uint8)
        return Column(values=np.where(finite, values, 0.0), codes=codes)
    return Column(
        values=np.zeros(len(values)), codes=np.where(values > 0, Cell.TRUE, Cell.FALSE).astype(np.uint8)
    )
