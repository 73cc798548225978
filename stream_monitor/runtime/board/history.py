"""History of a model: rows, series and performance by time, a fold of the records of the history topic.

Increments of equal starts are added up. 24 hours are kept in minutes and 7 days in quarters of an hour; where the monitor
counted in coarser buckets (a replay of years in a second) both spans are as much longer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np

from stream_monitor.core.history import ModelHistory, PerformanceHistory, SeriesHistory
from stream_monitor.core.reference_status import ReferenceStatus, SeriesReference
from stream_monitor.runtime.board.answers import Bucket, CurrentShares, Quantiles, Told
from stream_monitor.runtime.board.buckets import Buckets
from stream_monitor.runtime.board.distances import js_distances, quantiles

MINUTE_MS: Final = 60_000
COARSER: Final = 15  # fine buckets become one
SHOWN: Final = 60  # buckets of a sparkline
MAX_ERAS: Final = 4
MAX_POINTS: Final = 2_000
MAX_VERSIONS: Final = 50
_FIXED: Final = 2  # columns before the counts: values, unusable

Scores: TypeAlias = tuple[float | None, ...]
SeriesKey: TypeAlias = tuple[str, str | None, str | None]
"""Series, version, segment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """How much is kept, in minutes: in fine buckets, and in all."""

    fine: int = 24 * 60
    kept: int = 7 * 24 * 60

    def halved(self) -> "Spans":
        """For when memory is short; never less than an hour."""
        return Spans(fine=max(60, self.fine // 2), kept=max(60, self.kept // 2))


class Stretch(NamedTuple):
    """`number` buckets of `width` ms from `first` on, ms UTC."""

    first: int
    width: int
    number: int

    @property
    def starts(self) -> range:
        """Of the buckets."""
        return range(self.first, self.first + self.width * self.number, self.width)


@dataclass(slots=True)
class SeriesLedger:
    """One series: counts against each of its latest references, by the reference's id. known: those whose shares are known."""

    eras: dict[str, Buckets] = field(default_factory=dict)
    known: dict[str, SeriesReference] = field(default_factory=dict)
    reference: SeriesReference | None = None  # in force

    def refer(self, reference: SeriesReference) -> None:
        """This is normal from now on."""
        self.reference = reference
        self.known.pop(reference.id, None)
        self.known[reference.id] = reference
        while len(self.known) > MAX_ERAS:
            del self.known[next(iter(self.known))]

    def take(self, starts: Sequence[int], record: SeriesHistory) -> None:
        """Add an increment. Raises ValueError where its parts do not fit."""
        groups = len(record.counts[0]) if record.counts else 0
        era = self.eras.get(record.reference)
        if era is None:
            if not record.at:
                return
            era = self.eras[record.reference] = Buckets(_FIXED + groups)
            while len(self.eras) > MAX_ERAS:
                del self.eras[next(iter(self.eras))]
        told = zip(record.at, record.values, record.unusable, record.counts, strict=True)
        last = len(record.at) - 1
        for place, (at, values, unusable, counts) in enumerate(told):
            era.add(starts[at], (values, unusable, *counts), record.evidence if place == last else None)

    @property
    def cells(self) -> int:
        """Of memory."""
        return sum(era.cells for era in self.eras.values())

    def thin(self, *, before: int, width: int, oldest: int) -> None:
        """Make what lies before `before` coarser, forget what lies before `oldest`."""
        for era in self.eras.values():
            era.thin(before=before, width=width, oldest=oldest)
        self.eras = {name: era for name, era in self.eras.items() if len(era)}

    def scores(self, stretch: Stretch) -> Scores:
        """Distance to the reference by bucket; None where there are no values, or their reference is not known any more."""
        return scores([self], stretch)[0]

    def counted(
        self, stretch: Stretch
    ) -> Iterator[tuple[SeriesReference, "np.ndarray[Any, np.dtype[np.uint32]]"]]:
        """Counts (buckets, groups) against each reference that is known, with it."""
        for name, era in self.eras.items():
            reference = self.known.get(name)
            if reference is not None and len(reference.shares) == era.columns - _FIXED:
                yield reference, era.resampled(*stretch)[0][:, _FIXED:]

    def buckets(self, stretch: Stretch) -> tuple[Bucket, ...]:
        """Everything by bucket; those without values are left out."""
        in_force = None if self.reference is None else self.reference.id
        number = stretch.number
        values, unusable = np.zeros(number, np.int64), np.zeros(number, np.int64)
        peaks, counts = np.full(number, np.nan, np.float32), None
        for name, era in self.eras.items():
            sums, era_peaks = era.resampled(*stretch)
            values += sums[:, 0]
            unusable += sums[:, 1]
            peaks = np.fmax(peaks, era_peaks)
            if name == in_force:
                counts = sums[:, _FIXED:]
        scores, evidence = self.scores(stretch), _optional(peaks)
        edges = None if self.reference is None else self.reference.edges
        found = []
        for at, start in enumerate(stretch.starts):
            if values[at] + unusable[at] == 0:
                continue
            own: tuple[int, ...] = () if counts is None else tuple(counts[at].tolist())
            told = quantiles(own, edges) if edges and sum(own) else None
            found.append(
                Bucket(
                    start=start,
                    values=int(values[at]),
                    unusable=int(unusable[at]),
                    counts=own,
                    score=scores[at],
                    evidence=evidence[at],
                    quantiles=None if told is None else Quantiles(p10=told[0], p50=told[1], p90=told[2]),
                )
            )
        return tuple(found)

    def current(self, stretch: Stretch) -> CurrentShares | None:
        """Shares of all values in the stretch by group of the reference in force; None without any."""
        era = None if self.reference is None else self.eras.get(self.reference.id)
        if era is None:
            return None
        sums, _ = era.resampled(stretch.first, stretch.width * stretch.number, 1)
        counts = sums[0, _FIXED:]
        total = int(counts.sum())
        return CurrentShares(shares=tuple((counts / total).tolist()), values=total) if total else None


class Points(NamedTuple):
    """Performance at one time."""

    time: int
    told: PerformanceHistory


@dataclass(slots=True)
class ModelLedger:
    """Everything that the history of one model says. as_of: latest event time; width: of its latest buckets, ms."""

    as_of: int = 0
    width: int = MINUTE_MS
    rows: Buckets = field(default_factory=lambda: Buckets(1))
    series: dict[SeriesKey, SeriesLedger] = field(default_factory=dict)
    performance: dict[str | None, list[Points]] = field(default_factory=dict)
    _thinned: int = 0

    def refer(self, status: ReferenceStatus) -> None:
        """What is normal from now on; series without a reference lose theirs."""
        named = {(one.series, one.version, one.segment): one for one in status.series}
        for key, ledger in self.series.items():
            if key not in named:
                ledger.reference = None
        for key, reference in named.items():
            self.series.setdefault(key, SeriesLedger()).refer(reference)

    def take(self, record: ModelHistory, spans: Spans) -> None:
        """Add an increment. Raises ValueError, IndexError or OverflowError where its parts do not fit."""
        self.as_of = max(self.as_of, record.as_of)
        self.width = record.width
        if record.rows:
            for start, rows in zip(record.starts, record.rows, strict=True):
                self.rows.add(start, (rows,))
        for one in record.series:
            key = (one.series, one.version, one.segment)
            self.series.setdefault(key, SeriesLedger()).take(record.starts, one)
        for told in record.performance:
            self._add_points(Points(record.as_of, told))
        if self.as_of - self._thinned >= COARSER * self.width:
            self.thin(spans)

    @property
    def cells(self) -> int:
        """Of memory."""
        return self.rows.cells + sum(ledger.cells for ledger in self.series.values())

    def thin(self, spans: Spans) -> None:
        """Make old buckets coarser, forget older ones; series of which nothing is left go, too."""
        self._thinned = self.as_of
        before, oldest = self.as_of - spans.fine * self.width, self.as_of - spans.kept * self.width
        coarse = COARSER * self.width
        self.rows.thin(before=before, width=coarse, oldest=oldest)
        for ledger in self.series.values():
            ledger.thin(before=before, width=coarse, oldest=oldest)
        self.series = {key: one for key, one in self.series.items() if one.eras or one.reference is not None}

    def stretch(self, start: int | None, end: int | None, buckets: int) -> Stretch:
        """At most `buckets` of a whole multiple of the width; all that is kept in minutes if no time is given."""
        last = self.as_of // self.width * self.width + self.width if end is None else end
        if start is None:
            first_kept = int(self.rows.starts[0]) if len(self.rows) else last - self.width
            start = max(first_kept, last - Spans().fine * self.width)
        first = start // self.width * self.width
        wanted = max(1, -(-(last - first) // self.width))
        each = -(-wanted // max(1, buckets))
        return Stretch(first, each * self.width, -(-wanted // each))

    def recent(self) -> Stretch:
        """The last 60 buckets: an hour where they are minutes."""
        last = self.as_of // self.width * self.width
        return Stretch(last - (SHOWN - 1) * self.width, self.width, SHOWN)

    def scores(self, stretch: Stretch, only: SeriesKey | None = None) -> dict[SeriesKey, Scores]:
        """Of every series, or of one, by bucket."""
        found = {key: one for key, one in self.series.items() if only in (None, key)}
        return dict(zip(found, scores(list(found.values()), stretch), strict=True))

    def row_counts(self) -> tuple[int, ...]:
        """Rows of the last 60 buckets."""
        if not len(self.rows):
            return ()
        sums, _ = self.rows.resampled(*self.recent())
        return tuple(sums[:, 0].tolist())

    def figures(self, version: str | None, start: int | None, end: int | None) -> dict[str, tuple[Told, ...]]:
        """Figures of a version by name, each over time, with what was estimated without labels."""
        found: dict[str, list[Told]] = {}
        for time, told in self.performance.get(version, ()):
            if (start is not None and time < start) or (end is not None and time >= end):
                continue
            for name in dict.fromkeys([*told.figures, *told.estimate]):
                value, low, high = told.figures.get(name, (None, None, None))
                estimate = told.estimate.get(name, (None, None, None))[0]
                found.setdefault(name, []).append((time, value, low, high, estimate))
        return {name: tuple(points) for name, points in found.items()}

    def _add_points(self, one: Points) -> None:
        points = self.performance.setdefault(one.told.version, [])
        points.append(one)
        if len(points) > MAX_POINTS:  # the older half at half the resolution
            middle = len(points) // 2
            points[:middle] = points[:middle:2]
        if len(self.performance) > MAX_VERSIONS:
            del self.performance[next(iter(self.performance))]


def scores(series: Sequence[SeriesLedger], stretch: Stretch) -> list[Scores]:
    """Of each series, by bucket: worked out together, as one by one the calls would cost more than the sums.

    Where a bucket was counted against several references, the one with most values counts.
    """
    counted = [(at, *found) for at, one in enumerate(series) for found in one.counted(stretch)]
    merged = np.full((len(series), stretch.number), np.nan)
    if counted:
        groups = max(len(reference.shares) for _, reference, _ in counted)
        counts = np.zeros((len(counted), stretch.number, groups), np.uint32)
        shares, sizes = np.zeros((len(counted), 1, groups)), np.ones((len(counted), 1))
        for at, (_, reference, own) in enumerate(counted):
            counts[at, :, : own.shape[1]] = own
            shares[at, 0, : own.shape[1]] = reference.shares
            sizes[at] = reference.size
        rows = len(counted) * stretch.number
        told = js_distances(
            counts.reshape(rows, groups),
            np.broadcast_to(shares, counts.shape).reshape(rows, groups),
            np.broadcast_to(sizes, counts.shape[:2]).reshape(rows),
        ).reshape(counts.shape[:2])
        values = counts.sum(axis=2, dtype=np.int64)
        heaviest = np.zeros(merged.shape, np.int64)
        for at, (row, _, _) in enumerate(counted):
            heavier = values[at] > heaviest[row]
            merged[row, heavier], heaviest[row, heavier] = told[at, heavier], values[at, heavier]
    return [_optional(row) for row in merged]


def _optional(values: "np.ndarray[tuple[int], np.dtype[np.floating]]") -> tuple[float | None, ...]:
    """Rounded to what is worth sending; None for NaN."""
    rounded = np.round(values.astype(np.float64), 4).tolist()
    return tuple([None if value != value else value for value in rounded])  # noqa: PLR0124 (only NaN differs from itself)
