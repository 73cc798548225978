"""How the cells of a part of the stream come to the series of a model: what series have in common is done once for all of them.

Columns with cells of the same codes share a pattern. Series in step wait and close their blocks together, as one matrix. A series
that is out of step is a group of one: the same way, and the same bits.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import FEATURE, Cell, Column, ColumnBatch, cell_of_absence
from stream_monitor.core.blocks import Closed, Step, Waiting, together
from stream_monitor.core.cells import LARGEST, Values
from stream_monitor.core.derived.quality_counts import UNSEEN, WRONG_KIND
from stream_monitor.core.derived.screen import Found
from stream_monitor.core.detector import FloatArray, Kind
from stream_monitor.core.drift import Fired
from stream_monitor.core.pattern import Pattern, Usable, indicator_of
from stream_monitor.core.sequential.series import Blocks
from stream_monitor.core.series import MISSING, SeriesKey, SeriesSlice
from stream_monitor.core.series_monitor import SeriesMonitor
from stream_monitor.core.standardise import Lens
from stream_monitor.core.summaries import Summed
from stream_monitor.core.watch import Seen
from stream_monitor.core.window import Summary

_NONE: Final = np.uint8(Cell.NONE)


class Cells(NamedTuple):
    """Of series that wait together so far. columns: of each, (n,) as `pattern` says."""

    monitors: list[SeriesMonitor]
    columns: list[Column]
    pattern: Pattern


class Fault(NamedTuple):
    """What is the matter with cells (n,) of a series, which stand in these rows (n,)."""

    monitor: SeriesMonitor
    found: Found
    column: Column
    rows: NDArray[np.int64]


class Full(NamedTuple):
    """Blocks that series in step closed. level: the one number that all of them are, where that is seen at a glance.

    fired: what detectors said, by place of the series and by block.
    """

    monitors: Sequence[SeriesMonitor]
    closed: Closed
    level: float | None
    summary: Summary
    fired: Mapping[int, Mapping[int, Sequence[Fired]]]

    def summed(self) -> Summed:
        """For those who look at the counts of all series at once."""
        keys = [monitor.key for monitor in self.monitors]
        lenses = self.monitors[0].blocks.lenses.each
        return Summed(keys, lenses, self.summary.times[:, 1], self.closed.unusable, self.summary.sums.counts)


class Took(NamedTuple):
    """What series made of their cells. usable: of series that share them. rehearsals: blocks that completed a warm-up, for the
    sequential tests.
    """

    full: list[Full]
    usable: list[tuple[Sequence[SeriesMonitor], Usable]]
    faults: list[Fault]
    rehearsals: dict[SeriesKey, Blocks]


class _Values(NamedTuple):
    """Of series that wait together so far. numbers: (S, k) of the usable cells, or (1, k) if they are the same for all."""

    monitors: Sequence[SeriesMonitor]
    columns: Sequence[Column]
    usable: Usable
    numbers: FloatArray


def take(cells: Iterable[Cells]) -> Took:
    """Give series their cells, each series once.

    Cost: ~15 ns a number, ~3 µs a series, ~50 µs for those in step together.
    """
    took = Took([], [], [], {})
    alike: dict[Hashable, list[_Values]] = {}
    for group in cells:
        for values in _watched(group, took):
            first = values.monitors[0]
            alike.setdefault((id(values.usable), _lens(first).form, first.tested), []).append(values)
    for values in chain.from_iterable(map(_in_step, alike.values())):
        closed = values.monitors[0].blocks.add(values.usable, values.numbers)
        if closed is not None:
            took.full.append(_full(values.monitors, closed))
    return took


# ---------------------------------------------------------------------------------------------------- values


def _watched(group: Cells, took: Took) -> Iterator[_Values]:
    """The values of series that are watched, counted; of what is counted only, none."""
    monitors, columns, pattern = group
    for monitor in monitors:
        monitor.quality += pattern.counts
    used = 0
    if monitors[0].lens is None:  # one that warms up waits alone
        used, rehearsal = monitors[0].learn(columns[0], pattern.times)
        if rehearsal is not None:
            took.rehearsals[monitors[0].key] = rehearsal
        if monitors[0].lens is None:
            took.usable.append((monitors, pattern.present))
            _screen(monitors[0], columns[0], None, pattern, used, took)
            return
    for values in _values(monitors, columns, pattern, used):
        took.usable.append((values.monitors, pattern.usable_after(used, values.usable)))
        _count(values)
        for at, (monitor, column) in enumerate(zip(values.monitors, values.columns, strict=True)):
            if monitor.screen is not None:
                numbers = values.numbers[at if len(values.numbers) > 1 else 0]
                seen = Values(values.usable.mask, np.clip(numbers, -LARGEST, LARGEST))
                _screen(monitor, column, seen, pattern, used, took)
        if _lens(values.monitors[0]).kind is not Kind.IDENTIFIER:
            yield values


def _values(
    monitors: Sequence[SeriesMonitor], whole: Sequence[Column], pattern: Pattern, used: int
) -> Iterator[_Values]:
    """Of series of one kind, in the cells after the first `used`; see `cells.values_of`."""
    columns = whole
    if used:
        columns, pattern = [one.slice(used, len(one.codes)) for one in whole], pattern.after(used)
    kind = _lens(monitors[0]).kind
    if kind is Kind.NUMERIC:
        numbers = np.array([pattern.numbers.of(column.values) for column in columns])
        yield _Values(monitors, whole, pattern.numbers, numbers)
        return
    if kind is Kind.BOOLEAN and not pattern.has_numbers:
        yield _Values(monitors, whole, pattern.truths, pattern.truth_values)
        return
    alike: dict[Usable, list[tuple[SeriesMonitor, Column, FloatArray]]] = {}
    for monitor, column, mine in zip(monitors, columns, whole, strict=True):
        mask, numbers = _lens(monitor).values(column)
        usable = pattern.present
        if kind is Kind.BOOLEAN:
            usable = pattern.truths if len(numbers) == len(pattern.truths.at) else Usable(pattern, mask)
        alike.setdefault(usable, []).append((monitor, mine, numbers))
    for usable, some in alike.items():
        of, theirs, lines = zip(*some, strict=True)
        yield _Values(of, theirs, usable, np.array(lines))


def _count(values: _Values) -> None:
    """What the cells cannot tell without the reference."""
    wrong, kind = values.usable.wrong, _lens(values.monitors[0]).kind
    if wrong:
        for monitor in values.monitors:
            monitor.quality[WRONG_KIND] += wrong
    if kind is Kind.CATEGORICAL:
        for monitor, numbers in zip(values.monitors, values.numbers, strict=True):
            monitor.quality[UNSEEN] += int((numbers == _lens(monitor).bins - 1).sum())


def _screen(
    monitor: SeriesMonitor, column: Column, seen: Values | None, pattern: Pattern, used: int, took: Took
) -> None:
    """Look for faults in the cells of one series."""
    found = monitor.screened(column, seen, used)
    if found:
        took.faults.append(Fault(monitor, found, column, pattern.rows))


# ---------------------------------------------------------------------------------------------------- blocks


def _in_step(alike: Sequence[_Values]) -> Iterator[_Values]:
    """Of series of one form that take the same cells: those that are in step wait together from here on."""
    for monitors, *_ in alike:
        blocks, places = monitors[0].blocks, [monitor.place for monitor in monitors]
        if places != list(range(blocks.series)):  # others took other cells, or came in another order
            _wait(monitors, blocks.of(places))
    if len(alike) == 1:
        yield alike[0]
        return
    groups: dict[Step, list[_Values]] = {}
    for values in alike:
        groups.setdefault(values.monitors[0].blocks.step, []).append(values)
    for group in groups.values():
        if len(group) == 1:
            yield group[0]
            continue
        first = group[0]
        monitors = [monitor for values in group for monitor in values.monitors]
        columns = [column for values in group for column in values.columns]
        numbers = first.numbers
        if any(values.numbers is not numbers for values in group):
            sizes = [(len(values.monitors), values.numbers) for values in group]
            numbers = np.concatenate([np.broadcast_to(n, (many, n.shape[1])) for many, n in sizes])
        _wait(monitors, together([values.monitors[0].blocks for values in group]))
        yield _Values(monitors, columns, first.usable, numbers)


def _wait(monitors: Sequence[SeriesMonitor], blocks: Waiting) -> None:
    """Their values wait there."""
    for place, monitor in enumerate(monitors):
        monitor.blocks, monitor.place = blocks, place


def _full(monitors: Sequence[SeriesMonitor], closed: Closed) -> Full:
    """Put blocks of series in step into their windows and before their detectors."""
    numbers, lenses, level = closed.numbers, monitors[0].blocks.lenses, None
    if lenses.form.kind is Kind.BOOLEAN and len(numbers) == 1 and (numbers == numbers[0, 0, 0]).all():
        level = float(numbers[0, 0, 0])
        sums = lenses.sums(numbers[:, :1]).repeated(numbers.shape[1])
    else:
        sums = lenses.sums(numbers)
    summary = Summary(sums, closed.rows[:, [0, -1]], closed.times[:, [0, -1]], closed.unusable)
    fired = {}
    for place, monitor in enumerate(monitors):
        monitor.window.extend(summary, place)
        values = level if level is not None else numbers[place if len(numbers) > 1 else 0]
        said = monitor.detect(Seen(_lens(monitor), values, sums.views[place]))
        if said:
            fired[place] = said
    return Full(monitors, closed, level, summary, fired)


# ---------------------------------------------------------------------------------------------------- cells


def cells_of(
    series: Mapping[SeriesKey, SeriesMonitor],
    batch: ColumnBatch,
    rows: NDArray[np.int64],
    begins: Mapping[SeriesKey, int],
) -> Iterable[Cells]:
    """What the rows (n,) of `batch` hold of series that they carry as columns. begins: the first cell of those that are new."""
    located: dict[tuple[bytes, int], tuple[Pattern, NDArray[np.intp] | None] | None] = {}
    groups: dict[tuple[int, int], Cells] = {}
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
        if found is None:
            continue
        pattern, at = found
        group = groups.setdefault((id(monitor.blocks), id(pattern)), Cells([], [], pattern))
        group.monitors.append(monitor)
        group.columns.append(column if at is None else column.take(at))
    return groups.values()


def indicators_of(
    series: Mapping[SeriesKey, SeriesMonitor], usable: Iterable[tuple[Sequence[SeriesMonitor], Usable]]
) -> Iterable[Cells]:
    """The missing indicators of features whose cells were usable or not."""
    made: dict[tuple[bytes, int], tuple[Column, Pattern]] = {}
    groups: dict[tuple[int, int], Cells] = {}
    for monitors, of in usable:
        same = of.same
        if same not in made:
            made[same] = indicator_of(of)
        column, pattern = made[same]
        for key in [_indicator_key(monitor.key) for monitor in monitors]:
            monitor = None if key is None else series.get(key)
            if monitor is not None:
                group = groups.setdefault((id(monitor.blocks), id(pattern)), Cells([], [], pattern))
                group.monitors.append(monitor)
                group.columns.append(column)
    return groups.values()


@lru_cache(1 << 16)
def _indicator_key(key: SeriesKey) -> SeriesKey | None:
    """Of the missing indicator of a feature."""
    if not key.name.startswith(FEATURE) or key.segment is not None:
        return None
    return SeriesKey(MISSING + key.name.removeprefix(FEATURE), None)


def cells_of_slices(
    series: Mapping[SeriesKey, SeriesMonitor], slices: Iterable[SeriesSlice]
) -> Iterator[Cells]:
    """Those of series that are watched."""
    for key, column, rows, times in slices:
        if key in series:
            yield Cells([series[key]], [column], Pattern(column.codes, rows, times))


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
    codes = np.where(mine, column.codes, _NONE)
    return Column(values=column.values, codes=codes, texts=column.texts)


def _located(
    codes: NDArray[np.uint8], batch: ColumnBatch, rows: NDArray[np.int64], begin: int
) -> tuple[Pattern, NDArray[np.intp] | None] | None:
    """The pattern of the cells from `begin` on that are not NONE, and where they are, if not everywhere. None: nowhere."""
    at = (codes[begin:] != _NONE).nonzero()[0] + begin
    if len(at) == 0:
        return None
    if len(at) == len(rows):
        return Pattern(codes, rows, batch.times), None
    return Pattern(codes[at], rows[at], batch.times[at]), at


def _lens(monitor: SeriesMonitor) -> Lens:
    assert monitor.lens is not None
    return monitor.lens
