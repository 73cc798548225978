"""Files of training data → a reference profile, in bounded memory. Knows rows and references, no settings.

Up to `MAX_ROWS` rows are learned from as they are. Of more, a uniform sample of `MAX_ROWS` decides kinds, edges and
categories, and everything that is counted is counted over all rows in a second reading.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from stream_monitor.core.batch import FEATURE, ColumnBatch
from stream_monitor.core.detector import Kind
from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.profile import Origin, Profile, learn_feature
from stream_monitor.core.profile_counting import FeatureCount, Spread
from stream_monitor.core.reference import Reference
from stream_monitor.files.columns import FileColumns
from stream_monitor.files.opening import kind_of
from stream_monitor.files.reference import MAX_ROWS, RowSample, feature_rows
from stream_monitor.files.rows import FileRows, read


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """How features are made of rows.

    exclude: names or globs that are no features. kinds: of features by name or glob, first match; the rest is inferred.
    categories: kept by each feature, the rest is other. version: of the model.
    """

    exclude: Sequence[str] = ()
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    categories: int = 64
    version: str | None = None
    max_rows: int = MAX_ROWS

    def kind_of(self, feature: str) -> Kind | None:
        """The kind that was asked for; None: inferred."""
        return next((kind for pattern, kind in self.kinds.items() if fnmatchcase(feature, pattern)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A profile; how many rows could not be read; by file the roles for which a column may have been taken as feature."""

    profile: Profile
    rejected: int
    lookalikes: Mapping[Path, Mapping[str, str]]


def build(
    paths: Sequence[Path], columns: FileColumns, choices: Choices, progress: Callable[[int], None]
) -> Built:
    """The profile of the rows of all files together. progress: told the rows read so far.

    Memory: columns of twice `max_rows` rows. Cost: reading the files once, twice if they have more than `max_rows` rows.
    Raises StreamMonitorError as `files.rows.read` does, without any row with features, and where native events are of
    several models and `columns.model` chooses none.
    """
    files = {path: read(path, columns) for path in paths}
    reading = _Reading(files, choices.exclude, columns.model, progress)
    sample, spreads = RowSample(choices.max_rows), dict[str, Spread]()
    for batch in reading.batches():
        sample.add(batch)
        for name, column in batch.columns.items():
            spreads.setdefault(name, Spread()).add_cells(column)
    if sample.rows == 0:
        of = f" of the model {columns.model!r}" if columns.model else ""
        raise StreamMonitorError(
            f"{', '.join(map(str, paths))}: no row with features{of} ({reading.rejected} rows could not be read)"
        )
    origins, rejected = reading.origins(), reading.rejected
    features = {
        name: learn_feature(column, choices.kind_of(_feature(name)), categories=choices.categories)
        for name, column in sample.kept().columns.items()
    }
    if sample.rows > choices.max_rows:
        features = _counted(features, spreads, reading, choices)
    profile = Profile(
        model=columns.model or reading.only_model,
        version=choices.version,
        created_from=origins,
        rows=sample.rows,
        features={_feature(name): reference for name, reference in features.items()},
    )
    lookalikes = {path: rows.lookalikes for path, rows in files.items() if rows.lookalikes}
    return Built(profile=profile, rejected=rejected, lookalikes=lookalikes)


def _counted(
    sampled: Mapping[str, Reference], spreads: Mapping[str, Spread], reading: "_Reading", choices: Choices
) -> dict[str, Reference]:
    """The sampled references with the counts of all rows."""
    counts = {name: FeatureCount(known, spreads[name]) for name, known in sampled.items()}
    for batch in reading.batches():
        for name, count in counts.items():
            count.add(batch.columns.get(name), len(batch))
    return {name: count.reference(categories=choices.categories) for name, count in counts.items()}


class _Reading:
    """The files, chunk by chunk, as batches of features."""

    def __init__(
        self,
        files: Mapping[Path, FileRows],
        exclude: Sequence[str],
        model: str | None,
        progress: Callable[[int], None],
    ) -> None:
        self._files, self._exclude, self._model, self._progress = files, exclude, model, progress
        self._seen: dict[str, Path] = {}
        self._rows: dict[Path, int] = {}
        self.rejected = 0

    def batches(self) -> Iterator[ColumnBatch]:
        """Every row with features; can be called again, and then counts again."""
        self.rejected, self._rows = 0, dict.fromkeys(self._files, 0)
        for path, rows in self._files.items():
            native = rows.model is None
            for decoded in rows:
                self.rejected += len(decoded.rejected)
                if native and self._model is None:
                    self._remember({row.model for row in decoded.rows}, path)
                batch = feature_rows(decoded, self._exclude, self._model if native else None)
                if batch is not None:
                    self._rows[path] += len(batch)
                    yield batch
                self._progress(sum(self._rows.values()))

    def origins(self) -> tuple[Origin, ...]:
        """What was read, with the rows that were of use."""
        return tuple(
            Origin(kind=str(kind_of(path)), name=path.name, rows=rows) for path, rows in self._rows.items()
        )

    @property
    def only_model(self) -> str | None:
        """The model that native events name."""
        return next(iter(self._seen), None)

    def _remember(self, models: set[str], path: Path) -> None:
        for model in sorted(models):
            self._seen.setdefault(model, path)
        if len(self._seen) > 1:
            named = ", ".join(list(self._seen)[:10])
            raise StreamMonitorError(
                f"{path}: the events are of several models ({named}); choose one with --model"
            )


def _feature(name: str) -> str:
    return name.removeprefix(FEATURE)
