"""Rows → references, in bounded memory: of a model's features, and of what each of its versions puts out.

Up to `max_rows` rows are learned from as they are. Of more, a uniform sample decides kinds, edges and categories, and
everything that is counted is counted over all rows in a second reading. Knows rows and references, not where they are from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import numpy as np

from stream_monitor.core.batch import FEATURE, Cell, Column, ColumnBatch
from stream_monitor.core.cells import values_of
from stream_monitor.core.columnise import PlacedRow, columnise
from stream_monitor.core.derived.parameters import Constraints
from stream_monitor.core.detector import Kind
from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Decoded, Role, Source
from stream_monitor.core.performance.promise import Promise
from stream_monitor.core.performance.task import TaskKind
from stream_monitor.core.profile import NO_VERSION, VersionProfile, learn_feature
from stream_monitor.core.profile_constraints import suggested
from stream_monitor.core.profile_counting import FeatureCount, Spread
from stream_monitor.core.reference import Reference
from stream_monitor.files.pairs import LabelledSample, labelled_rows
from stream_monitor.files.reference import MAX_ROWS, RowSample, feature_rows

MAX_VERSIONS = 32
LABEL = "label"  # the truth, not what a version puts out; labels mostly come without a version


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """How references are made of rows.

    exclude: names or globs that are no features. kinds: of features and outputs by name or glob, first match; None, as no
    match: inferred. categories: kept by each, the rest is other. version: the rows of this one and of none are read, which
    are taken to be of it; None: of all. whole: of more than `max_rows` rows all are counted; else the sample is the data.
    task, positive: what is predicted; None: told from the labels. constraints: whether they are suggested.
    """

    exclude: Sequence[str] = ()
    kinds: Mapping[str, Kind | None] = field(default_factory=dict)
    categories: int = 64
    version: str | None = None
    max_rows: int = MAX_ROWS
    whole: bool = True
    task: TaskKind | None = None
    positive: str | None = None
    constraints: bool = False

    def kind_of(self, name: str) -> Kind | None:
        """The kind that was asked for; None: inferred."""
        return next((kind for pattern, kind in self.kinds.items() if fnmatchcase(name, pattern)), None)


class SeriesLearner:
    """The references of all columns of a stream of batches."""

    def __init__(self, choices: Choices) -> None:
        self._choices = choices
        self._sample = RowSample(choices.max_rows)
        self._spreads: dict[str, Spread] = {}
        self._learned: dict[str, Reference] = {}
        self._counts: dict[str, FeatureCount] = {}
        self._recounted = 0
        self._all_known: dict[str, float] = {}

    @property
    def rows(self) -> int:
        """Rows of the first reading."""
        return self._sample.rows

    def add(self, batch: ColumnBatch) -> None:
        """The next rows (n >= 1) of the first reading."""
        self._sample.add(batch)
        for name, column in batch.columns.items():
            self._spreads.setdefault(name, Spread()).add_cells(column)

    def learn(self) -> bool:
        """After at least one row: fix kinds, edges and categories. Whether the rows have to be read once more."""
        for name, column in self._sample.kept().columns.items():
            cells = _there(column)
            kind = self._choices.kind_of(name.removeprefix(FEATURE))
            known = learn_feature(cells, kind, categories=self._choices.categories)
            self._learned[name] = known
            if known.kind is Kind.CATEGORICAL:
                self._all_known[name.removeprefix(FEATURE)] = _all_known(cells, known)
        if self.rows <= self._choices.max_rows or not self._choices.whole:
            return False
        self._counts = {
            name: FeatureCount(known, self._spreads[name]) for name, known in self._learned.items()
        }
        return True

    def count(self, batch: ColumnBatch) -> None:
        """The next rows of the second reading."""
        self._recounted += len(batch)
        for name, count in self._counts.items():
            column = batch.columns.get(name)
            cells = None if column is None else _there(column)
            if cells is not None:
                count.add(cells, len(cells.codes))
            elif name.startswith(FEATURE):  # every row has features; an output may have rows of its own
                count.add(None, len(batch))

    def references(self) -> dict[str, Reference]:
        """By name, a feature's without its prefix. Raises StreamMonitorError if the second reading was another one."""
        if not self._counts:
            return {name.removeprefix(FEATURE): known for name, known in self._learned.items()}
        if self._recounted != self.rows:
            raise StreamMonitorError(
                f"{self.rows:,} rows were there at the first reading and {self._recounted:,} at the second: the data"
                " changed meanwhile"
            )
        categories = self._choices.categories
        return {
            name.removeprefix(FEATURE): count.reference(categories=categories)
            for name, count in self._counts.items()
        }

    def constraints(self, references: Mapping[str, Reference]) -> dict[str, Constraints]:
        """What is suggested of these features, the references that were learned; none if it is not asked for."""
        if not self._choices.constraints:
            return {}
        found = {
            name: suggested(known, all_known=self._all_known.get(name, 1.0))
            for name, known in references.items()
        }
        return {name: one for name, one in found.items() if one is not None}


