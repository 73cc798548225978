"""The arrays of all series, and a pass of new blocks through them: standardised, seen through the views, counted, tested.

A pass takes blocks of many series at once, and of none more than up to the next number of blocks at which something is chosen:
so within a pass everything but the counts stands still.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.sequential import rows as stores
from stream_monitor.core.sequential.bank import Bank, Counted
from stream_monitor.core.sequential.binning import Sorter
from stream_monitor.core.sequential.calendar import Calendar, Hours
from stream_monitor.core.sequential.choices import (
    INDIRECT_WARM_UP,
    INDIRECT_WEIGHT,
    LARGEST,
    LEARN,
    LOOKS,
)
from stream_monitor.core.sequential.series import SPREAD, Series, spreads
from stream_monitor.core.sequential.sums import Layout
from stream_monitor.core.sequential.views import View, Views


class Pass(NamedTuple):
    """Blocks of `series`, one series after the other. numbers: (N, BLOCK). hours: of them. weights: (N,). ordinals: (n,) of their
    first values.
    """

    series: Sequence[Series]
    layout: Layout
    numbers: FloatArray
    hours: Hours
    weights: FloatArray
    ordinals: NDArray[np.int64]


class Tested(NamedTuple):
    """What became of a pass. numbers: (N, BLOCK) through the view of their series. usable: (N,) whether that has all it needs.
    evidence: (N,) at each block; 1 is an alarm. before: the rows of the stores as they were.
    """

    numbers: FloatArray
    usable: NDArray[np.bool_]
    evidence: FloatArray
    before: Sequence[tuple[Any, NDArray[np.intp], Mapping[str, NDArray[Any]]]]


class Engine:
    """The state of all series, a row each."""

    def __init__(self) -> None:
        self.views = Views()
        self.calendar = Calendar()
        self.banks: dict[tuple[bool, int], Bank] = {}

    def claim(self) -> int:
        """A row for a new series."""
        row, twin = stores.claim(self.views), stores.claim(self.calendar)
        assert row == twin  # they are claimed and given back together
        return row

    def release(self, series: Series) -> None:
        """A series ends."""
        self.views.free.append(series.row)
        self.calendar.free.append(series.row)
        self.leave(series)

    def view(self, series: Series) -> View:
        """What a series is watched through."""
        return View(int(self.views.view[series.row]))

    def bank(self, series: Series) -> Bank:
        """The bank in which the bins of a series are counted."""
        assert series.bank is not None
        return self.banks[series.bank]

    def enter(self, series: Series) -> None:
        """A series has slots: it gets a row in a bank, that begins from their places."""
        slots = series.testing()
        bins = len(slots.places)
        series.bank = (not series.levels or series.own is not None, bins)
        bank = self.banks.setdefault(series.bank, Bank(bins=bins, numeric=series.bank[0]))
        series.bank_row = stores.claim(bank)
        bank.begin(series.bank_row, slots.places, LEARN)

    def leave(self, series: Series) -> None:
        """A series has no slots any more."""
        if series.bank is not None:
            self.bank(series).free.append(series.bank_row)
            series.bank = None

    def restart(self, series: Series) -> None:
        """A series begins anew."""
        stores.begin(self.views, series.row)
        stores.begin(self.calendar, series.row)
        self.leave(series)

    def look(self, due: Sequence[Series]) -> None:
        """These series choose anew what they are watched through."""
        rows = np.array([series.row for series in due])
        self.calendar.renew(rows)
        ages = np.array([series.blocks for series in due])
        fixed = np.array([series.constant for series in due])
        changed = self.views.look(rows, ages, fixed)
        for series, anew in zip(due, changed, strict=True):
            series.look = LOOKS.after(series.blocks)
            if anew:
                series.own = None
                series.forget()
                self.leave(series)
                if self.view(series) is View.VALUE:
                    self.enter(series)

    def run(self, new: Pass) -> Tested:
        """Take the blocks in."""
        rows = np.array([series.row for series in new.series])
        before: list[tuple[Any, NDArray[np.intp], Mapping[str, NDArray[Any]]]] = [
            (store, rows, stores.saved(store, rows)) for store in (self.views, self.calendar)
        ]
        numbers, usable, bins = self.see(new)
        evidence = np.zeros(len(numbers))
        weights = self._weights(new, usable)
        groups: dict[tuple[bool, int], list[int]] = {}
        for at, series in enumerate(new.series):
            if series.bank is not None:
                groups.setdefault(series.bank, []).append(at)
        for key, group in groups.items():
            member = np.zeros(len(new.series), np.bool_)
            member[group] = True
            mine = slice(None) if member.all() else new.layout.each(member)
            layout = Layout.of(new.layout.size[group])
            chosen = [new.series[at] for at in group]
            at_bank = np.array([series.bank_row for series in chosen])
            sorter = Sorter(
                [series.testing() for series in chosen],
                [series.seed for series in chosen],
                new.ordinals[group].tolist(),
                {place: bins[at] for place, at in enumerate(group) if at in bins},
            )
            counts = sorter.counts(layout, numbers[mine], usable[mine])
            open_ = self.views.open[rows[group]]
            before.append((self.banks[key], at_bank, stores.saved(self.banks[key], at_bank)))
            counted = Counted(at_bank, counts, layout.by_time(weights[mine]), layout.size, open_)
            evidence[mine] = layout.flat(self.banks[key].advance(counted))
        return Tested(numbers, usable, evidence, before)

    def take_back(self, series: Series, tested: Tested) -> None:
        """One series has not seen its blocks of a pass."""
        for store, rows, copy in tested.before:
            if isinstance(store, Bank):
                if series.bank is not None and store is self.bank(series):
                    stores.restore(store, series.bank_row, copy, int(np.argmax(rows == series.bank_row)))
            else:
                stores.restore(store, series.row, copy, int(np.argmax(rows == series.row)))

    def see(self, new: Pass) -> tuple[FloatArray, NDArray[np.bool_], dict[int, NDArray[np.intp]]]:
        """What the blocks are through the views of their series: values (N, BLOCK), which are usable (N,), and the bins that are
        already known, by place of the series.
        """
        layout = new.layout
        rows = np.array([series.row for series in new.series])
        unit = np.array([series.unit for series in new.series])
        center = np.array([series.center for series in new.series])
        with np.errstate(
            over="ignore", invalid="ignore"
        ):  # of the widest numbers, and of those whose unit is 0
            values = new.numbers - layout.each(center)[:, None]
            values *= layout.each(unit)[:, None]
            np.clip(values, -LARGEST, LARGEST, out=values)
        bins = {}
        own = self.views.view[rows] != View.VALUE
        indirect = own.tolist()
        for at in np.flatnonzero(unit == 0.0).tolist():
            mine = slice(first := int(layout.first[at]), first + int(layout.size[at]))
            found, scores = _scored(new.series[at], new.numbers[mine], int(new.ordinals[at]))
            values[mine] = scores
            if not indirect[at]:
                bins[at] = found
        seen = self.views.push(rows, layout, values, self.calendar, new.hours)
        if not own.any():
            return new.numbers, seen.usable, bins
        return np.where(layout.each(own)[:, None], seen.values, new.numbers), seen.usable, bins

    def _weights(self, new: Pass, usable: NDArray[np.bool_]) -> FloatArray:
        """Of every block (N,): 0 while its series warms up, and where its view cannot be used."""
        indirect = self.views.view[[series.row for series in new.series]] != View.VALUE
        warm_up = np.array([series.warm_up for series in new.series])
        warm_up = np.where(indirect, np.maximum(warm_up, INDIRECT_WARM_UP), warm_up)
        missing = warm_up - np.array([series.blocks for series in new.series]) + new.layout.first
        late = np.arange(len(usable)) >= new.layout.each(missing)
        share = np.where(indirect, INDIRECT_WEIGHT, 1.0)
        return np.where(late & usable, new.weights * new.layout.each(share), 0.0)


def _scored(series: Series, numbers: FloatArray, start: int) -> tuple[NDArray[np.intp], FloatArray]:
    """Bins and normal scores (k, BLOCK) of values (k, BLOCK) that tie; 0 and 1 of a series that was constant."""
    assert series.slots is not None
    bins = series.slots.bin(numbers.ravel(), series.seed, np.arange(start, start + numbers.size))
    if series.constant:
        return bins, (numbers != series.slots.edges[0]).astype(np.float64)
    at = bins * SPREAD + spreads(series.seed, start, numbers.size)
    return bins, series.scores.take(at).reshape(numbers.shape)
