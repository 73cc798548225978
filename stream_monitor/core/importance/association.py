"""How strongly each feature goes with what the model puts out, learned from a sample of the stream: the estimated importance.

Association, no cause. Of every feature a table of counts is kept, its groups by those of the output. From time to time, and
always at the same rows, a table is closed: what is left of it is one number, the information in it beyond chance. The median of
the last few is what counts: it follows a model that learns, and one table that a drift runs through does not make its features
important. Knows nothing of drifts and alerts.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import FEATURE, ColumnBatch
from stream_monitor.core.detector import Plain
from stream_monitor.core.events import Role
from stream_monitor.core.fields import Fields
from stream_monitor.core.importance.apart import Apart, Pairs, Told
from stream_monitor.core.importance.coding import (
    MISSING,
    NOTHING,
    OTHER,
    OUTPUTS,
    VALUES,
    FeatureCoding,
    Groups,
    OutputCoding,
    lens_of,
    stamp_of,
)
from stream_monitor.core.importance.information import beyond_chance, correlation
from stream_monitor.core.importance.tables import CELLS, Closed, Tables
from stream_monitor.core.performance.columns import PREDICTION, PROBABILITY
from stream_monitor.core.plain import plain_of, value_of
from stream_monitor.core.series import SeriesKey
from stream_monitor.core.series_monitor import SeriesMonitor
from stream_monitor.core.standardise import Lens

FEATURES: Final = 500  # with tables: 0.5 kB of snapshot each
_BEYOND: Final = (
    5.0  # standard errors under independence: something is there, however many features there are
)
_VISIBLE: Final = 2.0  # a feature with less weighs nothing
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_TOGETHER: Final = np.uint64(2**64 // 8)  # rows with features and prediction: one of 8 is sampled
_APART: Final = np.uint64(2**64 // 16)  # rows with either: of what is sampled the other one has to be found
_EAGER: Final = 65_536  # rows of a model after which half as many are enough


class Stamps(NamedTuple):
    """What the coding of the output of a version hangs on: as `stamp_of`, None for what has no part in it."""

    version: str | None
    prediction: str | None
    probability: str | None


class Association:
    """The features and outputs of one model. Cost: ~10 ns a row and feature; nothing where nothing is predicted.

    series: of the model, at all times.
    """

    def __init__(self, series: Mapping[SeriesKey, SeriesMonitor]) -> None:
        self._series = series
        self._features: dict[str, Tables] = {}
        self._coded: list[tuple[str, Tables, FeatureCoding]] = []
        self._outputs: dict[str | None, OutputCoding] = {}
        self._classes: list[str] = []
        self._apart = Apart()
        self._stored: Sequence[Stamps] | None = None  # of a snapshot, not yet matched with the series

    def weights(self) -> Mapping[str, float]:
        """By feature (`amount`) its importance, the largest 1; empty while no feature goes visibly with the output.

        It is the size of the correlation that tells as much: where the relation is linear, an effect in standard deviations times
        that is how far the feature moved the output.
        """
        names = [name for name, one in self._features.items() if one.closed]
        if not names:
            return {}
        known = np.array([self._features[name].known for name in names])
        information, error = known[:, 0], known[:, 1]
        if not (information > _BEYOND * error).any():
            return {}
        sizes = correlation(np.where(information > _VISIBLE * error, information, 0.0))
        return dict(zip(names, (sizes / sizes.max()).tolist(), strict=True))

    # ------------------------------------------------------------------------------------------------ rows

    def observe(self, batch: ColumnBatch, first_row: int) -> None:
        """Count the sample of the rows of `batch`, the first with the ordinal `first_row`."""
        if self._stored is not None:
            self._recognise(self._stored)
        if not self._coded or not self._outputs:
            return
        told, said = (batch.roles & Role.FEATURES) != 0, (batch.roles & Role.PREDICTION) != 0
        both = np.flatnonzero(told & said)
        both = both[_sampled(first_row + both, _TOGETHER)]
        if len(both):
            self._count(Pairs(self._features_of(batch, both), self._outputs_of(batch, both)))
        apart = np.flatnonzero(told ^ said)
        if len(apart):
            self._count(self._apart.pair(self._told(batch, apart, first_row)))

    def _told(self, batch: ColumnBatch, apart: NDArray[np.intp], first_row: int) -> Told:
        """What the rows at (k,), with features or with a prediction, tell that concerns the sample."""
        texts = batch.ids.texts()
        at = self._apart.concerned(texts, apart, _sampled(first_row + apart, _APART))
        outputs = self._outputs_of(batch, at)
        told = (batch.roles[at] & Role.FEATURES) != 0
        outputs[told] = NOTHING
        here = told | (outputs != NOTHING)
        at, told, outputs = at[here], told[here], outputs[here]
        features = np.full((len(at), len(self._coded)), MISSING, np.uint8)
        features[told] = self._features_of(batch, at[told])
        ids = [texts[one] or "" for one in at.tolist()]
        return Told(ids, _sampled(first_row + at, _APART), features, outputs)

    def _features_of(self, batch: ColumnBatch, at: NDArray[np.intp]) -> Groups:
        """Groups of all features, (k, f), in the rows at (k,)."""
        groups = np.full((len(at), len(self._coded)), MISSING, np.uint8)
        for place, (name, _, coding) in enumerate(self._coded):
            column = batch.columns.get(FEATURE + name)
            if column is not None:
                groups[:, place] = coding.code(column.take(at))
        return groups

    def _outputs_of(self, batch: ColumnBatch, at: NDArray[np.intp]) -> Groups:
        """Groups of what is put out in the rows at (k,)."""
        groups = np.full(len(at), NOTHING, np.uint8)
        for place, version in enumerate(batch.versions):
            coding = self._outputs.get(version)
            if coding is not None:
                mine = np.flatnonzero(batch.version_at[at] == place)
                groups[mine] = coding.code(batch, at[mine])
        return groups

    def _count(self, pairs: Pairs) -> None:
        there = pairs.outputs != NOTHING
        if not there.any():
            return
        cells = pairs.features[there].astype(np.intp) * OUTPUTS + pairs.outputs[there][:, np.newaxis]
        cells += np.arange(len(self._coded)) * CELLS
        counts = np.bincount(cells.ravel(), minlength=len(self._coded) * CELLS).reshape(-1, CELLS)
        for (_, one, _), more in zip(self._coded, counts, strict=True):
            one.counts += more

    # ------------------------------------------------------------------------------------------------ tables

    def end(self) -> None:
        """At a row that no batch decides: close the tables that are full, and go by the references that there are now."""
        due = [one for _, one, _ in self._coded if one.is_due]
        if due:
            full = np.stack([one.counts.reshape(VALUES, OUTPUTS) for one in due])
            for one, *figures in zip(due, *beyond_chance(full), strict=True):
                one.close(Closed(*map(float, figures)))
        self._outputs = {}
        for version in sorted({key.version for key in self._series if _is_output(key)}, key=_none_first):
            coding = OutputCoding.of(*self._lenses(version), self._classes)
            if coding is not None:
                self._outputs[version] = coding
        if self._outputs:  # else nothing is predicted, and no feature needs a table
            self._take_up()

    def _take_up(self) -> None:
        """The features that there are now, and the references that are in force."""
        names = {key.name.removeprefix(FEATURE) for key in self._series if _is_feature(key)}
        kept = [name for name in self._features if name in names]
        kept += sorted(names - self._features.keys())[: max(0, FEATURES - len(kept))]
        self._features = {name: self._features.get(name) or Tables() for name in kept}
        for name, one in self._features.items():
            lens = lens_of(self._series[SeriesKey(FEATURE + name, None)])
            if lens is not (one.coding and one.coding.lens):
                one.begin(None if lens is None else FeatureCoding.of(lens))
        self._use()

    def _use(self) -> None:
        """Code by the codings that the features have now."""
        before = [coding for _, _, coding in self._coded]
        self._coded = [(name, one, one.coding) for name, one in self._features.items() if one.coding]
        if [coding for _, _, coding in self._coded] != before:
            self._apart.forget_features()

    def _lenses(self, version: str | None) -> tuple[Lens | None, Lens | None]:
        """Of the prediction and of the probability of a version."""
        return (
            lens_of(self._series.get(SeriesKey(PREDICTION, version))),
            lens_of(self._series.get(SeriesKey(PROBABILITY, version))),
        )

    # ------------------------------------------------------------------------------------------------ state

    def dump(self) -> dict[str, Plain]:
        """Explicit fields; arrays as little-endian bytes."""
        stored = self._stored
        if stored is None:
            stored = [Stamps(version, *coding.stamps) for version, coding in self._outputs.items()]
        return {
            "features": [one.dump(name) for name, one in self._features.items()],
            "classes": list(self._classes),
            "outputs": [plain_of(one) for one in stored],
            "apart": self._apart.dump(),
        }

    def load(self, plain: Plain) -> None:
        """The inverse of `dump`. Raises CorruptState."""
        fields = Fields(plain, "association")
        loaded = [Tables.load(one) for one in fields.rows("features")]
        self._features = dict(loaded)
        if not len(self._features) == len(loaded) <= FEATURES:
            raise fields.wrong("features", "too many, or not one each")
        self._classes = fields.texts("classes")
        if not len(set(self._classes)) == len(self._classes) <= OTHER:
            raise fields.wrong("classes", "too many, or not one each")
        self._stored = [value_of(Stamps, one) for one in fields.rows("outputs")]
        width = sum(one.stamp is not None for one in self._features.values())
        self._apart = Apart.load(fields.plain("apart"), features=width)

    def _recognise(self, stored: Sequence[Stamps]) -> None:
        """Go on by the references that the snapshot was written by, as far as they are in force still."""
        self._stored = None
        gone = False
        for name, one in self._features.items():
            lens = lens_of(self._series.get(SeriesKey(FEATURE + name, None)))
            if one.stamp is not None and lens is not None and stamp_of(lens) == one.stamp:
                one.coding = FeatureCoding.of(lens)
            elif one.stamp is not None:
                one.begin(None)
                gone = True
        self._coded = [(name, one, one.coding) for name, one in self._features.items() if one.coding]
        if gone:
            self._apart.forget_features()
        for version, *stamps in stored:
            prediction, probability = self._lenses(version)
            of = (prediction if stamps[0] else None), (probability if stamps[1] else None)
            coding = OutputCoding.of(*of, list(self._classes))  # not by what was learned since
            if coding is not None and coding.stamps == tuple(stamps):
                self._outputs[version] = coding


def _sampled(rows: NDArray[np.int64], share: np.uint64) -> NDArray[np.bool_]:
    """Whether each of the rows (k,) is in the sample: `share` of 2^64, later half of that, spread evenly, but so that no period
    in the stream can meet it (multiples of the golden section: Knuth, *The Art of Computer Programming* 3, 6.4).
    """
    below = np.where(rows < _EAGER, share, share // np.uint64(2))
    chosen: NDArray[np.bool_] = rows.astype(np.uint64) * _GOLDEN < below
    return chosen


def _is_feature(key: SeriesKey) -> bool:
    return key.name.startswith(FEATURE) and key.segment is None


def _is_output(key: SeriesKey) -> bool:
    return key.name in (PREDICTION, PROBABILITY) and key.segment is None


def _none_first(version: str | None) -> tuple[bool, str]:
    return version is not None, version or ""
