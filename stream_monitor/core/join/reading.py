"""From a batch to what the join needs of it: keys, versions and cells of the rows that predict or are labels.

Owns the dictionaries of texts. A text gets its place when its first row comes, so places do not depend on batches.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import Cell, Column, ColumnBatch
from stream_monitor.core.detector import Plain
from stream_monitor.core.events import Role
from stream_monitor.core.fields import Fields
from stream_monitor.core.join.cells import CODES, VALUES, Cells, cells_of, column_names, part_of
from stream_monitor.core.join.figures import Counts
from stream_monitor.core.join.journal import Journal
from stream_monitor.core.join.keys import cases_of, keys_of, prints_of
from stream_monitor.core.join.matching import LABEL, Piece
from stream_monitor.core.join.names import NOT_KEPT, Names
from stream_monitor.core.join.parameters import MOST_VERSIONS, JoinParameters

NO_VERSION = 2**16 - 1  # place of the version of an event that names none
_SCORES = ("prediction", "probability")
_CLASS = "probability:"


class Reader:
    """Dictionaries of versions, of classes with a probability, and of the columns that may hold texts."""

    def __init__(self, parameters: JoinParameters, counts: Counts) -> None:
        self._parameters = parameters
        self._counts = counts
        self.versions = Names(min(parameters.texts, MOST_VERSIONS))
        self.nameless = False  # whether any prediction named no version
        self.classes = Names(parameters.classes)
        self.texts = {name: Names(parameters.texts) for name in ("prediction", LABEL, *parameters.kept)}

    def read(self, batch: ColumnBatch, rows: slice, first_row: int, clock: int) -> Piece:
        """The rows of a part of `batch`; the first has the ordinal `first_row`, and `clock` was reached before it."""
        roles, times, ids = batch.roles[rows], batch.times[rows], batch.ids.slice(rows.start, rows.stop)
        columns = {name: part_of(batch.columns[name], rows) for name in self._wanted(batch)}
        label = batch.columns.get(LABEL)
        labels = _nothing(len(times)) if label is None else part_of(label, rows)
        prints = prints_of(labels)
        predicted = (roles & Role.PREDICTION) != 0
        predicted &= _scored(columns, len(times))
        labelled = (roles & Role.LABEL) != 0
        keys = np.zeros(len(times), np.uint64)
        wanted = np.flatnonzero(predicted | labelled)
        keys[wanted] = keys_of(ids.take(wanted).texts())
        versions = self._version_places(batch, rows, predicted & (keys != 0))
        self._count(keys, prints, predicted, labelled)
        predicted &= (keys != 0) & (versions >= 0)
        labelled &= (keys != 0) & (prints != 0)
        self.nameless |= bool((predicted & (versions == NO_VERSION)).any())
        named = keys_of(batch.versions)[batch.version_at[rows]]
        cases = cases_of(keys, named)
        return Piece(
            rows=np.arange(first_row, first_row + len(times), dtype=np.int64),
            times=times,
            clocks=np.maximum(np.maximum.accumulate(times), clock),
            ids=keys,
            cases=cases,
            scopes=np.where(named == 0, keys, cases),
            versions=versions.astype(np.uint16),
            predicted=predicted,
            labelled=labelled,
            prints=prints,
            columns=self._cells(columns, predicted),
            label=cells_of(labels, labelled, self.texts[LABEL]),
            salts=keys_of([*self.versions.held(), *([None] if self.nameless else [])]),
        )

    def _wanted(self, batch: ColumnBatch) -> list[str]:
        return [
            name
            for name in batch.columns
            if name in _SCORES or name in self._parameters.kept or name.startswith(_CLASS)
        ]

    def _count(
        self,
        keys: NDArray[np.uint64],
        prints: NDArray[np.uint32],
        predicted: NDArray[np.bool_],
        labelled: NDArray[np.bool_],
    ) -> None:
        counts, nameless = self._counts, keys == 0
        counts.predictions += int(predicted.sum())
        counts.labels += int(labelled.sum())
        counts.prediction_without_id += int((predicted & nameless).sum())
        counts.label_without_id += int((labelled & nameless).sum())
        counts.unusable_label += int((labelled & ~nameless & (prints == 0)).sum())

    def _version_places(
        self, batch: ColumnBatch, rows: slice, predicted: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """Places (n,) of the versions of the rows that predict, in their dictionary; NOT_KEPT for one too many."""
        at = batch.version_at[rows]
        places = np.full(len(batch.versions) + 1, NO_VERSION, np.int64)
        used, first = np.unique(at[predicted], return_index=True)
        for one in used[np.argsort(first)].tolist():
            version = batch.versions[one]
            if version is not None:
                places[one] = self.versions.add(version)
        found = np.where(predicted, places[at], NO_VERSION)
        self._counts.unknown_version += int((found == NOT_KEPT).sum())
        return found

    def _cells(self, columns: Mapping[str, Column], predicted: NDArray[np.bool_]) -> dict[str, Cells]:
        """The columns that wait with the predictions; classes are admitted in the order of their first row."""
        present = {}
        for name, column in columns.items():
            here = predicted & (column.codes != Cell.NONE)
            if here.any():
                present[name] = (int(here.argmax()), name)
        cells = {}
        for name in sorted(present, key=present.__getitem__):
            if name.startswith(_CLASS) and self.classes.add(name) == NOT_KEPT:
                codes = columns[name].codes[predicted]
                self._counts.classes_left_out += int((codes != Cell.NONE).sum())
            else:
                cells[name] = cells_of(columns[name], predicted, self.texts.get(name))
        return cells

    def version_names(self) -> tuple[str, ...]:
        """Versions by place."""
        return self.versions.texts()

    def tidy(self, pending: Journal, labels: Sequence[Journal]) -> None:
        """Free the places of texts, versions and classes that nothing uses any more, where room grows short."""
        if self.versions.is_crowded:
            self.versions.keep(np.unique(pending["version"][pending.is_open()]).tolist())
        if self.classes.is_crowded:
            used = [n for n in column_names(pending.names()) if pending[CODES + n][pending.is_open()].any()]
            self.classes.keep(self.classes.add(name) for name in used if name.startswith(_CLASS))
        for name, names in self.texts.items():
            if names.is_crowded:
                journals = labels if name == LABEL else (pending,)
                names.keep(place for journal in journals for place in _used(journal, name))

    def dump(self) -> dict[str, Plain]:
        """The dictionaries."""
        return {
            "versions": self.versions.dump(),
            "nameless": self.nameless,
            "classes": self.classes.dump(),
            "texts": {name: names.dump() for name, names in self.texts.items()},
        }

    def load(self, stored: Fields) -> None:
        """The inverse of `dump`. Raises CorruptState."""
        self.versions = Names.load(stored, "versions", min(self._parameters.texts, MOST_VERSIONS))
        nameless = stored.plain("nameless")
        if not isinstance(nameless, bool):
            raise stored.wrong("nameless", "no truth value")
        self.nameless = nameless
        self.classes = Names.load(stored, "classes", self._parameters.classes)
        texts = stored.inside("texts")
        for name in self.texts:
            if name in texts:  # a column may be kept only since
                self.texts[name] = Names.load(texts, name, self._parameters.texts)


def _nothing(number: int) -> Column:
    return Column(values=np.zeros(number), codes=np.zeros(number, np.uint8))


def _scored(columns: Mapping[str, Column], number: int) -> NDArray[np.bool_]:
    """Rows (n,) that hold a prediction or a probability; a latency alone is no prediction."""
    scored = np.zeros(number, np.bool_)
    for name, column in columns.items():
        if name in _SCORES or name.startswith(_CLASS):
            scored |= column.codes != Cell.NONE
    return scored


def _used(journal: Journal, name: str) -> list[int]:
    if CODES + name not in journal.names():
        return []
    texts = journal.is_open() & (journal[CODES + name] == Cell.TEXT)
    places: list[int] = np.unique(journal[VALUES + name][texts]).astype(np.int64).tolist()
    return places
