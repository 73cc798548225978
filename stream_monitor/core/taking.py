"""How the cells of a part of the stream come to the series of a model: what series have in common is done once for all of them.

Columns with cells of the same codes share a pattern. Series in step close their blocks together, and blocks under lenses of one
form are summed up together, as one matrix. A series that is out of step is a group of one: the same way, and the same bits.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import FEATURE, Cell, Column, ColumnBatch, cell_of_absence
from stream_monitor.core.blocks import Closed, close
from stream_monitor.core.cells import LARGEST, Values
from stream_monitor.core.derived.quality_counts import UNSEEN, WRONG_KIND
from stream_monitor.core.derived.screen import Found
from stream_monitor.core.detector import FloatArray, Kind
from stream_monitor.core.pattern import Pattern, Usable, indicator_of
from stream_monitor.core.series import MISSING, SeriesKey, SeriesSlice
from stream_monitor.core.series_monitor import SeriesMonitor, Taken
from stream_monitor.core.standardise import Lens
from stream_monitor.core.summaries import Summed, summaries_of
from stream_monitor.core.untested import Untested, elapsed_of, joined
from stream_monitor.core.window import Summary

_AT_ONCE: Final = (
    12 << 10
)  # values that are summed up in one go: in cache, and arrays that malloc has at hand (< 128 kB)


class Cells(NamedTuple):
    """Those of one series: `column` (n,) is as `pattern` says."""

    monitor: SeriesMonitor
    column: Column
    pattern: Pattern


class Took(NamedTuple):
    """What series made of their cells. usable: of each. faults: where they are looked for, in its column."""

    taken: dict[SeriesKey, Taken]
    usable: dict[SeriesKey, Usable]
    faults: list[tuple[Cells, Found]]
    summed: list[Summed]


class _Values(NamedTuple):
    """Of one series. numbers: (k,) of the usable cells. shared: they follow from the pattern."""

    monitor: SeriesMonitor
    lens: Lens
    usable: Usable
    numbers: FloatArray
    shared: bool = False


class _Full(NamedTuple):
    """Blocks that one series closed. numbers: (m, BLOCK). level: that of all of them, where that is seen at a glance."""

    monitor: SeriesMonitor
    lens: Lens
    numbers: FloatArray
    level: float | None
    closed: Closed
    elapsed: NDArray[np.int64]


def take(cells: Iterable[Cells]) -> Took:
    """Give series their cells, each series once. `SeriesMonitor.decide` must follow for all in `taken`.

    Cost: ~30 ns a number of series in step, ~10 µs a series; ~50 µs more for each that is out of step.
    """
    took = Took({}, {}, [], [])
    rehearsals: dict[SeriesKey, Untested] = {}
    in_step: dict[Hashable, list[_Values]] = {}
    for one in cells:
        values = _values(one, took, rehearsals)
        if values is not None:
            in_step.setdefault(_step(values), []).append(values)
    alike: dict[Hashable, list[_Full]] = {}
    for group in in_step.values():
        for full in _closed(group):
            key = full.lens.form, len(full.numbers), full.level is not None
            alike.setdefault(key, []).append(full)
    for fulls in alike.values():
        step = max(1, _AT_ONCE // (1 if fulls[0].level is not None else fulls[0].numbers.size))
        for begin in range(0, len(fulls), step):
            _sum_up(fulls[begin : begin + step], took)
    for series, rehearsal in rehearsals.items():
        taken = took.taken.get(series, Taken())
        untested = rehearsal if taken.untested is None else joined(rehearsal, taken.untested)
        took.taken[series] = taken._replace(untested=untested)
    return took


def _values(one: Cells, took: Took, rehearsals: dict[SeriesKey, Untested]) -> _Values | None:
    """What the series makes of its cells, counted; None while it warms up, and of what is only counted."""
    monitor, column, pattern = one
    monitor.quality += pattern.counts
    used, lens = 0, monitor.lens
    if lens is None:
        used, rehearsal = monitor.learn(column, pattern.times)
        if rehearsal is not None:
            rehearsals[monitor.key] = rehearsal
        lens = monitor.lens
        if lens is None:
            took.usable[monitor.key] = pattern.present
            _screen(one, None, used, took)
            return None
        column, pattern = column.slice(used, len(column.codes)), pattern.after(used)
    values = _usable(monitor, lens, column, pattern)
    usable = values.usable
    took.usable[monitor.key] = usable if used == 0 else one.pattern.usable_after(used, usable)
    if usable.wrong:
        monitor.quality[WRONG_KIND] += usable.wrong
    _screen(one, values, used, took)
    if lens.kind is Kind.IDENTIFIER:
        return None
    if lens.kind is Kind.CATEGORICAL:
        monitor.quality[UNSEEN] += int((values.numbers == lens.bins - 1).sum())
    return values


def _usable(monitor: SeriesMonitor, lens: Lens, column: Column, pattern: Pattern) -> _Values:
    """The values of a series of the kind of `lens`; see `cells.values_of`."""
    if lens.kind is Kind.NUMERIC:
        return _Values(monitor, lens, pattern.numbers, pattern.numbers.of(column.values))
    if lens.kind is Kind.BOOLEAN and not pattern.has_numbers:
        return _Values(monitor, lens, pattern.truths, pattern.truth_values, shared=True)
    mask, numbers = lens.values(column)
    if lens.kind is not Kind.BOOLEAN:
        return _Values(monitor, lens, pattern.present, numbers)
    usable = pattern.truths if len(numbers) == len(pattern.truths.at) else Usable(pattern, mask)
    return _Values(monitor, lens, usable, numbers)


def _screen(one: Cells, values: _Values | None, used: int, took: Took) -> None:
    """Look for faults, where that is wanted."""
    if one.monitor.screen is None:
        return
    seen = None
    if values is not None:
        seen = Values(values.usable.mask, np.clip(values.numbers, -LARGEST, LARGEST))
    found = one.monitor.screened(one.column, seen, used)
    if found:
        took.faults.append((one, found))


def _step(values: _Values) -> Hashable:
    """The same for series in step."""
    monitor = values.monitor
    waiting = monitor.blocks.numbers.tobytes() if values.shared else None
    return id(values.usable), monitor.blocks.step, monitor.begun, values.lens.kind, waiting


def _closed(group: Sequence[_Values]) -> Iterator[_Full]:
    """The blocks that series in step close."""
    first = group[0]
    numbers = [one.numbers for one in (group[:1] if first.shared else group)]
    closed = close([one.monitor.blocks for one in group], first.usable, numbers)
    if closed is None:
        return
    begun, elapsed = elapsed_of(closed, first.monitor.begun)
    level = None
    if first.shared and (closed.numbers == closed.numbers[0, 0, 0]).all():
        level = float(closed.numbers[0, 0, 0])
    for at, (monitor, lens, *_) in enumerate(group):
        if monitor.tested:
            monitor.begun = begun
        yield _Full(monitor, lens, closed.numbers[0 if first.shared else at], level, closed, elapsed)


def _sum_up(fulls: Sequence[_Full], took: Took) -> None:
    """Put the same number of blocks of series, through lenses of one form, into their windows and before their detectors."""
    m = len(fulls[0].numbers)
    constant = fulls[0].level is not None
    numbers = np.stack([one.numbers[:1] if constant else one.numbers for one in fulls])
    sums = summaries_of([one.lens for one in fulls], numbers)
    if constant:
        sums = sums.repeated(m)
    for at, (monitor, lens, values, level, closed, elapsed) in enumerate(fulls):
        summary = Summary(
            counts=sums.counts[at, :, : lens.bins],
            views=sums.views[at],
            moments=sums.moments[at],
            rows=closed.row_ends,
            times=closed.time_ends,
            unusable=closed.unusable,
        )
        blocks = Untested(
            values if level is None else level, closed.times, closed.rows[:, 0], elapsed, learned=0
        )
        took.taken[monitor.key] = monitor.take(summary, blocks)
    took.summed.append(
        Summed(
            [one.monitor.key for one in fulls],
            [one.lens for one in fulls],
            np.stack([one.closed.time_ends[:, 1] for one in fulls]),
            np.stack([one.closed.unusable for one in fulls]),
            sums.counts,
        )
    )


# ---------------------------------------------------------------------------------------------------- cells


def cells_of(
    series: Mapping[SeriesKey, SeriesMonitor],
    batch: ColumnBatch,
    rows: NDArray[np.int64],
    begins: Mapping[SeriesKey, int],
) -> Iterator[Cells]:
    """What the rows (n,) of `batch` hold of series that they carry as columns. begins: the first cell of those that are new."""
    located: dict[tuple[bytes, int], tuple[Pattern, NDArray[np.intp] | None] | None] = {}
    codes, stamp = np.zeros(0, np.uint8), b""
    for key, monitor in series.items():
        if key.segment is not None or key.name.startswith(MISSING):
            continue
        column = _column_of(key, batch)
        if column is None:
            continue
        if column.codes is not codes:  # columns of nothing but numbers share theirs
            codes, stamp = column.codes, column.codes.tobytes()
        where = stamp, begins.get(key, 0)
        if where not in located:
            located[where] = _located(column.codes, batch, rows, where[1])
        found = located[where]
        if found is not None:
            pattern, at = found
            yield Cells(monitor, column if at is None else column.take(at), pattern)


def indicators_of(
    series: Mapping[SeriesKey, SeriesMonitor], usable: Mapping[SeriesKey, Usable]
) -> Iterator[Cells]:
    """The missing indicators of features whose cells were usable or not."""
    made: dict[tuple[bytes, int], tuple[Column, Pattern]] = {}
    for key, of in usable.items():
        if not key.name.startswith(FEATURE) or key.segment is not None:
            continue
        monitor = series.get(SeriesKey(MISSING + key.name.removeprefix(FEATURE), None))
        if monitor is not None:
            if of.same not in made:
                made[of.same] = indicator_of(of)
            yield Cells(monitor, *made[of.same])


def cells_of_slices(
    series: Mapping[SeriesKey, SeriesMonitor], slices: Iterable[SeriesSlice]
) -> Iterator[Cells]:
    """Those of series that are watched."""
    for key, column, rows, times in slices:
        if key in series:
            yield Cells(series[key], column, Pattern(column.codes, rows, times))


def _column_of(key: SeriesKey, batch: ColumnBatch) -> Column | None:
    """The cells of a series in `batch`; None if it has none there."""
    column = batch.columns.get(key.name)
    if key.name.startswith(FEATURE):
        codes = None if column is not None else cell_of_absence(key.name, batch.roles)
        return column if codes is None else Column(values=np.zeros(len(codes)), codes=codes)
    if column is None or key.version not in batch.versions:
        return None
    if len(batch.versions) == 1:
        return column
    mine = batch.version_at == batch.versions.index(key.version)
    codes = np.where(mine, column.codes, np.uint8(Cell.NONE))
    return Column(values=column.values, codes=codes, texts=column.texts)


def _located(
    codes: NDArray[np.uint8], batch: ColumnBatch, rows: NDArray[np.int64], begin: int
) -> tuple[Pattern, NDArray[np.intp] | None] | None:
    """The pattern of the cells from `begin` on that are not NONE, and where they are, if not everywhere. None: nowhere."""
    at = np.flatnonzero(codes[begin:] != Cell.NONE) + begin
    if len(at) == 0:
        return None
    if len(at) == len(rows):
        return Pattern(codes, rows, batch.times), None
    return Pattern(codes[at], rows[at], batch.times[at]), at
