"""Rows of files, or of anything that can be read twice, → a reference profile. Knows no settings and no Kafka."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Decoded, Reason, Role, Row
from stream_monitor.core.profile import Origin, Profile
from stream_monitor.files.columns import FileColumns
from stream_monitor.files.learning import Choices, ModelLearner
from stream_monitor.files.opening import kind_of
from stream_monitor.files.rows import read


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Rows that can be read again, and then are the same. where: in messages. kind, name: as in `Origin`.

    named: the events say whose they are; else all rows are of the model that is asked for.
    """

    where: str
    kind: str
    name: str
    named: bool
    chunks: Callable[[], Iterable[Decoded]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A profile, and what it was not made of.

    rejected: rows that could not be read, by reason. first_rejected: what was wrong with the first of them. other_versions:
    rows of other versions than the one chosen. lookalikes: by file the roles for which a column may have been taken as
    feature.
    """

    profile: Profile
    rejected: Mapping[Reason, int]
    first_rejected: str | None
    other_versions: int
    lookalikes: Mapping[Path, Mapping[str, str]]


def build(
    paths: Sequence[Path], columns: FileColumns, choices: Choices, progress: Callable[[int], None]
) -> Built:
    """The profile of the rows of all files together. progress: told the rows read so far.

    Raises StreamMonitorError as `files.rows.read` and `build_from` do.
    """
    files = {path: read(path, columns) for path in paths}
    parts = [
        Part(
            where=str(path),
            kind=str(kind_of(path)),
            name=path.name,
            named=rows.model is None,
            chunks=rows.chunks,
        )
        for path, rows in files.items()
    ]
    built = build_from(parts, columns.model, choices, progress)
    lookalikes = {path: rows.lookalikes for path, rows in files.items() if rows.lookalikes}
    return replace(built, lookalikes=lookalikes)


def build_from(
    parts: Sequence[Part], model: str | None, choices: Choices, progress: Callable[[int], None]
) -> Built:
    """The profile of the rows of all parts together; of `model` only where events say whose they are.

    Memory: columns of twice `max_rows` rows for features and for each version. Cost: reading the parts once, twice if they
    have more than `max_rows` rows. Raises StreamMonitorError without any row with features, of more than 32 versions, where
    events are of several models and `model` is None, and where the second reading is not the first.
    """
    reading, learner = _Reading(parts, model, choices.version, progress), ModelLearner(choices)
    for decoded in reading.chunks():
        learner.add(decoded)
    if learner.features.rows == 0:
        raise StreamMonitorError(reading.nothing())
    if learner.learn():
        for decoded in reading.chunks():
            learner.count(decoded)
    features = learner.features.references()
    profile = Profile(
        model=model or reading.only_model,
        version=choices.version or learner.version,
        created_from=reading.origins(),
        rows=learner.features.rows,
        features=features,
        constraints=learner.features.constraints(features),
        versions=learner.versions(),
    )
    return Built(
        profile=profile,
        rejected=reading.rejected,
        first_rejected=reading.first_rejected,
        other_versions=reading.other_versions,
        lookalikes={},
    )


class _Reading:
    """The parts, chunk by chunk: the rows of one model, and of one version if one is chosen."""

    def __init__(
        self, parts: Sequence[Part], model: str | None, version: str | None, progress: Callable[[int], None]
    ) -> None:
        self._parts, self._model, self._version, self._progress = parts, model, version, progress
        self._named: set[str] = set()
        self._rows: list[int] = []
        self._begin()

    def chunks(self) -> Iterator[Decoded]:
        """Every row; can be called again, and then counts again."""
        self._begin()
        for at, part in enumerate(self._parts):
            for decoded in part.chunks():
                self._note_rejected(decoded)
                kept = self._kept(decoded, part)
                yield kept
                self._rows[at] += sum(1 for row in kept.rows if row.roles & Role.FEATURES)
                self._progress(sum(self._rows))

    def origins(self) -> tuple[Origin, ...]:
        """What was read, with the rows that were of use."""
        return tuple(
            Origin(kind=part.kind, name=part.name, rows=rows)
            for part, rows in zip(self._parts, self._rows, strict=True)
        )

    @property
    def only_model(self) -> str | None:
        """The model that events name."""
        return next(iter(self._named), None)

    def nothing(self) -> str:
        """Where there is no row with features, and what there is instead."""
        of = f" of the model {self._model!r}" if self._model else ""
        of += f" of version {self._version!r}" if self._version else ""
        found = [f"{self.rejected.total():,} rows could not be read"]
        if self.other_versions:
            found.append(f"{self.other_versions:,} are of other versions")
        where = ", ".join(part.where for part in self._parts)
        return f"{where}: no row with features{of} ({', '.join(found)})"

    def _begin(self) -> None:
        self._rows = [0] * len(self._parts)
        self.rejected: Counter[Reason] = Counter()
        self.first_rejected: str | None = None
        self.other_versions = 0

    def _note_rejected(self, decoded: Decoded) -> None:
        if decoded.rejected and self.first_rejected is None:
            first = decoded.rejected[0]
            self.first_rejected = f"row {first.record.offset} of {decoded.source.topic}: {first.detail}"
        self.rejected.update(bad.reason for bad in decoded.rejected)

    def _kept(self, decoded: Decoded, part: Part) -> Decoded:
        """The rows that are of the model and the version."""
        if part.named and self._model is None:
            self._named.update(row.model for row in decoded.rows)
            if len(self._named) > 1:
                named = ", ".join(sorted(self._named)[:10])
                raise StreamMonitorError(
                    f"{part.where}: the events are of several models ({named}); choose one with --model"
                )
        elif part.named:
            decoded = chosen(decoded, lambda row: row.model == self._model)
        if self._version is None:
            return decoded
        kept = chosen(decoded, lambda row: row.version in {None, self._version})
        self.other_versions += len(decoded.rows) - len(kept.rows)
        return kept


def chosen(decoded: Decoded, wanted: Callable[[Row], bool]) -> Decoded:
    """The same with those rows only that are wanted."""
    at = [place for place, row in enumerate(decoded.rows) if wanted(row)]
    if len(at) == len(decoded.rows):
        return decoded
    return replace(
        decoded,
        rows=[decoded.rows[place] for place in at],
        offsets=[decoded.offsets[place] for place in at],
        items=[decoded.items[place] for place in at],
    )
