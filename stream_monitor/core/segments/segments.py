"""The segments of one model: where each row belongs, and the series that are made of the rows of one segment.

A row's places are told by its own features, or by those of the last event with features of the same id. They wait with the
prediction for its label as one small cell, six bits a slicing, so that a pair knows them whenever its label comes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import FEATURE, Cell, Column, ColumnBatch, Columns
from stream_monitor.core.detector import Plain
from stream_monitor.core.events import Role
from stream_monitor.core.fields import Fields
from stream_monitor.core.join.joined import Joined
from stream_monitor.core.join.keys import keys_of
from stream_monitor.core.outcomes import Outcomes
from stream_monitor.core.parameters import OutcomeParameters
from stream_monitor.core.performance.columns import LABEL, PREDICTION
from stream_monitor.core.performance.errors import ERROR, error_column
from stream_monitor.core.segments.parameters import SegmentParameters, Slicing
from stream_monitor.core.segments.performance import SegmentPerformance, dump_versions, load_versions
from stream_monitor.core.segments.placing import NOWHERE, PLACES, Places, Placing
from stream_monitor.core.segments.recent import Recent, Told
from stream_monitor.core.series import SeriesKey, SeriesSlice
from stream_monitor.core.snapshot import digest

_BITS: Final = 6


class Placed(NamedTuple):
    """A batch with the places of its rows. packed: (n,). batch: with them as a column, where any are known."""

    batch: ColumnBatch
    packed: Places


class Segments:
    """Slices rows and pairs. Cost: ~0.1 µs a row and slicing, ~20 µs a batch and segment."""

    def __init__(self, parameters: SegmentParameters) -> None:
        self.parameters = parameters
        self.placings = [Placing(slicing) for slicing in parameters.all]
        self.predictions: dict[str, int] = {}  # by segment
        self.versions: dict[str | None, SegmentPerformance] = {}
        self.pairs: Places = np.zeros(0, np.int64)  # packed, of the pairs of the last batch
        self._recent = Recent()
        self._digest = digest([[s.name, list(s.edges), list(s.values), s.most] for s in parameters.all])
        self._by_feature = [p for p in self.placings if p.slicing.feature is not None]

    @property
    def column(self) -> str:
        """Name of the column of places; another configuration has another one, so that what waits is never misread."""
        return f"segments:{self._digest}"

    def kept(self, parameters: OutcomeParameters) -> OutcomeParameters:
        """With the places kept beside what waits for its label."""
        if not self._by_feature:
            return parameters
        return replace(parameters, join=replace(parameters.join, kept=(*parameters.join.kept, self.column)))

    # ------------------------------------------------------------------------------------------------ rows

    def place(self, batch: ColumnBatch, first_row: int) -> Placed:
        """Say where each row of `batch`, the first with the ordinal `first_row`, belongs."""
        if not self._by_feature:
            return Placed(batch, np.zeros(len(batch), np.int64))
        packed = self._own(batch)
        predicts = (batch.roles & Role.PREDICTION) != 0
        apart = np.flatnonzero(~predicts & (packed != 0))
        self._recent.add(Told(_keys(batch, apart), first_row + apart, packed[apart]))
        packed = self._completed(packed, batch, np.flatnonzero(predicts), first_row)
        if not packed.any():
            return Placed(batch, packed)
        codes = np.where(packed != 0, Cell.NUMBER, Cell.NONE).astype(np.uint8)
        column = Column(values=packed.astype(np.float64), codes=codes)
        columns = Columns.of({**batch.columns, self.column: column}, len(batch))
        return Placed(replace(batch, columns=columns), packed)

    def _own(self, batch: ColumnBatch) -> Places:
        """Packed places as the rows' own features tell them."""
        packed = np.zeros(len(batch), np.int64)
        for at, placing in enumerate(self._by_feature):
            column = batch.columns.get(placing.slicing.column)
            if column is not None:
                packed |= placing.of(column) << (_BITS * at)
        return packed

    def _completed(self, packed: Places, batch: ColumnBatch, at: NDArray[np.intp], first_row: int) -> Places:
        """What the rows at the positions `at` (k,) do not tell themselves, from other events of their id."""
        here = at[~self._all_known(packed[at])]
        if len(here) == 0 or self._recent.is_empty:
            return packed
        known = self._recent.of(_keys(batch, here), first_row + here)
        packed = packed.copy()
        packed[here] = _filled(packed[here], known, len(self._by_feature))
        return packed

    def _all_known(self, packed: Places) -> NDArray[np.bool_]:
        known = np.ones(len(packed), np.bool_)
        for at in range(len(self._by_feature)):
            known &= _unpacked(packed, at) != NOWHERE
        return known

    # ------------------------------------------------------------------------------------------------ series

    def observe(self, placed: Placed, first_row: int, outcomes: Outcomes) -> Sequence[SeriesSlice]:
        """Series of the segments of the rows placed, and of the pairs that `outcomes` has made of them."""
        if not self.placings:
            return ()
        joined = outcomes.joined
        self.pairs = np.zeros(0, np.int64) if joined is None else self._pair_places(joined, placed, first_row)
        self._recent.trim()
        found = [*self._of_predictions(placed, first_row), *self._of_features(placed, first_row)]
        found += self._of_pairs(outcomes)
        return sorted(found, key=lambda one: (int(one.rows[0]), one.key.order))

    def _of_predictions(self, placed: Placed, first_row: int) -> Iterator[SeriesSlice]:
        batch = placed.batch
        column = batch.columns.get(PREDICTION)
        if column is None:
            return
        here = np.flatnonzero((column.codes != Cell.NONE) & (placed.packed != 0))
        for version_at, version in enumerate(batch.versions):
            mine = here[batch.version_at[here] == version_at]
            for segment, at in self._sliced(placed.packed, mine):
                self.predictions[segment] = self.predictions.get(segment, 0) + len(at)
                yield _slice(SeriesKey(PREDICTION, version, segment), column, batch, at, first_row)

    def _of_features(self, placed: Placed, first_row: int) -> Iterator[SeriesSlice]:
        batch = placed.batch
        for at, placing in enumerate(self._by_feature):
            places = _unpacked(placed.packed, at)
            for name in placing.slicing.features:
                column = batch.columns.get(FEATURE + name)
                if column is None:
                    continue
                here = np.flatnonzero((column.codes != Cell.NONE) & (places != NOWHERE))
                for place, mine in grouped(places, here):
                    key = SeriesKey(FEATURE + name, None, placing.name(place))
                    yield _slice(key, column, batch, mine, first_row)

    def _sliced(self, packed: Places, here: NDArray[np.intp]) -> Iterator[tuple[str, NDArray[np.intp]]]:
        """By watched segment the positions among `here` that are in it."""
        for at, placing in enumerate(self._by_feature):
            if placing.slicing.watched:
                places = _unpacked(packed, at)
                for place, mine in grouped(places, here[places[here] != NOWHERE]):
                    yield placing.name(place), mine

    def _pair_places(self, joined: Joined, placed: Placed, first_row: int) -> Places:
        """Packed places (k,) of pairs: those that waited with the prediction, else the last told before the pair was complete."""
        column = joined.columns.get(self.column)
        packed = np.zeros(len(joined), np.int64)
        if column is not None:
            packed[column.codes == Cell.NUMBER] = column.values[column.codes == Cell.NUMBER].astype(np.int64)
        missing = np.flatnonzero(~self._all_known(packed))
        if len(missing) and not self._recent.is_empty:
            keys = _keys(placed.batch, joined.rows[missing] - first_row)
            known = self._recent.of(keys, joined.rows[missing])
            packed[missing] = _filled(packed[missing], known, len(self._by_feature))
        return packed

    def _of_pairs(self, outcomes: Outcomes) -> Iterator[SeriesSlice]:
        joined = outcomes.joined
        if joined is None or len(joined) == 0:
            return
        places = np.stack([self._of_pair(placing, joined, self.pairs) for placing in self.placings], axis=1)
        for at, version in enumerate(joined.versions):
            known = outcomes.versions.get(version)
            if known is None or known.window is None:
                continue
            mine = np.flatnonzero((joined.version_at == at) & (joined.rows > known.told))
            if len(mine) == 0:
                continue
            if version not in self.versions:
                self.versions[version] = SegmentPerformance.begin(known.window.task, self.parameters.window)
            yield from self._errors(version, joined, mine, places)

    def _of_pair(self, placing: Placing, joined: Joined, packed: Places) -> Places:
        if placing.slicing.feature is None:
            return placing.of(joined.columns[LABEL])
        return self.places_of(placing, packed)

    def places_of(self, placing: Placing, packed: Places) -> Places:
        """The places of one slicing by a feature, of those packed."""
        return _unpacked(packed, self._by_feature.index(placing))

    def _errors(
        self, version: str | None, joined: Joined, at: NDArray[np.intp], places: Places
    ) -> Iterator[SeriesSlice]:
        performance = self.versions[version]
        scored = performance.score(joined, at, places)
        column = error_column(scored.errors, scored.task.kind)
        for placing, of in zip(self.placings, scored.places.T, strict=True):
            if not placing.slicing.watched:
                continue
            for place, mine in grouped(of, np.flatnonzero(of != NOWHERE)):
                segment = placing.name(place)
                performance.add(segment, scored, mine)
                key = SeriesKey(ERROR, version, segment)
                yield SeriesSlice(key, column.take(mine), scored.rows[mine], scored.times[mine])

    def retire(self, version: str) -> None:
        """A version has ended."""
        self.versions.pop(version, None)

    def slicing_of(self, key: SeriesKey) -> Slicing | None:
        """The slicing that has the series `key`; None if it is not watched."""
        for placing in self.placings:
            slicing = placing.slicing
            watched = {PREDICTION, ERROR, *(FEATURE + name for name in slicing.features)}
            if (
                slicing.watched
                and key.segment is not None
                and key.name in watched
                and placing.has(key.segment)
            ):
                return slicing
        return None

    # ------------------------------------------------------------------------------------------------ state

    def dump(self) -> dict[str, Plain]:
        """Explicit fields."""
        return {
            "digest": self._digest,
            "window": self.parameters.window,
            "placings": [placing.dump() for placing in self.placings],
            "predictions": {name: self.predictions[name] for name in sorted(self.predictions)},
            "recent": self._recent.dump(),
            "versions": dump_versions(self.versions),
        }

    @classmethod
    def load(cls, parameters: SegmentParameters, plain: Plain) -> "Segments":
        """The inverse of `dump`; under another configuration they begin anew. Raises CorruptState."""
        fields = Fields(plain, "segments")
        segments = cls(parameters)
        same = fields.text("digest") == segments._digest and fields.integer("window") == parameters.window
        if not same:
            return segments
        placings = fields.rows("placings")
        if len(placings) != len(segments.placings):
            raise fields.wrong("placings", "not one a slicing")
        for placing, stored in zip(segments.placings, placings, strict=True):
            placing.values = Placing.load(placing.slicing, stored).values
        counts = fields.inside("predictions")
        segments.predictions = {name: counts.integer(name, least=0) for name in counts.names()}
        segments._recent = Recent.load(fields.plain("recent"))
        segments.versions = load_versions(fields.rows("versions"), parameters.window)
        return segments


def grouped(places: Places, here: NDArray[np.intp]) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """By place the positions among `here` that have it, ascending."""
    if len(here) == 0:
        return
    order = np.argsort(places[here], kind="stable")
    ends = np.flatnonzero(np.diff(places[here][order])) + 1
    for mine in np.split(here[order], ends):
        yield int(places[mine[0]]), mine


def _unpacked(packed: Places, at: int) -> Places:
    return (packed >> (_BITS * at)) & (PLACES - 1)


def _filled(packed: Places, known: Places, slicings: int) -> Places:
    """With what is known where nothing was said."""
    for at in range(slicings):
        packed = np.where(
            _unpacked(packed, at) == NOWHERE, packed | (known & ((PLACES - 1) << (_BITS * at))), packed
        )
    return packed


def _keys(batch: ColumnBatch, at: NDArray[np.intp]) -> NDArray[np.uint64]:
    return keys_of(batch.ids.take(at).texts())


def _slice(
    key: SeriesKey, column: Column, batch: ColumnBatch, at: NDArray[np.intp], first_row: int
) -> SeriesSlice:
    return SeriesSlice(key, column.take(at), first_row + at.astype(np.int64), batch.times[at])