class ModelLearner:
    """The references of one model: its features, and the outputs of each of its versions."""

    def __init__(self, choices: Choices) -> None:
        self._choices = choices
        self.features = SeriesLearner(choices)
        self._versions: dict[str, SeriesLearner] = {}
        self._labelled: dict[str, LabelledSample] = {}
        self._seen: set[str] = set()

    def add(self, decoded: Decoded) -> None:
        """The next rows, all of the model, of the first reading.

        Raises StreamMonitorError if they are of too many versions to be versions.
        """
        batch = feature_rows(decoded, self._choices.exclude)
        if batch is not None:
            self.features.add(batch)
        self._seen.update(row.version or self._choices.version or NO_VERSION for row in decoded.rows)
        if len(self._seen) > MAX_VERSIONS:
            raise StreamMonitorError(
                f"the rows are of more than {MAX_VERSIONS} versions; choose one with --version, or another column"
            )
        for version, outputs in self._outputs(decoded).items():
            self._versions.setdefault(version, SeriesLearner(self._choices)).add(outputs)
        for version, rows in labelled_rows(decoded, self._choices.version or NO_VERSION).items():
            self._labelled.setdefault(version, LabelledSample(self._choices.max_rows)).add(rows)

    def learn(self) -> bool:
        """After the first reading. Whether the rows have to be read once more."""
        again = [learner.learn() for learner in (self.features, *self._versions.values())]
        return any(again)

    def count(self, decoded: Decoded) -> None:
        """The next rows of the second reading."""
        batch = feature_rows(decoded, self._choices.exclude)
        if batch is not None:
            self.features.count(batch)
        for version, outputs in self._outputs(decoded).items():
            if version in self._versions:
                self._versions[version].count(outputs)

    @property
    def version(self) -> str | None:
        """The only version of all rows; None if they are of none or of several."""
        return next(iter(self._seen)) or None if len(self._seen) == 1 else None

    def versions(self) -> dict[str, VersionProfile]:
        """What each version puts out, by name. Raises StreamMonitorError as `SeriesLearner.references`."""
        return {
            version: VersionProfile(
                rows=learner.rows,
                series=dict(sorted(learner.references().items())),
                performance=self._promise(version),
            )
            for version, learner in sorted(self._versions.items())
        }

    def _promise(self, version: str) -> Promise | None:
        labelled = self._labelled.get(version)
        return None if labelled is None else labelled.promise(self._choices.task, self._choices.positive)

    def _outputs(self, decoded: Decoded) -> dict[str, ColumnBatch]:
        """The outputs of the rows by version; only rows that have any."""
        placed: dict[str, list[PlacedRow]] = {}
        for row, offset, item in zip(decoded.rows, decoded.offsets, decoded.items, strict=True):
            outputs = {name: value for name, value in row.outputs.items() if name != LABEL}
            if outputs:
                version = row.version or self._choices.version or NO_VERSION
                bare = row._replace(
                    features={}, outputs=outputs, roles=Role.PREDICTION.value, id=None, version=None
                )
                placed.setdefault(version, []).append(PlacedRow(bare, 0, offset, item))
        return {version: columnise("", rows, (Source("", 0),)) for version, rows in placed.items()}


def _all_known(column: Column, reference: Reference) -> float:
    """Share of the values after which no new category came."""
    places = {name: at for at, name in enumerate(reference.categories)}
    numbers = values_of(reference.kind, column, places).numbers
    first = np.unique(numbers, return_index=True)[1]
    return float(first.max() + 1) / len(numbers) if len(numbers) else 1.0


def _there(column: Column) -> Column:
    """The cells of rows that have such a part at all."""
    at = np.flatnonzero(column.codes != Cell.NONE)
    return column if len(at) == len(column.codes) else column.take(at)
